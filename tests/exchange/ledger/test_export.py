"""An exported folder verifies by itself, at every size, and growing it is the same as writing it anew."""

import pytest

from exchange.client.verify import verify_log
from exchange.ledger.export import OtherLog, export
from exchange.ledger.proofs import newest_checkpoint
from exchange.wire.notes import LogSigner
from tests.exchange.ledger.facts import ORIGIN


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


def test_an_empty_log_exports_nothing(store, signer, tmp_path):
    assert export(store, tmp_path / "export", signer.vkeys()) is None


def test_an_export_grown_step_by_step_verifies_at_every_step(store, grow, signer, tmp_path):
    folder, old_note = tmp_path / "export", None
    for count in (1, 4, 250, 1, 1, 300, 257):
        grow(count)
        checkpoint = export(store, folder, signer.vkeys())
        report = verify_log(folder, signer.vkeys(), old_note)
        assert (report.origin, report.size, report.root) == (ORIGIN, checkpoint.size, checkpoint.root)
        old_note = (folder / "checkpoint").read_text()
    assert report.entries == 814


def test_an_export_repeated_changes_no_file_and_one_from_nothing_has_the_same_final_tiles(
    store, grow, signer, tmp_path
):
    grow(3)
    export(store, tmp_path / "grown", signer.vkeys())
    grow(600)
    export(store, tmp_path / "grown", signer.vkeys())
    before = files(tmp_path / "grown")
    export(store, tmp_path / "grown", signer.vkeys())
    assert files(tmp_path / "grown") == before

    export(store, tmp_path / "fresh", signer.vkeys())
    fresh = files(tmp_path / "fresh")
    assert fresh == {name: before[name] for name in fresh}
    assert set(before) - set(fresh) == {"tile/0/000.p/3", "tile/entries/000.p/3"}
    verify_log(tmp_path / "fresh", signer.vkeys())


def test_the_layout_is_that_of_tlog_tiles(store, grow, signer, tmp_path):
    grow(600)
    export(store, tmp_path, signer.vkeys())
    assert {name for name in files(tmp_path) if not name.endswith((".db", ".db-wal", ".db-shm", ".json"))} >= {
        "checkpoint",
        "checkpoints/600",
        "keys.txt",
        "tile/0/000",
        "tile/0/001",
        "tile/0/002.p/88",
        "tile/1/000.p/2",
        "tile/entries/000",
        "tile/entries/001",
        "tile/entries/002.p/88",
    }


def test_an_export_broken_off_before_its_checkpoint_is_completed_by_the_next(store, grow, signer, tmp_path):
    folder = tmp_path / "export"
    grow(3)
    export(store, folder, signer.vkeys())
    note = (folder / "checkpoint").read_bytes()
    grow(600)
    export(store, folder, signer.vkeys())
    (folder / "checkpoint").write_bytes(note)  # As if killed just before these two files.
    (folder / "checkpoints/603").unlink()
    (folder / "tile/0/001").unlink()
    (folder / ".new").write_bytes(b"half a tile")
    assert verify_log(folder, signer.vkeys()).size == 3
    export(store, folder, signer.vkeys())
    assert verify_log(folder, signer.vkeys()).size == 603
    assert (folder / "checkpoints/603").exists()


def test_a_folder_of_another_log_is_not_written_to(store, grow, signer, tmp_path):
    grow(3)
    export(store, tmp_path / "export", signer.vkeys())
    other = LogSigner("elsewhere.example/log", bytes(32), bytes(32))
    with store.reading() as connection:
        checkpoint, _ = newest_checkpoint(connection)
    foreign = type(checkpoint)("elsewhere.example/log", 3, checkpoint.root)
    (tmp_path / "export/checkpoint").write_text(other.sign(foreign, 0))
    with pytest.raises(OtherLog):
        export(store, tmp_path / "export", signer.vkeys())
