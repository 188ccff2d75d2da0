"""The auditor at a desk, with a wallet of his own: the whole audit by `dex`, its report, and a log that is too old."""

import json
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from exchange.client.auditing.age import check_age
from exchange.client.cli import app
from exchange.client.commands.desk import Desk
from exchange.client.mirror import download_log
from exchange.client.verify import VerificationRefused
from exchange.client.wallet import Wallet
from tests.exchange.audit.auditing import traded
from tests.market import URL, Market


@pytest.fixture
def wallet(market: Market) -> Wallet:
    mine = Wallet.made(market.home / "auditor")
    key = market.admin.issue_key(roles=["AUDITOR"], sha256=mine.secret_sha256, person_name="second auditor")
    mine.learn("part_auditor", key["id"])
    traded(market)
    return mine


def dex(market: Market, wallet: Wallet, *words: str) -> Result:
    return CliRunner().invoke(app, list(words), obj=Desk(URL, wallet.folder, transport=market.bridge))


def keys(market: Market) -> list[str]:
    return [word for vkey in market.admin.about()["log_vkeys"] for word in ("--key", vkey)]


def test_a_whole_audit_ends_in_a_report_anybody_can_read(market: Market, wallet: Wallet, tmp_path: Path) -> None:
    words = ["audit", "replay", str(tmp_path / "audit"), *keys(market), "--out", str(tmp_path / "report.json")]

    clean = dex(market, wallet, *words, "--json")
    with market.store.writing() as connection:
        connection.exec_driver_sql("UPDATE grading SET k_min = 2")
    cooked = dex(market, wallet, *words)
    shown = dex(
        market,
        wallet,
        "audit",
        "report",
        f"{tmp_path}/report.json",
        "--auditor-key",
        wallet.signing_key.public.text,
        "--json",
    )

    assert (clean.exit_code, json.loads(clean.stdout)["findings"]) == (0, [])
    assert cooked.exit_code == 2
    finding = json.loads(shown.stdout)["findings"][0]
    assert (finding["shown"], finding["folded"], finding["says"]) == ("2", "5", "k_min is not what the facts say")


def test_a_log_is_verified_with_its_age(market: Market, wallet: Wallet, tmp_path: Path) -> None:
    market.now = time.time_ns() // 1_000
    market.buyer.deposit(1_000, "bank-slip-0002")
    market.logs()
    dex(market, wallet, "log", "download", str(tmp_path / "log"))

    done = dex(market, wallet, "audit", "verify", str(tmp_path / "log"), *keys(market), "--json")

    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["signed_at_s"] == market.now_s


def test_an_old_checkpoint_and_one_from_the_future_are_refused(market: Market, wallet: Wallet, tmp_path: Path) -> None:
    download_log(market.buyer.log, tmp_path)
    vkeys, signed_at_s = market.admin.about()["log_vkeys"], market.now_s

    assert check_age(tmp_path, vkeys, now_s=signed_at_s + 60, max_age_s=60) == signed_at_s
    for now_s, reason in ((signed_at_s + 61, "too old"), (signed_at_s - 61, "in the future")):
        with pytest.raises(VerificationRefused, match=f"12 age: .* {reason}"):
            check_age(tmp_path, vkeys, now_s=now_s, max_age_s=60)


def test_facts_and_alerts_are_looked_up(market: Market, wallet: Wallet) -> None:
    found = dex(market, wallet, "audit", "facts", "--type", "order.completed", "--json")
    alerts = dex(market, wallet, "audit", "alerts", "--json")

    assert [one["type"] for one in json.loads(found.stdout)] == ["order.completed"]
    assert json.loads(alerts.stdout) == []
