"""The holder of the log's keys as a process: it signs what continues the log, refuses what does not, and is alone."""

import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from exchange.ledger.guard import ClockSteppedBack, ForkRefused, GuardMoved, Remembered
from exchange.ledger.keeping import DistantKeys, SignerAway
from exchange.ledger.proofs import newest_checkpoint
from exchange.ledger.sequencer import Sequencer
from exchange.ledger.sequencing import SequencerLoop
from exchange.ledger.signer import sign_head
from exchange.wire.merkle import EMPTY_ROOT, leaf_hash
from exchange.wire.notes import Checkpoint, open_checkpoint
from tests.exchange.ledger.facts import NOW_US, ORIGIN, draft, write


class Running:
    """The process that `exchange signer` becomes."""

    def __init__(self, home):
        self.home, self.keys = home, DistantKeys(home / "socket")
        self.process = None

    def start(self):
        places = {"keys": "secrets", "guard": "guard", "socket": "socket"}
        words = [word for name, place in places.items() for word in (f"--{name}", str(self.home / place))]
        words = [sys.executable, "-m", "exchange.ledger.keeping", *words, "--origin", ORIGIN]
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(words, stderr=log)
        for _ in range(600):
            try:
                return self.keys.vkeys()
            except SignerAway:
                time.sleep(0.05)
        raise RuntimeError("the signer does not start")

    def stop(self, signum=signal.SIGTERM):
        self.process.send_signal(signum)
        self.process.wait()


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    signer = Running(tmp_path_factory.mktemp("s"))
    signer.start()
    yield signer
    signer.stop()


def test_a_signer_signs_what_continues_the_log_and_nothing_else_also_after_it_was_killed(running):
    vkeys, first = running.keys.vkeys(), Checkpoint(ORIGIN, 1, leaf_hash(b"a"))
    assert running.keys.remembered() is None
    note = running.keys.sign(0, [], first, NOW_US)
    assert open_checkpoint(note, vkeys) == first

    running.stop(signal.SIGKILL)
    with pytest.raises(SignerAway):
        running.keys.remembered()
    assert running.start() == vkeys
    assert running.keys.remembered() == Remembered(ORIGIN, 1, first.root, NOW_US)

    second = Checkpoint(ORIGIN, 2, leaf_hash(b"b"))
    with pytest.raises(ForkRefused):  # No proof that it continues the first.
        running.keys.sign(1, [], second, NOW_US)
    with pytest.raises(ForkRefused):  # A database restored from before.
        running.keys.sign(1, [], Checkpoint(ORIGIN, 0, EMPTY_ROOT), NOW_US)
    with pytest.raises(ForkRefused):
        running.keys.sign(1, [], Checkpoint(ORIGIN, 1, leaf_hash(b"other")), NOW_US)
    with pytest.raises(GuardMoved):
        running.keys.sign(0, [], second, NOW_US)
    with pytest.raises(ClockSteppedBack):
        running.keys.sign(1, [], first, NOW_US - 1)
    with pytest.raises(ClockSteppedBack):  # Remembered, such a time would stop all signing until it comes.
        running.keys.sign(1, [], first, time.time_ns() // 1_000 + 3_600_000_000)
    assert open_checkpoint(running.keys.sign(1, [], first, NOW_US), vkeys) == first


@pytest.mark.parametrize("line", [b"{}", b"nonsense", b'{"ask":"keys"}', b'{"ask":"sign"}', b"[]", b"\xff", b"1"])
def test_what_cannot_be_read_is_refused_and_the_signer_goes_on(running, line):
    with socket.socket(socket.AF_UNIX) as one:
        one.connect(str(running.home / "socket"))
        one.sendall(line + b"\n")
        assert one.makefile("rb").readline() == b'{"refused":"Unreadable"}\n'
    assert len(running.keys.vkeys()) == 2


def test_the_keys_the_guard_and_the_socket_are_their_owners_alone(running):
    running.keys.remembered()  # The guard's lock is made when it is first asked.
    found = [running.home / "socket", running.home / "guard.lock", *(running.home / "secrets").iterdir()]
    assert len(found) == 4
    assert [oct(path.stat().st_mode & 0o077) for path in found] == ["0o0"] * 4


def test_a_sequencer_without_keys_has_the_log_signed_and_waits_for_a_signer_that_is_away(store, tmp_path):
    signer = Running(tmp_path)
    stop, wake = threading.Event(), threading.Event()
    loop = SequencerLoop(store, signer.keys, lambda: NOW_US, 0.01, stop, wake)
    write(store, draft("ord_a"))
    thread = threading.Thread(target=loop.run)
    thread.start()
    vkeys = signer.start()
    for _ in range(400):
        with store.reading() as connection:
            newest = newest_checkpoint(connection)
        if newest:
            break
        time.sleep(0.01)
    stop.set()
    thread.join()
    assert open_checkpoint(newest[1], vkeys).size == 1
    write(store, draft("ord_b"))
    Sequencer(store).run_once()
    assert sign_head(store, signer.keys, NOW_US).size == 2
    signer.stop()
