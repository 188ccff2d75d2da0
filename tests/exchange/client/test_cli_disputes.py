"""`dex disputes`: what leaves the desk is a digest, and every act meets its route."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from exchange.client.wallet import Wallet
from tests.exchange.client.answering import Script, said
from tests.exchange.client.test_cli import KEY_ID, dex, refused

D = {"id": "dsp_a", "state": "MEDIATION"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    Wallet.made(tmp_path / "wallet").learn("part_buyer", KEY_ID)
    return tmp_path / "wallet"


def test_of_a_paper_only_its_digest_is_sent(home: Path, tmp_path: Path) -> None:
    paper, script = tmp_path / "defects.pdf", Script([said(201, D)])
    paper.write_bytes(b"what is wrong with it")
    words = ("disputes", "open", "ord_a", "--category", "QUALITY", "--claim-fen", "600001", "--evidence", str(paper))

    done = dex(home, *words, "--json", answering=script)

    assert json.loads(done.stdout) == D
    assert json.loads(script.asked[0].content) == {
        "order_id": "ord_a",
        "category": "QUALITY",
        "claim_fen": 600_001,
        "evidence_sha256": [sha256(paper.read_bytes()).hexdigest()],
    }


@pytest.mark.parametrize(
    ("words", "path"),
    [
        (("show", "dsp_a"), "/v1/disputes/dsp_a"),
        (("respond", "dsp_a"), "/v1/disputes/dsp_a:respond"),
        (("escalate", "dsp_a"), "/v1/disputes/dsp_a:escalate"),
        (("withdraw", "dsp_a"), "/v1/disputes/dsp_a:withdraw"),
        (("agree", "dsp_a", "--refund-bp", "3000", "--terms", "PAPER"), "/v1/disputes/dsp_a:agree"),
        (
            ("decide", "dsp_a", "--outcome", "UPHELD", "--refund-bp", "3000", "--fault", "NONE", "--reasons", "PAPER"),
            "/v1/disputes/dsp_a:decide",
        ),
    ],
    ids=lambda found: found[0] if isinstance(found, tuple) else "",
)
def test_every_act_meets_its_route(home: Path, tmp_path: Path, words: tuple[str, ...], path: str) -> None:
    (tmp_path / "paper").write_text("signed")
    script = Script([said(200, D)])

    done = dex(
        home, "disputes", *(str(tmp_path / "paper") if one == "PAPER" else one for one in words), answering=script
    )

    assert done.exit_code == 0, done.output
    assert [one.url.path for one in script.asked] == [path]
    assert "MEDIATION" in done.stdout


def test_a_list_is_a_table(home: Path) -> None:
    done = dex(home, "disputes", "list", answering=Script([said(200, [D])]))

    assert "dsp_a" in done.stdout


def test_a_paper_that_cannot_be_read_is_refused_before_anything_is_sent(home: Path, tmp_path: Path) -> None:
    script = Script([])
    missing = str(tmp_path / "missing")

    line = refused(dex(home, "disputes", "respond", "dsp_a", "--evidence", missing, answering=script))

    assert line.startswith("E_INPUT: ")
    assert script.asked == []
