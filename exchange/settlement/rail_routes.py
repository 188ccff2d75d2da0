"""The rails over HTTP, for those who settle and oversee: the bank's files, and the books compared with each rail.

A file brought by hand is taken as if the bank had laid it in the folder; nothing here moves money.
"""

from typing import Annotated, Any

from fastapi import Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from exchange.kernel.caller import Role
from exchange.kernel.errors import Guarded, NotFound
from exchange.kernel.http import LookUnit, OpenUnit, router
from exchange.settlement import lines, views
from exchange.settlement.bank_files import BankFiles
from exchange.settlement.payout_views import booked
from exchange.settlement.rails import RailName, Rails
from exchange.settlement.reconcile import compare
from exchange.settlement.simulated import Simulator

rail_desk = router("/v1/settlement", "settlement")
_OVERSEERS = (Role.SETTLEMENT, Role.AUDITOR, Role.REGULATOR)


def _rails(request: Request) -> Rails:
    rails: Rails = request.app.state.rails
    return rails


OpenRails = Annotated[Rails, Depends(_rails)]


class BankFileAsk(BaseModel):
    """A pain.002 or camt.054 as text."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,80}\.xml$")]
    content: Annotated[str, Field(min_length=1, max_length=900_000)]


class BankFileView(BaseModel):
    """`code` says why a file was refused; it is empty for one that was read."""

    name: str
    sha256: str
    kind: str
    message_id: str
    code: str


class DifferenceView(BaseModel):
    key: str
    what: str
    books_fen: int
    rail_fen: int


class Reconciliation(BaseModel):
    """One rail beside the books. `balance_fen` is what has left the exchange by this rail less what came in.

    `simulated`: the rail is a simulator, and no money moved.
    """

    rail: str
    simulated: bool
    balance_fen: int
    rail_balance_fen: int
    agreed: int
    agreed_fen: int
    under_way: int
    differences: tuple[DifferenceView, ...]


@rail_desk.get("/reconciliation")
def reconcile(unit: OpenUnit, rails: OpenRails, rail: RailName = "bank") -> Reconciliation:
    """Every key that the books or the rail know, compared; each difference is named."""
    unit.caller.require(*_OVERSEERS)
    movements = list(rails.named(rail).movements())
    report = compare(booked(unit.connection, rail), movements)
    return Reconciliation(
        rail=rail,
        simulated=isinstance(rails.named(rail), Simulator),
        balance_fen=views.balance_fen(unit.connection, lines.rail(rail)),
        rail_balance_fen=sum(one.paid_fen for one in movements if one.status == "PAID" and not one.odd),
        differences=tuple(DifferenceView(**one._asdict()) for one in report.differences),
        **{name: value for name, value in report._asdict().items() if name != "differences"},
    )


@rail_desk.get("/bank-files")
def list_files(unit: OpenUnit, rails: OpenRails) -> list[BankFileView]:
    """Every file the bank has sent, and what became of it."""
    unit.caller.require(*_OVERSEERS)
    return [
        BankFileView(**dict(zip(BankFileView.model_fields, row, strict=True))) for row in _bank(rails).books.files()
    ]


@rail_desk.post("/bank-files")
def take_file(ask: BankFileAsk, unit: LookUnit, rails: OpenRails) -> BankFileView:
    """Hand in a file of the bank. Refused, it is kept all the same."""
    unit.caller.require(Role.SETTLEMENT)
    taken = _bank(rails).put(ask.name, ask.content.encode())
    if taken.code:
        raise Guarded("the file is not as its schema says, or came before; it is kept", code=taken.code)
    return BankFileView.model_validate(taken, from_attributes=True)


@rail_desk.get("/bank-files/{message_id}")
def get_order(message_id: str, unit: OpenUnit, rails: OpenRails) -> Response:
    """A payment order as it was written for the bank."""
    unit.caller.require(*_OVERSEERS)
    content = _bank(rails).order_of(message_id)
    if content is None:
        raise NotFound("no such file")
    return Response(content, media_type="application/xml")


def _bank(rails: Rails) -> BankFiles:
    bank: Any = rails.bank
    if not isinstance(bank, BankFiles):
        raise NotFound("this bank is not spoken to in files")
    return bank
