"""A market whose books are as its log says: folded a second time they are equal, and the report says so, signed."""

import pytest

from exchange.client.audit import AuditRefused
from exchange.client.auditing.findings import checked_report
from exchange.client.connection import Problem, TimedOut
from exchange.client.verify import VerificationRefused
from exchange.wire.keys import PrivateKey
from tests.exchange.audit.auditing import audited, traded
from tests.market import Market


def test_a_clean_market_replays_equal(market: Market) -> None:
    traded(market)
    market.buyer.deposit(250_000, "bank-slip-0002")
    lapsed, stopped = market.ordered(), market.licence()
    market.supplier.stop_licence(stopped, "suspend", "L1")
    with pytest.raises(Problem, match="E_PURPOSE"):
        market.buyer.place_order(market.ask(market.licence(), purpose="MARKETING"))
    market.passes(100_000)
    market.clockwork.run_once()
    market.logs()

    report = audited(market)

    assert (report.findings, report.findings_total, report.unfolded) == ((), 0, ())
    assert market.buyer.order(lapsed)["state"] == "LAPSED"
    assert report.rows["orders"] == 3
    assert report.rows["balance"] == len(market.balances())
    assert (report.decided_again, report.not_decided_again) == (10, 4)
    assert report.size == market.staff["auditor"].http.get("/v1/audit/position")["facts"]


def test_a_report_is_the_auditors_and_nobody_elses(market: Market) -> None:
    market.logs()
    report, key = audited(market), PrivateKey.generated()

    text = report.signed(key).model_dump_json()

    assert checked_report(text, key.public) == report
    for refused, asked in ((text, PrivateKey.generated().public), ("{}", key.public)):
        with pytest.raises(AuditRefused):
            checked_report(refused, asked)


def test_books_that_are_ahead_of_the_log_are_not_compared(market: Market) -> None:
    market.logs()
    market.buyer.deposit(1_000, "bank-slip-0003")

    with pytest.raises(TimedOut):
        audited(market)

    market.logs()
    assert audited(market).is_clean


def test_a_checkpoint_the_auditor_kept_is_held_against_the_log(market: Market) -> None:
    market.logs()
    kept = market.buyer.log.checkpoint()
    traded(market)

    assert audited(market, kept).is_clean
    with pytest.raises(VerificationRefused, match="10 memory"):
        audited(market, kept.replace("test", "rest"))
