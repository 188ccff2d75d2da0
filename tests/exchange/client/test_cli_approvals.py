"""`dex approvals` and `dex orders run`: every act meets its route, and values leave as their declarations say."""

import json
from pathlib import Path

import pytest

from exchange.client.wallet import Wallet
from tests.exchange.client.answering import Script, said
from tests.exchange.client.test_cli import KEY_ID, dex, refused

A = {"id": "apv_a", "state": "REQUESTED"}
RUN = ("orders", "run", "lic_a", "tpl_a", "--purpose", "P", "--territory", "CN")
DECLARED = {"parameters": {"least": {"kind": "integer"}, "place": {"kind": "choice"}}}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    Wallet.made(tmp_path / "wallet").learn("part_buyer", KEY_ID)
    return tmp_path / "wallet"


@pytest.mark.parametrize(
    ("words", "path", "body"),
    [
        (("approve",), "apv_a:approve", None),
        (("reject", "--reason", "too fine"), "apv_a:reject", {"reason": "too fine"}),
        (("delegate", "--to", "part_b"), "apv_a:delegate", {"delegate_id": "part_b"}),
    ],
)
def test_each_word_is_said_once(home: Path, words: tuple[str, ...], path: str, body: dict[str, str] | None) -> None:
    script = Script([said(200, A)])

    done = dex(home, "approvals", words[0], "apv_a", *words[1:], "--json", answering=script)

    (asked,) = script.asked
    assert json.loads(done.stdout) == A
    assert asked.url.path == f"/v1/approvals/{path}"
    assert (json.loads(asked.content) if asked.content else None) == body


def test_a_template_is_run_with_values_of_its_kinds(home: Path) -> None:
    script = Script([said(200, DECLARED), said(202, {"id": "ord_a"})])

    dex(home, *RUN, "--set", "least=7", "--set", "place=7", answering=script)

    computation = json.loads(script.asked[-1].content)["computation"]
    assert computation == {"kind": "template", "template_id": "tpl_a", "parameters": {"least": 7, "place": "7"}}


@pytest.mark.parametrize("wrong", ["least=seven", "most=1", "least"])
def test_a_value_that_is_none_is_not_sent(home: Path, wrong: str) -> None:
    script = Script([said(200, DECLARED)])

    line = refused(dex(home, *RUN, "--set", wrong, answering=script))

    assert line.startswith("E_INPUT")
    assert len(script.asked) == 1
