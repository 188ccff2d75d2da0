"""The books kept a second time: balances, licences, grades, orders and the like, folded from opened facts.

A difference names the row and the fact that says otherwise. Asks nobody anything.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from exchange.client.auditing.findings import Finding, brief
from exchange.client.auditing.openings import Opened
from exchange.client.auditing.states import BOOKS, STATES, UNLESS, charged, said, spent_nrho

COUNTED = ("balance", "licence_use", "budget_spent")
"""Books whose one column is a sum: of postings, of tickets, and of what receipts say was spent."""

VIEWS = (*BOOKS, *COUNTED)
_REPORTED = ("result.delivered", "order.failed")
_MONEY = ("escrow.", "hold.", "settlement", "payout", "proceeds.")


@dataclass(slots=True)
class Row:
    """What the facts say of one thing, and for each column which fact said it last."""

    values: dict[str, Any]
    said_by: dict[str, tuple[int, str]] = field(default_factory=dict)
    is_known: bool = True

    def say(self, fact: Opened, **values: Any) -> None:
        for name, value in values.items():
            self.values[name] = value
            self.said_by[name] = (fact.index, fact.entry.id)


class Books:
    """Every fact once, in the order of the log; then compared."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Row]] = {view: {} for view in VIEWS}
        self.findings: list[Finding] = []
        self._unsummed: set[str] = set()
        self._charged: dict[str, tuple[list[str], int]] = {}
        """Of an order that may cost privacy budget: the accounts, and how much at most; of one under way, reserved."""
        self._under_way: set[str] = set()

    @property
    def unfolded(self) -> tuple[str, ...]:
        """What cannot be compared, because a fact of it is not opened or not known here."""
        rows = (f"{view} {name}" for view in BOOKS for name, row in self.rows[view].items() if not row.is_known)
        return tuple(sorted((*rows, *self._unsummed)))

    def fold(self, fact: Opened) -> None:
        kind, subject = fact.entry.type, fact.entry.subject
        is_open = not fact.findings
        if kind in STATES:
            self._state(fact, is_open)
        else:
            for view in BOOKS:
                if subject in self.rows[view]:
                    self.rows[view][subject].is_known = False
        if not is_open and kind.startswith(_MONEY):
            self._unsummed.add("balance")
        if not is_open and kind == "ticket.issued":
            self._unsummed.add("licence_use")
        if kind == "ticket.issued" and is_open:
            self._add("licence_use", str(fact.content["licence_id"]), fact, jobs=1)
        if kind.startswith(("order.", "ticket.", "result.")):
            self._spend(fact, is_open)
        self._post(fact)

    def differences(self, view: str, shown: Iterable[Mapping[str, Any]]) -> Iterator[Finding]:
        """Each row of a book as it is shown that is not what the facts say."""
        if view in self._unsummed:
            return
        missing = dict(self.rows[view])
        for live in shown:
            name = str(live["id"])
            row = missing.pop(name, None)
            if row is None:
                yield Finding(kind="row", row=f"{view} {name}", entry="", index=-1, says="no fact made this row")
            elif row.is_known:
                yield from _different(f"{view} {name}", row, live)
        for name, row in missing.items():
            index, entry = max(row.said_by.values())
            yield Finding(kind="row", row=f"{view} {name}", entry=entry, index=index, says="the row is missing")

    def _state(self, fact: Opened, is_open: bool) -> None:
        view, state = STATES[fact.entry.type]
        row = self.rows[view].setdefault(fact.entry.subject, Row({**BOOKS[view], "state": "NEW"}))
        state = UNLESS.get((fact.entry.type, row.values["state"]), state)
        shown = {name: fact.content[name] for name in BOOKS[view] if name in fact.content}
        try:
            row.say(fact, state=state, **{**shown, **said(fact.entry.type, fact.entry.at, fact.content)})
        except (KeyError, IndexError, TypeError):
            is_open = False
        row.is_known = row.is_known and is_open

    def _spend(self, fact: Opened, is_open: bool) -> None:
        """Of each account, for all buyers and for this one: reserved with the ticket, spent by the receipt."""
        kind, order_id = fact.entry.type, fact.entry.subject
        try:
            if kind == "order.placed":
                self._charged[order_id] = charged(fact.content)
            spent = spent_nrho(fact.content) if kind in _REPORTED else 0
        except (LookupError, TypeError, ValueError):
            is_open, spent = False, 0
        if not is_open:
            self._unsummed.add("budget_spent")
            return
        accounts, rho = self._charged.get(order_id, ([], 0))
        reserved = rho if kind == "ticket.issued" else -rho if order_id in self._under_way else 0
        self._under_way = self._under_way - {order_id} | ({order_id} if kind == "ticket.issued" else set())
        for account in accounts if reserved or spent else ():
            self._add("budget_spent", account, fact, spent_nrho=spent, reserved_nrho=reserved)

    def _post(self, fact: Opened) -> None:
        lines = fact.content.get("lines", ())
        try:
            amounts = [(str(line["account"]), int(line["amount_fen"])) for line in lines]
        except (KeyError, TypeError, ValueError):
            amounts = [("", 1)]
        if sum(amount for _, amount in amounts) != 0:
            says = "the lines of its posting do not sum to zero"
            finding = Finding(kind="posting", row=fact.entry.subject, entry=fact.entry.id, index=fact.index, says=says)
            self.findings.append(finding)
            return
        for account, amount in amounts:
            self._add("balance", account, fact, amount_fen=amount)

    def _add(self, view: str, name: str, fact: Opened, **amount: int) -> None:
        row = self.rows[view].setdefault(name, Row(dict.fromkeys(amount, 0)))
        row.say(fact, **{column: row.values[column] + more for column, more in amount.items()})


def _different(name: str, row: Row, live: Mapping[str, Any]) -> Iterator[Finding]:
    for column, value in row.values.items():
        if live.get(column) != value:
            index, entry = row.said_by.get(column) or max(row.said_by.values())
            yield Finding(
                kind="row",
                row=name,
                entry=entry,
                index=index,
                says=f"{column} is not what the facts say",
                shown=brief(live.get(column)),
                folded=brief(value),
            )
