"""Payouts over HTTP: where one is paid, what became of it, and how two people put right what a rail would not pay.

`/v1/simulator` is there only where a rail is one, and says so: it lets a rehearsal fill wallets and lose payments.
"""

from typing import Annotated, Any

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Select, select
from sqlmodel import SQLModel

from exchange.kernel.caller import Role
from exchange.kernel.errors import NotFound
from exchange.kernel.http import OpenUnit, router
from exchange.kernel.pages import Cursor, Limit, of_row, page
from exchange.kernel.unit import Unit
from exchange.settlement import accounts, paying, payout_views
from exchange.settlement.accounts import PayeeAccount
from exchange.settlement.rail_routes import OpenRails
from exchange.settlement.rails import RailName, Rails, Wallet
from exchange.settlement.simulated import Fault, Simulator
from exchange.wire.acts import Digest, Fen

payouts = router("/v1/settlement", "settlement")
simulator = router("/v1/simulator", "simulator")
OVERSEERS = (Role.SETTLEMENT, Role.AUDITOR, Role.REGULATOR)
Reference = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{4,64}$")]


class Ask(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AccountAsk(Ask):
    """`reference` is the account's number, or a wallet's alias."""

    wallet: Wallet
    reference: Reference


class DigestAsk(Ask):
    """`account_digest` names the account as this person has verified it."""

    account_digest: Digest


class WalletAsk(Ask):
    reference: Reference
    balance_fen: Annotated[int, Field(ge=0, le=10**13, strict=True)]


class FaultsAsk(Ask):
    """What the next payouts of a simulated rail meet, one fault each."""

    rail: RailName
    faults: Annotated[tuple[Fault, ...], Field(max_length=100)]


class AccountView(BaseModel):
    """Where a payee is paid; one that is BOUND is not used before it is VERIFIED."""

    payee_id: str
    state: str
    wallet: Wallet
    reference: str
    account_digest: str

    @classmethod
    def of(cls, account: PayeeAccount) -> "AccountView":
        return cls.model_validate(account, from_attributes=True)


class PayoutView(BaseModel):
    id: str
    state: str
    payee_id: str
    order_id: str
    batch_id: str
    amount_fen: Fen
    paid_fen: Fen
    attempt: int
    code: str


@payouts.post("/accounts", status_code=201)
def bind_account(ask: AccountAsk, unit: OpenUnit) -> AccountView:
    """Say where you are paid from now on; staff verify it first."""
    unit.caller.require(*(role for role in Role if role is not Role.NODE))
    return AccountView.of(accounts.bind(unit, unit.caller.participant_id, ask.wallet, ask.reference))


@payouts.get("/accounts")
def list_accounts(unit: OpenUnit, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """Your own account; all of them, for those who settle or oversee."""
    return page(
        unit.connection,
        _seen_by(unit, "payee_account"),
        payout_views.AccountRow,
        path="/v1/settlement/accounts",
        limit=limit,
        cursor=cursor,
        view=of_row(AccountView),
    )


@payouts.post("/accounts/{payee_id}:verify")
def verify_account(payee_id: str, ask: DigestAsk, unit: OpenUnit) -> AccountView:
    """Say that the account is in the payee's name (settlement staff)."""
    return AccountView.of(accounts.verify(unit, payee_id, ask.account_digest))


@payouts.get("/payouts")
def list_payouts(unit: OpenUnit, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """Your own payouts; all of them, for those who settle or oversee."""
    return page(
        unit.connection,
        _seen_by(unit, "payout"),
        payout_views.PayoutRow,
        path="/v1/settlement/payouts",
        limit=limit,
        cursor=cursor,
        view=of_row(PayoutView),
    )


@payouts.post("/payouts/{payout_id}:fix")
def fix_payout(payout_id: str, ask: DigestAsk, unit: OpenUnit) -> PayoutView:
    """Verify the payee's account; the second person to do so sends the payout again."""
    payout = paying.fix_payout(unit, payout_id, ask.account_digest)
    return PayoutView.model_validate(payout, from_attributes=True)


def _seen_by(unit: Unit, name: str) -> Select[Any]:
    """The caller's own rows of a table; all of them, for those who settle or oversee."""
    table = SQLModel.metadata.tables[name]
    everything = bool(unit.caller.roles.intersection(OVERSEERS))
    return select(table) if everything else select(table).where(table.c.payee_id == unit.caller.participant_id)


@simulator.post("/wallets")
def fill_wallet(ask: WalletAsk, unit: OpenUnit, rails: OpenRails) -> dict[str, str | int]:
    """Say what a wallet of the e-CNY SIMULATOR holds from elsewhere."""
    unit.caller.require(Role.ADMIN)
    _simulated(rails, "ecny").fill(ask.reference, ask.balance_fen)
    return {"simulator": "ecny", "balance_fen": ask.balance_fen}


@simulator.post("/faults")
def rehearse_faults(ask: FaultsAsk, unit: OpenUnit, rails: OpenRails) -> dict[str, str | int]:
    """Make the next payouts of a SIMULATED rail be lost, refused or mistaken."""
    unit.caller.require(Role.ADMIN)
    _simulated(rails, ask.rail).rehearse(ask.faults)
    return {"simulator": ask.rail, "faults": len(ask.faults)}


def _simulated(rails: Rails, name: RailName) -> Simulator:
    rail = rails.named(name)
    if not isinstance(rail, Simulator):
        raise NotFound("this rail is no simulator")
    return rail
