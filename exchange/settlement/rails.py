"""Payment rails: how money comes in and goes out. A rail promises that one idempotency key moves money at most once.

A rail that does not answer has said UNKNOWN, never no: whoever sends asks the rail first. Rails are strangers to our
transactions: nobody calls one while a unit is open.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

RailName = Literal["bank", "ecny"]


class RailStatus(StrEnum):
    """What a rail says of a key. NACK may be tried again, REJECTED may not; PENDING is told and not yet answered."""

    PAID = "PAID"
    PENDING = "PENDING"
    NOT_FOUND = "NOT_FOUND"
    NACK = "NACK"
    REJECTED = "REJECTED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class RailAnswer:
    status: RailStatus
    amount_fen: int = 0
    rail_reference: str = ""


class Wallet(StrEnum):
    """Kinds of account, in the words of the wallets table."""

    ECNY_4 = "ECNY_4"
    ECNY_3 = "ECNY_3"
    ECNY_2 = "ECNY_2"
    ECNY_1 = "ECNY_1"
    CORPORATE = "CORPORATE"
    BANK = "BANK"


@dataclass(frozen=True, slots=True)
class Account:
    """Whose money goes where: `reference` is the account's or wallet's own number, `name` whose it is."""

    payee_id: str
    wallet: Wallet
    reference: str
    name: str


@dataclass(frozen=True, slots=True)
class Holding:
    """What a wallet holds and what came into it today, as its operator tells it."""

    balance_fen: int
    today_fen: int


@dataclass(frozen=True, slots=True)
class Movement:
    """One key as the rail keeps it, for comparing with the books. `paid_fen` is above zero for money that left.

    `odd` says what the rail itself could not match.
    """

    key: str
    status: RailStatus
    paid_fen: int
    odd: str = ""


def rail_of(wallet: Wallet) -> RailName:
    """Only a bank account is paid by the bank; every e-CNY wallet, corporate ones too, by its operator."""
    return "bank" if wallet is Wallet.BANK else "ecny"


class Rail(Protocol):
    """What every rail can do (rulebook 4.7)."""

    def reserve(self, *, key: str, payer: Account, amount_fen: int) -> RailAnswer:
        """Confirm that the payer's money has come in under `payer.reference`."""

    def release(self, *, key: str, to: Account, amount_fen: int) -> RailAnswer:
        """Pay out."""

    def refund(self, *, key: str, to: Account, amount_fen: int) -> RailAnswer:
        """Give a payer back what it paid in and did not spend."""

    def query(self, key: str) -> RailAnswer:
        """What became of a key."""

    def holding(self, to: Account) -> Holding:
        """What an account holds, where its operator tells."""

    def movements(self) -> Iterator[Movement]:
        """Every key that was ever paid or is under way, and whatever came that belongs to no key."""

    def carry(self) -> None:
        """Do what the rail does between two rounds: write its files, read those that came."""


@dataclass(frozen=True, slots=True)
class Rails:
    """The two rails of the market."""

    bank: Rail
    ecny: Rail

    def of(self, wallet: Wallet) -> Rail:
        return self.named(rail_of(wallet))

    def named(self, name: RailName) -> Rail:
        return self.bank if name == "bank" else self.ecny
