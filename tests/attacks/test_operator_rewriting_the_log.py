"""The operator, with every right on database, files and keys, against a reader with two public keys and a memory.

Each test says by which numbered check the offline verifier catches it.
"""

import shutil
from pathlib import Path

import pytest

from exchange.client.verify import VerificationRefused, verify_log
from exchange.ledger import tables
from exchange.ledger.entries import all_in_order
from exchange.ledger.export import export
from exchange.ledger.sequencer import Sequencer
from exchange.ledger.signer import Guard, publish
from exchange.ledger.store import Store
from exchange.wire import canonical
from exchange.wire.merkle import Frontier, leaf_hash
from exchange.wire.notes import Checkpoint, LogSigner, read_checkpoint
from exchange.wire.tiles import bundle, unbundle
from tests.exchange.ledger.facts import NOW_US, ORIGIN, draft, write

SIGNER = LogSigner(ORIGIN, bytes(range(32)), bytes(range(32, 64)))


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    """A log of 300 entries with checkpoints at 20 and 300, exported at both."""
    home = tmp_path_factory.mktemp("honest")
    store = Store(f"sqlite:///{home}/log.db")
    tables.create(store)
    first = draft("ord_first")
    batches = [[first, *(draft(f"ord_{i}") for i in range(19))]]
    batches.append([draft("ord_first", 2, refs=(first.entry.id,)), *(draft(f"ord_{i}") for i in range(19, 298))])
    for batch in batches:
        write(store, *batch)
        Sequencer(store).run_once()
        publish(store, SIGNER, Guard(home / "guard.json"), NOW_US)
        export(store, home / "export", SIGNER.vkeys())
    store.close()
    return home / "export"


@pytest.fixture
def folder(honest, tmp_path):
    shutil.copytree(honest, tmp_path / "export")
    return tmp_path / "export"


def refused(folder: Path, old_note: str | None = None) -> str:
    with pytest.raises(VerificationRefused) as caught:
        verify_log(folder, SIGNER.vkeys(), old_note)
    return caught.value.check


def rebuilt(folder: Path, change) -> None:
    """Change the entries, then make tiles and both signatures fit again: all an operator with both keys can do."""
    bundles = [folder / "tile/entries/000", folder / "tile/entries/001.p/44"]
    entries = change([entry for path in bundles for entry in unbundle(path.read_bytes())])
    hashes = [leaf_hash(entry) for entry in entries]
    shutil.rmtree(folder / "tile")
    shutil.rmtree(folder / "checkpoints")
    (folder / "tile/entries").mkdir(parents=True)
    (folder / "tile/0").mkdir()
    count, frontier = len(entries), Frontier()
    for leaf in hashes:
        frontier.add(leaf)
    if count >= 256:
        raise ValueError("the forgeries here stay within one tile")
    for name, data in (("tile/entries/000.p", bundle(entries)), ("tile/0/000.p", b"".join(hashes))):
        (folder / name).mkdir(parents=True)
        (folder / name / str(count)).write_bytes(data)
    (folder / "checkpoint").write_text(SIGNER.sign(Checkpoint(ORIGIN, count, frontier.root()), NOW_US))


def changed(entry: bytes, **fields) -> bytes:
    return canonical.encode({**canonical.decode(entry), **fields})


def test_the_honest_log_verifies_with_and_without_a_memory(folder):
    assert verify_log(folder, SIGNER.vkeys()).size == 300
    assert verify_log(folder, SIGNER.vkeys(), (folder / "checkpoints/20").read_text()).size == 300


def test_one_flipped_bit_anywhere_in_any_file_is_caught(folder):
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.name != ".lock"):
        data = path.read_bytes()
        for position in {0, 2, len(data) // 3, len(data) // 2, len(data) - 1}:
            for bit in (0, 5):
                broken = bytearray(data)
                broken[position] ^= 1 << bit
                path.write_bytes(bytes(broken))
                refused(folder)
        path.write_bytes(data)
    verify_log(folder, SIGNER.vkeys())


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("keys.txt", "1 keys"),
        ("checkpoint", "2 signature"),
        ("tile/entries/000", "4 tiles"),
        ("tile/0/000", "4 tiles"),
        ("tile/1/000.p/1", "4 tiles"),
    ],
)
def test_a_deleted_file_is_missed(folder, name, check):
    (folder / name).unlink()
    assert refused(folder) == check


def test_a_rewritten_entry_does_not_give_the_signed_root(folder):
    path = folder / "tile/entries/000"
    entries = unbundle(path.read_bytes())
    path.write_bytes(bundle([changed(entries[0], actor="org_somebody"), *entries[1:]]))
    assert refused(folder) == "3 root"


def test_a_stripped_ml_dsa_signature_is_no_fallback_to_ed25519(folder):
    note = (folder / "checkpoint").read_text()
    (folder / "checkpoint").write_text(note.rpartition("— ")[0])
    assert refused(folder) == "2 signature"


def test_a_thief_of_the_ed25519_key_alone_cannot_sign_a_log(folder):
    thief = LogSigner(ORIGIN, bytes(range(32)), bytes(32))
    checkpoint, _ = read_checkpoint((folder / "checkpoint").read_text())
    (folder / "checkpoint").write_text(thief.sign(checkpoint, NOW_US))
    (folder / "keys.txt").write_text("".join(f"{vkey}\n" for vkey in thief.vkeys()))
    assert refused(folder) == "1 keys"
    (folder / "keys.txt").write_text("".join(f"{vkey}\n" for vkey in SIGNER.vkeys()))
    assert refused(folder) == "2 signature"


def test_a_reader_who_trusts_one_algorithm_only_is_told_so(folder):
    with pytest.raises(VerificationRefused, match="1 keys"):
        verify_log(folder, SIGNER.vkeys()[:1])


def test_a_log_cut_off_at_an_old_checkpoint_shows_in_the_readers_memory(folder):
    remembered = (folder / "checkpoint").read_text()
    rebuilt(folder, lambda entries: entries[:20])
    assert verify_log(folder, SIGNER.vkeys()).size == 20  # Nothing in the folder itself gives it away …
    assert refused(folder, remembered) == "10 memory"


def test_an_old_checkpoint_put_back_beside_later_ones_shows_in_the_folder_itself(folder):
    shutil.copy(folder / "checkpoints/20", folder / "checkpoint")
    assert refused(folder) == "5 past"


def test_a_whole_fork_signed_with_both_stolen_keys_shows_in_the_readers_memory(folder):
    remembered = (folder / "checkpoints/20").read_text()
    rebuilt(folder, lambda entries: [changed(entries[0], actor="org_somebody"), *entries[1:200]])
    assert verify_log(folder, SIGNER.vkeys()).size == 200
    assert refused(folder, remembered) == "10 memory"


def test_a_fork_beside_a_kept_checkpoint_shows_in_the_folder_itself(folder):
    kept = (folder / "checkpoints/20").read_text()
    rebuilt(folder, lambda entries: [changed(entries[0], actor="org_somebody"), *entries[1:200]])
    (folder / "checkpoints").mkdir()
    (folder / "checkpoints/20").write_text(kept)
    assert refused(folder) == "5 past"


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (lambda e: [*e[:20], e[0]], "7 ids"),
        (lambda e: [e[20], *e[:20]], "8 refs"),  # Moved before what it refers to.
        (lambda e: [*e[1:20], changed(e[20], refs=[])], "9 versions"),  # Its first version dropped.
        (lambda e: [changed(e[0], refs=["evt_nowhere"]), *e[1:20]], "8 refs"),
        (lambda e: [changed(e[0], version=2), *e[1:20]], "9 versions"),
        (lambda e: [changed(e[0], type="demo.invented"), *e[1:20]], "6 entries"),
        (lambda e: [changed(e[0], v=2), *e[1:20]], "6 entries"),
        (lambda e: [e[0].replace(b",", b", "), *e[1:20]], "6 entries"),
        (lambda e: [b"\xff\xfe", *e[1:20]], "6 entries"),
        (lambda e: [e[0].replace(b'"v":1', b'"v":1.0'), *e[1:20]], "6 entries"),
    ],
)
def test_an_entry_that_breaks_the_rules_is_caught_though_both_keys_signed_it(folder, change, check):
    rebuilt(folder, change)
    assert refused(folder) == check


def test_a_stray_file_among_the_tiles_is_refused(folder):
    (folder / "tile/0/zzz").write_bytes(b"")
    assert refused(folder) == "4 tiles"


def test_a_body_edited_in_the_database_behind_the_triggers_is_caught_after_export(tmp_path):
    store = Store(f"sqlite:///{tmp_path}/log.db")
    tables.create(store)
    write(store, *(draft(f"ord_{i}") for i in range(5)))
    Sequencer(store).run_once()
    publish(store, SIGNER, Guard(tmp_path / "guard.json"), NOW_US)
    with store.writing() as connection:
        victim = next(iter(all_in_order(connection))).entry
        connection.exec_driver_sql("DROP TRIGGER event_no_update")
        body = changed(victim.encode(), actor="org_somebody")
        connection.exec_driver_sql("UPDATE event SET body = ? WHERE id = ?", (body, victim.id))
    export(store, tmp_path / "export", SIGNER.vkeys())
    assert refused(tmp_path / "export") == "3 root"
    store.close()
