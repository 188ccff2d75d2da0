"""The command at a desk: answers as tables or JSON, every no as one coded line, and no secret on the screen."""

import json
import traceback
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner, Result

from exchange.client.cli import app
from exchange.client.commands.desk import Desk
from exchange.client.wallet import Wallet
from tests.exchange.client.answering import URL, Answering, Script, Waiting, problem, said
from tests.exchange.client.test_open import DOMAIN, sealed_by_domain

KEY_ID = "key_" + "7" * 26
SQL = "SELECT region, count(*) AS n FROM patients GROUP BY region"
CASES = Path(__file__).parents[2] / "policies/disclosure/cases.yaml"
CONTROLS = {
    "tables": {
        "patients": {
            "unit": "patient_id",
            "units_of": "person",
            "key": [["patient_id"]],
            "columns": {"patient_id": {}, "region": {"uses": ["group", "filter"], "not_null": True}, "name": {}},
        }
    },
    "k_min": 10,
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    Wallet.made(tmp_path / "wallet").learn("part_buyer", KEY_ID)
    return tmp_path / "wallet"


def dex(home: Path, *words: str, answering: Answering | None = None, typed: str | None = None) -> Result:
    transport = httpx2.MockTransport(answering or Script([]))
    desk = Desk(URL, home, transport=transport, patience=Waiting().patience)
    return CliRunner().invoke(app, list(words), obj=desk, input=typed)


def refused(done: Result) -> str:
    """The one line of a coded no."""
    assert done.exit_code == 1, done.output
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
    return done.stderr.strip()


def test_an_answer_is_a_table_or_json(home: Path) -> None:
    orders = [{"id": "ord_a", "state": "TICKETED", "purpose": "HEALTH_RESEARCH", "hold_fen": 500}]

    table = dex(home, "orders", "list", answering=Script([said(200, orders)]))
    scripted = dex(home, "orders", "list", "--json", answering=Script([said(200, orders)]))

    assert "ord_a" in table.stdout
    assert "TICKETED" in table.stdout
    assert json.loads(scripted.stdout) == orders


def test_a_problem_is_one_line_with_its_code_and_the_way_out(home: Path) -> None:
    no = problem(
        403, "E_DISCLOSURE:R09", reasons=["E_DISCLOSURE:R09"], explanation="name may not be output.\nFix: count"
    )

    line = refused(dex(home, "orders", "accept", "ord_a", answering=Script([no])))

    assert line == "E_DISCLOSURE:R09: a sentence (name may not be output. Fix: count)"


def test_an_order_is_placed_with_the_text_of_a_file_or_of_standard_input(home: Path, tmp_path: Path) -> None:
    (tmp_path / "query.sql").write_text(SQL + "\n")
    words = ("orders", "place", "lic_a", "--purpose", "HEALTH_RESEARCH", "--territory", "CN-HB", "--json")
    script = Script([said(202, {"id": "ord_a"}), said(202, {"id": "ord_b"})])

    dex(home, *words, "--sql", str(tmp_path / "query.sql"), answering=script)
    dex(home, *words, "--sql", "-", answering=script, typed=SQL)

    first, second = (json.loads(request.content) for request in script.asked)
    assert first == second
    assert first["computation"] == {"kind": "sql", "sql": SQL}
    assert first["licence_id"] == "lic_a"


@pytest.mark.parametrize("as_json", [False, True])
def test_a_sealed_answer_is_opened_at_home(home: Path, as_json: bool) -> None:
    script = Script([said(200, sealed_by_domain(Wallet(home)))])
    words = ("orders", "open", "ord_a", "--domain-key", DOMAIN.public.text, *(["--json"] if as_json else []))

    done = dex(home, *words, answering=script)

    assert done.exit_code == 0
    assert "12.50" in done.stdout
    assert "北" in done.stdout


def test_an_answer_under_a_wrong_key_is_not_shown(home: Path, tmp_path: Path) -> None:
    (tmp_path / "domain.key").write_text(Wallet.made(tmp_path / "other").signing_key.public.text)
    script = Script([said(200, sealed_by_domain(Wallet(home)))])

    line = refused(dex(home, "orders", "open", "ord_a", "--domain-key", str(tmp_path / "domain.key"), answering=script))

    assert line == "E_RESULT: 2 signature: the receipt is not signed by the domain"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("orders", "open", "ord_a", "--domain-key", "nonsense"), "E_KEY"),
        (("orders", "place", "lic_a", "--sql", "missing", "--purpose", "P", "--territory", "CN"), "E_INPUT"),
        (("assets", "submit", "--form", "missing"), "E_INPUT"),
        (("participants", "approve", "part_a", "--facts", "[1]"), "E_INPUT"),
        (("participants", "approve", "part_a", "--facts", '{"a": 1.5}'), "E_INPUT"),
        (("participants", "approve", "part_a", "--facts", '{"a": NaN}'), "E_INPUT"),
        (("log", "verify", "missing", "--key", "k"), "E_INPUT"),
        (("log", "verify", ".", "--key", "nonsense"), "E_LOG"),
        (("policy", "decide", "splits", "--facts", '{"split_template": "T9"}'), "E_FACT_VALUE"),
        (("policy", "decide", "nothing", "--facts", "{}"), "E_TABLE_UNKNOWN"),
        (("policy", "show", "nothing"), "E_TABLE_UNKNOWN"),
        (("explain", "--sql", "-"), "E_INPUT"),
        (("explain", "--cases", "missing"), "E_INPUT"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(home: Path, words: tuple[str, ...], code: str) -> None:
    script = Script([said(200, sealed_by_domain(Wallet(home)))])

    assert refused(dex(home, *words, answering=script)).startswith(f"{code}: ")


def test_an_exchange_that_is_away_is_one_line(home: Path) -> None:
    def away(_: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused")

    assert refused(dex(home, "escrow", "show", answering=away)).startswith("E_UNREACHABLE: ")


def test_without_a_wallet_nothing_is_asked(tmp_path: Path) -> None:
    script = Script([])

    assert refused(dex(tmp_path / "none", "escrow", "show", answering=script)).startswith("E_WALLET: ")
    assert script.asked == []


def test_settings_come_from_the_environment(home: Path) -> None:
    where = {"DEX_HOME": str(home), "DEX_URL": "ftp://exchange.test"}

    shown = CliRunner().invoke(app, ["wallet", "show", "--json"], env=where)
    asked = CliRunner().invoke(app, ["escrow", "show"], env=where)

    assert json.loads(shown.stdout)["participant_id"] == "part_buyer"
    assert refused(asked).startswith("E_INPUT: say where the exchange is")


def test_no_command_of_the_wallet_shows_a_secret(tmp_path: Path) -> None:
    home = tmp_path / "new"

    shown = dex(home, "wallet", "make").output + dex(home, "wallet", "adopt", "part_a", KEY_ID).output
    shown += dex(home, "wallet", "show", "--json").output

    secrets = [path.read_text() for path in home.iterdir() if path.suffix in {".secret", ".seed"}]
    assert len(secrets) == 3
    assert not [secret for secret in secrets if secret in shown.replace("\n", "")]


def test_a_terminal_takes_no_orders_from_an_answer(home: Path) -> None:
    hostile = {"title_en": "\x1b]0;owned\x07[bold]x[/bold]", "id": "lst_a"}

    shown = dex(home, "listings", "list", answering=Script([said(200, [hostile])])).stdout
    line = refused(dex(home, "escrow", "show", answering=Script([problem(409, "E_\x1b[2J")])))

    assert "\x1b" not in shown + line
    assert "\x07" not in shown + line
    assert "[bold]" in shown.replace("\n", "")


def test_colours_are_left_out_when_nobody_wants_them(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")

    shown = dex(home, "escrow", "show", answering=Script([said(200, {"available_fen": 1})])).stdout

    assert "\x1b[3" not in shown


def explained(home: Path, *words: str, typed: str | None = None) -> list[dict[str, Any]]:
    done = dex(home, "explain", *words, typed=typed)
    assert done.exit_code == 0, (done.output, traceback.format_exception(done.exception))
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_query_is_explained_without_an_exchange(home: Path, tmp_path: Path) -> None:
    (tmp_path / "controls.json").write_text(json.dumps(CONTROLS))
    controls = ("--controls", str(tmp_path / "controls.json"), "--sql", "-")

    (allowed,) = explained(home, *controls, typed=SQL)
    (denied,) = explained(home, *controls, typed="SELECT name FROM patients")

    assert allowed["verdict"] == "answer"
    assert allowed["rule"] is None
    assert denied["verdict"] == "refuse"
    assert {"rule", "column", "why", "fix", "sql"} <= denied.keys()


def test_every_case_of_a_file_gets_its_verdict(home: Path) -> None:
    verdicts = explained(home, "--cases", str(CASES))

    assert len(verdicts) > 100
    assert {one["verdict"] for one in verdicts} == {"answer", "refuse"}


def test_controls_with_an_unknown_word_are_refused(home: Path, tmp_path: Path) -> None:
    (tmp_path / "controls.json").write_text(json.dumps({**CONTROLS, "k_maximum": 3}))

    line = refused(dex(home, "explain", "--controls", str(tmp_path / "controls.json"), "--sql", "-", typed=SQL))

    assert line == "E_CONTROLS: k_maximum"


@pytest.mark.parametrize("text", ["[", "- 1", "1: 2", "a: &a [*a]", "!!python/object:os.system x", "a: 2026-99-99"])
def test_a_strange_file_is_refused(home: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "controls.yaml").write_text(text)

    line = refused(dex(home, "explain", "--controls", str(tmp_path / "controls.yaml"), "--sql", "-", typed=SQL))

    assert line.startswith(("E_INPUT: ", "E_CONTROLS: "))


def test_the_rules_are_proved_shown_and_asked_at_home(home: Path) -> None:
    proved = json.loads(dex(home, "policy", "check", "--json").stdout)
    shown = dex(home, "policy", "show", "splits", "--lang", "zh").stdout
    facts = '{"split_template": "T1"}'
    decided = json.loads(dex(home, "policy", "decide", "splits", "--facts", facts, "--json").stdout)

    assert proved["cases"] > 0
    assert proved["vectors"] > 0
    assert "企业数据" in shown
    assert decided["permitted"] is True
    assert decided["policy_digest"] == proved["digest"]


def test_wrong_usage_is_the_frameworks_to_say(home: Path) -> None:
    done = dex(home, "orders", "place")

    assert done.exit_code == 2
    assert "Traceback" not in done.output
