"""The runbook of a log that ends: frozen, and continued under another name with nothing left out."""

import json
import shutil
from pathlib import Path

import pytest

from exchange.audit import log_keys
from exchange.kernel.views import dump, rebuild
from exchange.ledger import entries
from exchange.ledger.guard import ForkRefused
from exchange.ledger.store import Store
from exchange.log_upkeep import OPERATOR, anchor_of
from exchange.wire.notes import read_checkpoint
from tests.exchange.audit.operating import Operator

NEXT_YEAR = "exchange.example/market/2027"


@pytest.fixture
def into(request: pytest.FixtureRequest, store: Store, tmp_path: Path) -> str:
    """The address of an empty database of the same kind."""
    return f"sqlite:///{tmp_path}/2027.db" if store.is_sqlite else str(request.getfixturevalue("pg_url_of_next_year"))


def words(operator: Operator, following: list[str], root: str | None = None) -> list[str]:
    """Both of the root's words over where the log was frozen, as options of `continue`."""
    told = operator.status()
    size, tree = int(str(told["head_size"])), root or str(told["head_root"])
    frozen = operator.change("FROZEN", [], size, "--tree", tree)
    number = str(int(str(told["next_number"])) + 1)
    continued = operator.change(
        "CONTINUED", following, size, "--tree", tree, "--successor", NEXT_YEAR, "--number", number
    )
    return ["--frozen", frozen, "--continued", continued]


def test_a_frozen_log_goes_on_under_another_name_and_nothing_is_left_out(
    operator: Operator, into: str, tmp_path: Path
) -> None:
    operator.grows()
    end = json.loads(operator.log("freeze", "--reason", "YEAR_END"))
    before = shutil.copytree(operator.exported(), tmp_path / "2026")
    following = operator.log("successor-keys", NEXT_YEAR).split()
    with operator.store.reading() as connection:
        views = list(dump(connection))

    told = operator.log("continue", *words(operator, following), "--into", into)
    operator.log("promote")
    operator.moves(into, NEXT_YEAR)
    shutil.rmtree(operator.folder / "export")
    operator.signs()
    first = read_checkpoint(operator.note())[0]
    last = operator.grows()

    assert told == f"{end['size']} facts are carried over"
    assert (first.origin, first.size, last) == (NEXT_YEAR, end["size"] + 1, end["size"] + 2)
    with operator.store.writing() as connection:
        (entry,) = entries.after(connection, -1, 1)
        assert entry.entry.type == "log.continued"
        rebuild(connection)
        assert [line for line in dump(connection) if line in views] == views
    keys = (*operator.first, *following)
    assert operator.verified(keys, "--after", str(before)) == ""
    # Another log's end, or a log that is nobody's continuation, is seen.
    missing = operator.verified((*following, *following), "--after", str(operator.exported()))
    assert missing.startswith("E_LOG: 1 keys")


def test_after_the_freeze_nothing_more_is_signed_by_any_process(operator: Operator) -> None:
    operator.log("freeze", "--reason", "KEY_IN_DOUBT")
    with pytest.raises(ForkRefused, match="frozen"):
        operator.grows()
    assert operator.tried("freeze", "--reason", "AGAIN").exit_code != 0


def test_a_freeze_that_was_broken_off_is_brought_to_its_end_by_saying_it_again(operator: Operator) -> None:
    house = operator.house()
    with house.ground.writing(OPERATOR) as unit:
        log_keys.freeze(unit, anchor_of(house), "YEAR_END")  # Killed here.
    end = json.loads(operator.log("freeze", "--reason", "YEAR_END"))
    assert read_checkpoint(operator.note())[0].size == end["size"]
    with pytest.raises(ForkRefused, match="frozen"):
        operator.grows()


def test_only_the_root_s_words_over_the_very_end_continue_a_log(operator: Operator, into: str) -> None:
    following = operator.log("successor-keys", NEXT_YEAR).split()
    early = operator.tried("continue", *words(operator, following), "--into", into)
    operator.log("freeze", "--reason", "YEAR_END")
    other = operator.tried("continue", *words(operator, following, "0" * 64), "--into", into)

    for refused in (early, other):
        assert (refused.exit_code, refused.stderr.split(":")[0]) == (1, "E_LOG_KEYS")
