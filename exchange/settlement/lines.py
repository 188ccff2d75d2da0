"""Double entry: a posting is a list of lines that sum to zero. Names the accounts; never holds a balance.

A `rail:` is the world outside and may be negative: what it lacks is what it has paid in. `receivable:` is what a
payee owes after a refund of what it was paid already, and is never above zero. No other account may be negative.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

BANK = "rail:bank"
"""Also the one row in which those queue who move many accounts at once."""
POOL_PREFIX = "pool_"
SUSPENSE = POOL_PREFIX + "suspense"
"""What individuals would have got of an answer in which none of them has a share."""


class Line(BaseModel):
    """One account and what is added to it (or, below zero, taken from it)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    account: Annotated[str, Field(pattern=r"^(rail|escrow|held|accrued|payable|receivable):[A-Za-z0-9_-]{1,100}$")]
    amount_fen: Annotated[int, Field(ge=-(10**15), le=10**15)]


def _balanced(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    if sum(line.amount_fen for line in lines) != 0:
        raise ValueError("the lines of a posting sum to zero")
    if len({line.account for line in lines}) != len(lines) or any(line.amount_fen == 0 for line in lines):
        raise ValueError("a posting names an account once, and never for nothing")
    return lines


Posting = Annotated[tuple[Line, ...], AfterValidator(_balanced)]


def moved(source: str, parts: Mapping[str, int]) -> tuple[Line, ...]:
    """From one account to others. Sorted, so that two transactions lock the accounts they share in one order."""
    given = {account: amount for account, amount in parts.items() if amount}
    taken = -sum(given.values())
    return _lines(given if taken == 0 else {**given, source: taken})


def _lines(amounts: Mapping[str, int]) -> tuple[Line, ...]:
    return tuple(Line(account=account, amount_fen=amounts[account]) for account in sorted(amounts))


def may_be_negative(account: str) -> bool:
    return account.startswith(("rail:", "receivable:"))


def rail(name: str) -> str:
    return f"rail:{name}"


def escrow(participant_id: str) -> str:
    return f"escrow:{participant_id}"


def held(order_id: str) -> str:
    return f"held:{order_id}"


def accrued(order_id: str) -> str:
    return f"accrued:{order_id}"


def payable(payee_id: str) -> str:
    return f"payable:{payee_id}"


def receivable(payee_id: str) -> str:
    return f"receivable:{payee_id}"


def pool_of(asset_id: str) -> str:
    """The payee that stands for the individuals whose data an asset holds. It collects; no rail pays it out."""
    return POOL_PREFIX + asset_id


def on_rails(payees: Iterable[str]) -> list[str]:
    """Those whom a bank pays."""
    return [payee for payee in payees if not is_pool(payee)]


def is_pool(payee_id: str) -> bool:
    return payee_id.startswith(POOL_PREFIX)
