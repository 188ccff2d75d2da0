"""The operator's superuser cooks the books: a balance, a licence, a grade, a fact's content, a decision.

The log stays as it was signed, so an auditor who folds it again is told which row differs and which fact says so.
"""

from pathlib import Path
from typing import Any

import pytest

from exchange.authorization.model import TicketIssued
from exchange.client.audit import AuditRefused
from exchange.client.auditing.evidence import checked_evidence
from exchange.client.auditing.findings import Finding
from exchange.kernel.caller import Caller
from exchange.kernel.unit import history
from exchange.ledger.store import Store
from exchange.orders.model import Order, OrderPlaced
from exchange.wire.keys import PrivateKey
from exchange.wire.tickets import Ticket
from tests.exchange.audit.auditing import audited, traded
from tests.market import Market


@pytest.fixture
def market(store: Store, tmp_path: Path) -> Market:
    return Market(store, tmp_path / "home")


@pytest.fixture(autouse=True)
def order_id(market: Market) -> str:
    """One order was traded and paid."""
    return traded(market)


def cook(market: Market, sql: str, *values: Any) -> None:
    """With every right on the database."""
    with market.store.writing() as connection:
        marked = sql if connection.dialect.name == "sqlite" else sql.replace("?", "%s")
        assert connection.exec_driver_sql(marked, values).rowcount == 1


def last_of(market: Market, subject: str) -> str:
    with market.store.reading() as connection:
        return history(connection, subject)[-1].id


def only(market: Market) -> Finding:
    report = audited(market)
    assert report.findings_total == 1, report.findings
    return report.findings[0]


def test_a_balance_made_larger_is_named_with_the_posting_that_says_otherwise(market: Market) -> None:
    account = f"escrow:{market.wallets['buyer'].identity.participant_id}"
    cook(market, "UPDATE balance SET amount_fen = amount_fen + 1 WHERE id = ?", account)

    found = only(market)

    assert (found.kind, found.row, found.shown, found.folded) == ("row", f"balance {account}", "89151", "89150")
    assert market.buyer.log.entry(found.entry)["entry"]["type"] == "hold.placed"


def test_an_account_nobody_paid_into_is_named(market: Market) -> None:
    cook(market, "INSERT INTO balance (id, amount_fen) VALUES ('escrow:part_thief', 100)")

    found = only(market)

    assert (found.row, found.entry, found.says) == ("balance escrow:part_thief", "", "no fact made this row")


def test_a_licence_brought_back_to_life_is_named(market: Market) -> None:
    licence_id = market.licence()
    market.supplier.stop_licence(licence_id, "suspend", "L1")
    market.logs()
    assert audited(market).is_clean
    cook(market, "UPDATE licence SET state = 'ACTIVE' WHERE id = ?", licence_id)

    found = only(market)

    assert (found.row, found.shown, found.folded) == (f"licence {licence_id}", "ACTIVE", "SUSPENDED")
    assert found.entry == last_of(market, licence_id)


def test_an_order_that_was_made_to_vanish_is_named(market: Market, order_id: str) -> None:
    cook(market, "DELETE FROM orders WHERE id = ?", order_id)

    found = only(market)

    assert (found.row, found.says, found.entry) == (
        f"orders {order_id}",
        "the row is missing",
        last_of(market, order_id),
    )


@pytest.mark.parametrize(
    ("change", "shown", "folded"),
    [
        ("asset SET state = 'FROZEN'", "FROZEN", "CERTIFIED"),
        ("asset SET evidence_sha256 = ''", "", None),
        ("batch SET gross_fen = gross_fen - 1", None, None),
        ("node SET participant_id = 'part_thief'", "part_thief", None),
    ],
)
def test_a_certificate_a_batch_or_a_node_that_was_changed_is_named(
    market: Market, change: str, shown: str | None, folded: str | None
) -> None:
    cook(market, f"UPDATE {change}")

    found = only(market)

    assert (found.kind, found.row.split()[0]) == ("row", change.split()[0])
    assert shown in (None, found.shown)
    assert folded in (None, found.folded)


def test_a_ticket_the_exchange_s_key_never_signed_is_named(market: Market, order_id: str) -> None:
    """The operator writes it into the log itself: the signature is held against the key the log had before."""
    with market.store.reading() as connection:
        placed, issued = (fact.event for fact in history(connection, order_id)[:2])
    assert isinstance(issued, TicketIssued)
    thief = Ticket.peeked(issued.ticket).signed(PrivateKey.generated())
    with market.ground.writing(Caller("part_exchange", "psn_operator")) as unit:
        unit.record(Order(id="ord_forged"), placed, issued.model_copy(update={"ticket": thief}))
    market.logs()

    found = [one for one in audited(market).findings if one.kind == "act"]

    assert [(one.row, one.says) for one in found] == [
        ("ord_forged", "it is not signed by the key that was valid at its place")
    ]


def test_evidence_of_an_order_with_another_receipt_is_refused(market: Market, order_id: str) -> None:
    bundle = market.staff["auditor"].evidence(order_id)
    vkeys = market.admin.about()["log_vkeys"]
    assert len(checked_evidence(bundle, vkeys)) > 10
    keyless = {**bundle, "facts": {name: facts for name, facts in bundle["facts"].items() if "node_" not in name}}

    with pytest.raises(AuditRefused, match="the key that must have signed it is not in the log before it"):
        checked_evidence(keyless, vkeys)


def test_a_floor_that_was_lowered_is_named(market: Market) -> None:
    cook(market, "UPDATE grading SET k_min = 2")

    found = only(market)

    assert (found.row.split()[0], found.shown, found.folded) == ("grading", "2", "5")
    assert market.buyer.log.entry(found.entry)["entry"]["type"] == "grade.confirmed"


@pytest.mark.parametrize("change", ["content = X", "salt = X"])
def test_a_fact_whose_content_was_changed_afterwards_is_named(market: Market, order_id: str, change: str) -> None:
    entry = last_of(market, order_id)
    cook(market, f"UPDATE section SET {change.replace('X', '?')} WHERE event_id = ?", b'{"accepted_by":"psn_x"}', entry)

    found = only(market)

    assert (found.kind, found.entry) == ("section", entry)
    assert found.says == "its section content is not what the log committed to"


def test_a_fact_whose_content_was_removed_is_named(market: Market, order_id: str) -> None:
    entry = last_of(market, order_id)
    cook(market, "DELETE FROM section WHERE event_id = ?", entry)

    assert only(market).says == "its content is not shown"


def test_a_permit_that_the_rules_do_not_give_is_named(market: Market, order_id: str) -> None:
    """The operator writes the false decision into the log itself, so that log and books agree."""
    with market.store.reading() as connection:
        placed = history(connection, order_id)[0].event
    assert isinstance(placed, OrderPlaced)
    forged = placed.model_copy(update={"facts": {**placed.facts, "purpose_allowed": False}})
    with market.ground.writing(Caller("part_exchange", "psn_operator")) as unit:
        unit.record(Order(id="ord_forged"), forged)
    market.logs()

    found = only(market)

    assert (found.kind, found.row) == ("decision", "ord_forged")
    assert found.says == "decided again, it comes out otherwise"


def test_rules_exchanged_behind_their_digest_are_noticed(market: Market) -> None:
    kept = market.home / "policies" / f"{market.ground.policies.digest}.json"
    kept.write_bytes(kept.read_bytes().replace(b"E_PURPOSE", b"E_NOTHING"))

    report = audited(market)

    assert report.findings_total == report.decided_again > 0
    assert {one.says for one in report.findings} == {"the rules it names are not kept"}
