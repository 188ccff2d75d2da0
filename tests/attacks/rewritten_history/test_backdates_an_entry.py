"""The operator turns the clock back for one fact, and signs it: its place after a checkpoint gives it away."""

from pathlib import Path

import pytest

from exchange.ledger.store import Store
from tests.exchange.audit.auditing import audited, traded
from tests.market import DAY_S, Market


@pytest.fixture
def market(store: Store, tmp_path: Path) -> Market:
    return Market(store, tmp_path / "home")


def test_a_fact_dated_back_before_the_auditors_last_visit_is_named(market: Market) -> None:
    traded(market)
    assert audited(market).is_clean
    market.passes(-10 * DAY_S)
    market.buyer.deposit(1_000, "bank-slip-0002")
    market.passes(20 * DAY_S)
    market.logs()

    report = audited(market)

    assert [(one.kind, one.says) for one in report.findings] == [
        ("time", "its time does not fit between the checkpoints around it")
    ]
    assert market.buyer.log.entry(report.findings[0].entry)["entry"]["type"] == "escrow.funded"
