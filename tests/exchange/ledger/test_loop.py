"""The loop places and signs what is committed, at once when woken, and stops loudly when it may not sign."""

import threading

import pytest
from structlog.testing import capture_logs

from exchange.ledger.guard import ForkRefused, Guard, GuardedKeys
from exchange.ledger.proofs import newest_checkpoint
from exchange.ledger.sequencer import Sequencer
from exchange.ledger.sequencing import SequencerLoop
from exchange.ledger.signer import sign_head
from exchange.wire.notes import Checkpoint
from tests.exchange.ledger.facts import NOW_US, ORIGIN, draft, write


def size(store):
    with store.reading() as connection:
        newest = newest_checkpoint(connection)
    return newest[0].size if newest else 0


def test_a_woken_loop_signs_what_was_committed_and_its_last_round_leaves_nothing_behind(store, signer, guard):
    stop, wake = threading.Event(), threading.Event()
    loop = SequencerLoop(store, GuardedKeys(signer, guard), lambda: NOW_US, 0.01, stop, wake)
    thread = threading.Thread(target=loop.run)
    thread.start()
    for i in range(20):
        write(store, draft(f"ord_{i}"))
        wake.set()
    stop.set()
    thread.join()
    assert size(store) == 20
    assert loop.failure is None


def test_a_loop_that_may_not_sign_ends_and_says_why(store, signer, guard):
    with guard.held() as last:
        guard.advance(last, Checkpoint(ORIGIN, 9, bytes(32)), [])  # Nine were signed; this database knows none.
    write(store, draft("ord_a"))
    stop = threading.Event()
    loop = SequencerLoop(store, GuardedKeys(signer, guard), lambda: NOW_US, 0.01, stop, threading.Event())
    with capture_logs() as said, pytest.raises(ForkRefused):
        loop.run()
    assert isinstance(loop.failure, ForkRefused)
    assert size(store) == 0
    assert [(one["event"], one["error"]) for one in said] == [("log.sequencing_stopped", "ForkRefused")]


def test_a_clock_that_stepped_back_delays_the_signature_and_loses_nothing(store, signer, guard, tmp_path):
    write(store, draft("ord_a"))
    Sequencer(store).run_once()
    sign_head(store, GuardedKeys(signer, guard), NOW_US)
    write(store, draft("ord_b"))
    stop = threading.Event()
    stop.set()
    SequencerLoop(store, GuardedKeys(signer, guard), lambda: NOW_US - 1, 0.01, stop, threading.Event()).run()
    assert size(store) == 1
    SequencerLoop(
        store, GuardedKeys(signer, Guard(tmp_path / "guard.json")), lambda: NOW_US, 0.01, stop, threading.Event()
    ).run()
    assert size(store) == 2
