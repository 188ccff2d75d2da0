"""The auditor's door: evidence, openings and books, to be verified without us."""

from base64 import b64encode
from typing import Annotated, Any

from fastapi import Path, Query, Request, Response
from pydantic import BaseModel

from exchange.audit import service, views
from exchange.audit.alerts import Alert
from exchange.kernel.evidence import Evidence
from exchange.kernel.http import OpenUnit, router
from exchange.kernel.pages import Limit

audit = router("/v1/audit", "audit")

After = Annotated[int, Query(ge=-1, le=2**53 - 1)]
Time = Annotated[int, Query(ge=0, le=2**53 - 1)]
Word = Annotated[str, Query(max_length=200, pattern=r"^[A-Za-z0-9_.:-]*$")]


class Bundle(BaseModel):
    order_id: str
    facts: dict[str, list[Evidence]]


class OpenedSection(BaseModel):
    content: str
    salt: str


class OpenedFact(BaseModel):
    """The leaf at a place of the log and all it commits to (base64); what was erased is missing."""

    index: int
    entry: str
    sections: dict[str, OpenedSection]


@audit.get("/orders/{order_id}")
def order_evidence(order_id: str, unit: OpenUnit) -> Bundle:
    """Everything that happened to one order, opened and proven."""
    facts = service.evidence(unit, order_id)
    return Bundle(order_id=order_id, facts={name: [Evidence.of(one) for one in story] for name, story in facts.items()})


@audit.get("/openings")
def openings(unit: OpenUnit, after: After = -1, limit: Limit = 200) -> list[OpenedFact]:
    """The next facts a signed checkpoint covers, opened, in the order of the log."""
    unit.caller.require(*service.LOOKERS)
    return [
        OpenedFact(
            index=-1 if one.idx is None else one.idx,
            entry=_based(one.entry.encode()),
            sections={
                what: OpenedSection(content=_based(section.content), salt=_based(section.salt))
                for what, section in one.sections.items()
            },
        )
        for one in unit.openings(after, limit)
    ]


@audit.get("/position")
def position(unit: OpenUnit) -> views.Position:
    """How many facts are committed. Books read between two equal answers show one moment."""
    unit.caller.require(*service.LOOKERS)
    return views.position(unit.connection)


@audit.get("/books/{view}")
def book(view: str, unit: OpenUnit, after: Word = "", limit: Limit = 200) -> list[dict[str, Any]]:
    """The rows of a book as the exchange itself uses it (balance, licence, grading, …), by id."""
    unit.caller.require(*service.LOOKERS)
    return [_plain(row) for row in views.rows(unit.connection, view, after, limit)]


@audit.get("/facts")
def facts(
    unit: OpenUnit,
    subject: Word = "",
    party: Word = "",
    type: Word = "",
    code: Word = "",
    since: Time = 0,
    until: Time = 2**53 - 1,
    after: After = -1,
    limit: Limit = 200,
) -> list[views.FactBrief]:
    """Facts by subject, party, type, time (microseconds) and the primary reason an order was refused for."""
    unit.caller.require(*service.LOOKERS)
    return views.search(unit.connection, views.Sought(subject, party, type, code, since, until, after, limit))


@audit.get("/alerts")
def alerts(request: Request, unit: OpenUnit) -> list[Alert]:
    """Repeated uses outside a purpose, budgets near their cap, what waits too long for a word, witnesses behind."""
    return service.alerts(unit, request.app.state.log_policy)


@audit.get("/policies/{digest}")
def rules(digest: Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")], request: Request, unit: OpenUnit) -> Response:
    """A set of rules that was in force, by its digest: its SHA-256 is its name. For every participant."""
    folder = request.app.state.house.settings.home / "policies"
    return Response(service.archived_rules(folder, digest), media_type="application/json")


def _based(data: bytes) -> str:
    return b64encode(data).decode()


def _plain(row: Any) -> dict[str, Any]:
    """A day is written as people write it."""
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}
