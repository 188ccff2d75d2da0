"""What each kind of wallet can take, by the table: in one payment, in a day, in all. Moves nothing."""

from typing import NamedTuple

from policies.engine import PolicySet, decide


class Caps(NamedTuple):
    payment_max_fen: int
    day_max_fen: int
    balance_max_fen: int


def caps(policies: PolicySet, wallet: str) -> Caps | None:
    """The limits of a wallet; None where it has none of ours."""
    said = decide(policies, "wallets", {"payee_wallet": wallet}).outcome
    if said["wallet_limited"] is not True:
        return None
    payment, day, balance = (said[name] for name in Caps._fields)
    if not (isinstance(payment, int) and isinstance(day, int) and isinstance(balance, int)):
        raise ValueError("limits are whole fen")
    return Caps(payment, day, balance)
