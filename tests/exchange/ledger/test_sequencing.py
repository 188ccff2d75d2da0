"""Facts get dense, safe places whoever races whom; only a continuation is ever signed."""

import threading

import pytest

from exchange.ledger.entries import Draft, after, all_in_order
from exchange.ledger.guard import ClockSteppedBack, ForkRefused, Guard, GuardedKeys, GuardLost
from exchange.ledger.proofs import (
    NotCovered,
    UnknownEntry,
    consistency,
    head,
    inclusion,
    log_proof,
)
from exchange.ledger.sequencer import HeadMoved, Sequencer
from exchange.ledger.signer import sign_head
from exchange.wire.merkle import EMPTY_ROOT, Frontier, leaf_hash, verify_consistency, verify_inclusion
from exchange.wire.notes import Checkpoint
from exchange.wire.proofs import LogProof, verify_entry
from tests.exchange.ledger.facts import NOW_US, ORIGIN, draft, write


def roots(entries):
    frontier, found = Frontier(), [EMPTY_ROOT]
    for entry in entries:
        frontier.add(leaf_hash(entry.encode()))
        found.append(frontier.root())
    return found


def test_batches_of_every_awkward_size_build_the_one_tree(store):
    written, size = [], 0
    for count in (1, 1, 253, 1, 1, 255, 300, 700):
        drafts = [draft(f"ord_{size + i}") for i in range(count)]
        write(store, *drafts)
        assert Sequencer(store).run_once() == count
        written += [d.entry for d in drafts]
        size += count
        with store.reading() as connection:
            assert head(connection) == (size, roots(written)[size])
    assert Sequencer(store).run_once() == 0


def test_proofs_read_from_tiles_verify_for_any_leaf_and_any_two_sizes(store, grow):
    for count in (3, 200, 110, 400):
        grow(count)
    with store.reading() as connection:
        entries = [stored.entry for stored in all_in_order(connection)]
        found = roots(entries)
        for index in range(0, 713, 31):
            leaf = leaf_hash(entries[index].encode())
            verify_inclusion(index, 713, leaf, inclusion(connection, index, 713), found[713])
        for old, new in ((0, 713), (1, 2), (3, 203), (203, 313), (255, 257), (256, 512), (512, 713), (713, 713)):
            verify_consistency(old, new, consistency(connection, old, new), found[old], found[new])


def test_an_entry_is_proved_offline_under_the_newest_checkpoint(store, grow, signer):
    one = draft("ord_a")
    write(store, one)
    with store.reading() as connection:
        with pytest.raises(NotCovered):
            log_proof(connection, one.entry.id)
        with pytest.raises(UnknownEntry):
            log_proof(connection, "evt_nowhere")
    grow(300)
    with store.reading() as connection:
        text = log_proof(connection, one.entry.id).text
    checkpoint = verify_entry(LogProof.parse(text), one.entry.encode(), signer.vkeys())
    assert (checkpoint.origin, checkpoint.size) == (ORIGIN, 301)


def test_concurrent_writers_and_two_sequencers_lose_nothing_and_place_nothing_twice(store, signer, guard):
    writers, each = 4, 40
    acknowledged: list[Draft] = []
    stop = threading.Event()
    failures: list[BaseException] = []

    def write_many(who):
        for i in range(each):
            parts = [draft(f"ord_{who}_{i}", version) for version in (1, 2)]
            write(store, *parts)
            acknowledged.extend(parts)

    def place():
        sequencer = Sequencer(store)
        while not stop.is_set():
            try:
                sequencer.run_once()
                sign_head(store, GuardedKeys(signer, guard), NOW_US)
            except HeadMoved:
                continue
            except BaseException as error:
                failures.append(error)
                raise

    sequencers = [threading.Thread(target=place) for _ in range(2)]
    threads = [threading.Thread(target=write_many, args=(who,)) for who in range(writers)]
    for thread in sequencers + threads:
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    for thread in sequencers:
        thread.join()
    while Sequencer(store).run_once():
        pass

    assert failures == []
    with store.reading() as connection:
        placed = after(connection, -1, 10_000)
        size, root = head(connection)
    assert [stored.idx for stored in placed] == list(range(2 * writers * each))
    assert {s.entry.id for s in placed} == {d.entry.id for d in acknowledged}
    assert (size, root) == (len(placed), roots([s.entry for s in placed])[-1])


def test_a_sequencer_that_meets_tiles_short_of_the_head_writes_nothing(store, grow):
    grow(5)
    with store.writing() as connection:
        connection.exec_driver_sql("UPDATE head SET size = 6")
    write(store, draft("ord_late"))
    with pytest.raises(HeadMoved):
        Sequencer(store).run_once()
    with store.reading() as connection:
        assert len(after(connection, -1, 100)) == 5


def test_the_same_head_is_signed_once(store, grow, signer, guard):
    grow(3)
    assert sign_head(store, GuardedKeys(signer, guard), NOW_US + 1) is None


def test_a_note_lost_between_guard_and_database_is_signed_again(store, signer, guard):
    write(store, draft("ord_a"))
    Sequencer(store).run_once()
    with store.reading() as connection:
        checkpoint = Checkpoint(ORIGIN, *head(connection))
    with guard.held() as last:
        guard.advance(last, checkpoint, [])  # Killed here: the guard knows, the database has no note.
    assert sign_head(store, GuardedKeys(signer, guard), NOW_US) == checkpoint


def test_a_lost_guard_is_not_rebuilt_from_the_database(store, grow, signer, tmp_path):
    grow(3)
    with pytest.raises(GuardLost):
        sign_head(store, GuardedKeys(signer, Guard(tmp_path / "another.json")), NOW_US)


def test_nothing_is_signed_at_a_time_before_the_last_signature(store, grow, signer, guard):
    grow(3)
    write(store, draft("ord_a"))
    Sequencer(store).run_once()
    with pytest.raises(ClockSteppedBack):
        sign_head(store, GuardedKeys(signer, guard), NOW_US - 1)
    assert sign_head(store, GuardedKeys(signer, guard), NOW_US).size == 4


@pytest.mark.parametrize("memory", [b"", b"{}", b'{"size":1', b"[]", b"\xff"])
def test_a_damaged_guard_is_a_refusal_for_good_and_never_an_empty_one(guard, grow, store, signer, tmp_path, memory):
    grow(1)
    (tmp_path / "guard.json").write_bytes(memory)
    with pytest.raises(ForkRefused, match="damaged"):
        sign_head(store, GuardedKeys(signer, guard), NOW_US)
