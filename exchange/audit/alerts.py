"""What somebody should look at now: misused licences, budgets near their cap, what waits too long, witnesses behind.

Looked up when asked and kept nowhere; an alert is a hint to a person and decides nothing. Reads tables of other slices.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from pydantic import BaseModel
from sqlalchemy import Connection, func, select
from sqlmodel import SQLModel

from exchange.ledger import standing
from exchange.wire.log_policy import LogPolicy

SECOND_US, DAY_US = 1_000_000, 86_400 * 1_000_000
PURPOSE_REFUSALS, PURPOSE_WINDOW_US = 3, 30 * DAY_US
"""So many uses outside the purposes of a licence within so long, and somebody should look (rulebook, S02)."""
BUDGET_PERCENT = 80
OVERDUE_US = 5 * DAY_US
WITNESS_LAG_US = standing.ALARM_AFTER_US

WAITING: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("participant", ("SUBMITTED", "UNDER_REVIEW"), "id"),
    ("asset", ("SUBMITTED", "FORMAL_REVIEW", "SUBSTANTIVE_REVIEW", "OBJECTION"), "holder_id"),
    ("grading", ("SELF_GRADED", "REVIEWED", "REPORTED", "REGRADE_REQUIRED"), "asset_id"),
    ("listing", ("ASSESSING",), "provider_id"),
    ("licence", ("REQUESTED",), "provider_id"),
    ("licence", ("OFFERED",), "buyer_id"),
)
"""What waits for somebody's word: the book, the states in which it waits, and whose it is."""

APPROVAL_LEFT_US = 2 * DAY_US
"""An approval is asked for by a day; so long before it somebody should look, because silence is a no."""

Caps = Callable[[str, str], tuple[int, int]]
"""Of an asset's budget, for a buyer (or "" for all): what is spent at most, by the newest licence; 0 for no budget."""


class Alert(BaseModel):
    """`value` of `limit`: refusals, nano-rho, microseconds waited, or entries behind. Times are in microseconds."""

    kind: Literal["PURPOSE", "BUDGET", "OVERDUE", "WITNESS"]
    subject: str
    participant_id: str = ""
    code: str = ""
    value: int
    limit: int
    refusals: int = 0
    first_at: int = 0
    last_at: int = 0


def repeated(connection: Connection, code: str, now: int) -> Iterator[Alert]:
    """Buyers whose orders were refused for this primary reason again and again."""
    orders = SQLModel.metadata.tables["orders"]
    refusals, first, last = func.count(), func.min(orders.c.placed_at), func.max(orders.c.placed_at)
    since = orders.c.placed_at > now - PURPOSE_WINDOW_US
    query = (
        select(orders.c.buyer_id, refusals, first, last)
        .where(orders.c.state == "REFUSED", orders.c.primary_reason == code, since)
        .group_by(orders.c.buyer_id)
        .having(refusals >= PURPOSE_REFUSALS)
        .order_by(orders.c.buyer_id)
    )
    for buyer, count, began, ended in connection.execute(query):
        yield Alert(
            kind="PURPOSE",
            subject=buyer,
            participant_id=buyer,
            code=code,
            value=count,
            limit=PURPOSE_REFUSALS,
            refusals=count,
            first_at=began,
            last_at=ended,
        )


def nearly_spent(connection: Connection, caps: Caps) -> Iterator[Alert]:
    """Privacy budgets of which little is left: of an asset, or of one buyer of it."""
    spent, account = SQLModel.metadata.tables["budget_spent"], SQLModel.metadata.tables["budget_account"]
    query = select(account.c.asset_id, account.c.buyer_id, spent.c.spent_nrho).join(spent, spent.c.id == account.c.id)
    for asset_id, buyer_id, nrho in connection.execute(query.order_by(account.c.id)):
        cap = caps(asset_id, buyer_id)[1 if buyer_id else 0]
        if cap and nrho * 100 >= cap * BUDGET_PERCENT:
            yield Alert(
                kind="BUDGET", subject=asset_id, participant_id=buyer_id, code="E_EPS_BUDGET", value=nrho, limit=cap
            )


def overdue(connection: Connection, now: int) -> Iterator[Alert]:
    """What has waited for somebody's word for longer than five days."""
    event = SQLModel.metadata.tables["event"]
    for name, states, owner in WAITING:
        book, since = SQLModel.metadata.tables[name], func.max(event.c.at)
        query = (
            select(book.c.id, book.c[owner], book.c.state, since)
            .join(event, event.c.subject == book.c.id)
            .where(book.c.state.in_(states))
            .group_by(book.c.id, book.c[owner], book.c.state)
            .having(since < now - OVERDUE_US)
            .order_by(book.c.id)
        )
        for subject, participant_id, state, at in connection.execute(query):
            yield Alert(
                kind="OVERDUE",
                subject=subject,
                participant_id=participant_id,
                code=state,
                value=now - at,
                limit=OVERDUE_US,
                first_at=at,
            )


def unanswered(connection: Connection, now: int) -> Iterator[Alert]:
    """Approvals that nearly lapse: then the job that waits for one is over."""
    book = SQLModel.metadata.tables["approval"]
    late = (book.c.state == "REQUESTED", book.c.due_at.between(1, now + APPROVAL_LEFT_US))
    query = select(book.c.id, book.c.provider_id, book.c.waiting_for, book.c.due_at).where(*late).order_by(book.c.id)
    for subject, provider, waiting_for, due_at in connection.execute(query):
        yield Alert(
            kind="OVERDUE",
            subject=subject,
            participant_id=provider,
            code=waiting_for,
            value=max(0, due_at - now),
            limit=APPROVAL_LEFT_US,
            last_at=due_at,
        )


def behind(connection: Connection, policy: LogPolicy, now: int) -> Iterator[Alert]:
    """Witnesses that have not cosigned what was signed a minute ago, and a log that lacks its quorum for so long."""
    checkpoint, cosigned = (SQLModel.metadata.tables[name] for name in ("checkpoint", "cosignature"))
    for vkey in policy.witnesses.values():
        reached = connection.execute(select(func.max(cosigned.c.size)).where(cosigned.c.vkey == vkey)).scalar() or 0
        yield from _lag(connection, vkey.partition("+")[0], reached, now)
    published = select(func.max(checkpoint.c.size)).where(checkpoint.c.published_at.is_not(None))
    for found in _lag(connection, "log", connection.execute(published).scalar() or 0, now):
        stopped = policy.quorum != ["none"] and standing.is_stopped(connection, now)
        yield found.model_copy(update={"code": standing.CODE if stopped else ""})


def _lag(connection: Connection, subject: str, reached: int, now: int) -> Iterator[Alert]:
    checkpoint = SQLModel.metadata.tables["checkpoint"]
    query = select(func.min(checkpoint.c.signed_at), func.max(checkpoint.c.size)).where(checkpoint.c.size > reached)
    since, size = connection.execute(query).one()
    if since is not None and now - since > WITNESS_LAG_US:
        yield Alert(kind="WITNESS", subject=subject, value=size - reached, limit=0, first_at=since, last_at=now)


def all_of(found: Sequence[Iterator[Alert]]) -> list[Alert]:
    return [alert for some in found for alert in some]
