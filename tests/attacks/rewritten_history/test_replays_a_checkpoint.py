"""An old checkpoint, honestly signed, is shown as the newest. One without a memory asks for `--max-age`, which
`tests/exchange/audit/test_commands.py` shows."""

import shutil
from pathlib import Path

from exchange.client.witness import OwnWitness
from exchange.wire.notes import open_checkpoint
from exchange.wire.witnessing import request_of
from tests.attacks.rewritten_history.books import SIGNER, Log, refused


def test_the_newest_checkpoint_deleted_from_the_database_is_missed_by_who_remembers_it(log: Log) -> None:
    remembered = log.note()
    log.edit("DELETE FROM checkpoint WHERE size = 8")

    assert refused(log.exported(), remembered).startswith("10 memory")


def test_a_checkpoint_deleted_behind_the_guard_is_signed_again_and_no_other(log: Log) -> None:
    log.edit("DELETE FROM checkpoint WHERE size = 8")

    again = log.sign()

    assert again is not None
    assert open_checkpoint(log.note(), SIGNER.vkeys()) == again


def test_an_old_checkpoint_put_back_beside_later_ones_shows_in_the_folder_itself(folder: Path) -> None:
    shutil.copy(folder / "checkpoints/20", folder / "checkpoint")

    assert refused(folder) == "5 past: the checkpoint of size 300 is not a prefix of this log"


def test_an_old_checkpoint_under_a_later_one_s_name_is_noticed(folder: Path) -> None:
    shutil.copy(folder / "checkpoints/20", folder / "checkpoints/300")

    assert refused(folder) == "5 past: a stored checkpoint is not of the size its name says"


def test_a_witness_does_not_cosign_an_old_checkpoint_again(log: Log, tmp_path: Path) -> None:
    witness = OwnWitness.made(tmp_path / "w", "w.example", SIGNER.vkeys()).witness()
    newest, old = log.note(), log.read("SELECT note FROM checkpoint WHERE size = 5")[0][0]

    assert witness.add_checkpoint(request_of(0, [], newest)).status == 200
    assert witness.add_checkpoint(request_of(0, [], old)).status == 409
    assert witness.add_checkpoint(request_of(8, [], old)).status == 400
