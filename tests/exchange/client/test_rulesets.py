"""Sets of rules from the command line: what would change, and what was decided under rules that are gone."""

import json
from pathlib import Path

from typer.testing import CliRunner

from exchange.client.cli import app
from policies.engine.policy_set import TABLES

RUN = CliRunner()


def older(folder: Path) -> Path:
    """The rules as they might have been: a merchant had more, a treasury less."""
    folder.mkdir()
    for path in TABLES.glob("*.yaml"):
        text = path.read_text("utf-8").replace("fiscal_bp: 2_500, quality_bp: 200", "fiscal_bp: 2_600, quality_bp: 100")
        (folder / path.name).write_text(text, "utf-8")
    return folder


def test_which_decisions_change_is_said_by_example(tmp_path: Path) -> None:
    old = older(tmp_path / "old")

    told = RUN.invoke(app, ["policy", "diff", str(old)])
    found = json.loads(RUN.invoke(app, ["policy", "diff", str(old), "--json"]).stdout)

    (change,) = found["changes"]
    assert (change["table"], change["facts"]) == ("splits", {"split_template": "T3"})
    assert (change["before"]["outcome"]["fiscal_bp"], change["after"]["outcome"]["fiscal_bp"]) == (2_600, 2_500)
    assert "split_template=T3" in told.stdout


def test_a_decision_under_an_archived_set_is_made_again(tmp_path: Path) -> None:
    kept = Path(RUN.invoke(app, ["policy", "archive", str(tmp_path)]).stdout.strip())
    facts = '{"split_template": "T2"}'
    made = RUN.invoke(app, ["policy", "decide", "splits", "--facts", facts, "--under", str(kept), "--json"]).stdout

    again = RUN.invoke(app, ["policy", "again", str(tmp_path), "--decision", "-", "--json"], input=made)

    assert json.loads(again.stdout) == json.loads(made)


def test_a_place_without_rules_is_refused(tmp_path: Path) -> None:
    assert RUN.invoke(app, ["policy", "diff", str(tmp_path / "nothing")]).exit_code != 0
    assert RUN.invoke(app, ["policy", "diff", str(tmp_path)]).exit_code != 0


def test_what_a_sector_list_bars_is_said(tmp_path: Path) -> None:
    listed = tmp_path / "power.csv"
    listed.write_text(
        "序号,类别,子类,开放类型,共享类型,清单类型,数据特征\n"
        "1,发电,电厂煤耗,不予开放,不予共享,负面清单,\n2,用电,分区负荷,有条件开放,无条件共享,清单,\n",
        "utf-8",
    )

    said = json.loads(RUN.invoke(app, ["policy", "sectors", str(listed), "--json"]).stdout)

    assert (said["rows"], said["barred"]) == (2, [["1", "发电", "电厂煤耗", "负面清单"]])
