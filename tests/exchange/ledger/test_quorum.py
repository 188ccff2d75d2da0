"""Published is what enough witnesses stand behind; until then the log grows, is signed, and nothing follows it."""

from pathlib import Path

import pytest

from exchange.client.verify import verify_log
from exchange.ledger import proofs, quorum
from exchange.ledger.backlog import Backlog
from exchange.ledger.export import export
from exchange.ledger.guard import Guard, GuardedKeys
from exchange.ledger.sequencer import Sequencer
from exchange.ledger.signer import sign_head
from exchange.ledger.store import Store
from exchange.wire.cosignatures import WitnessKey, cosigners
from exchange.wire.log_policy import LogPolicy
from exchange.wire.notes import LogSigner, read_checkpoint
from tests.exchange.ledger.facts import NOW_US, draft, write

WITNESSES = [WitnessKey(f"w{n}.example", bytes([n]) * 32) for n in (1, 2, 3)]
VKEYS = [one.vkey for one in WITNESSES]
STRANGER = WitnessKey("w4.example", bytes([4]) * 32)


class Log:
    """A log that needs two of three."""

    def __init__(self, store: Store, signer: LogSigner, guard: Guard) -> None:
        self.store, self.signer, self._guard = store, signer, guard
        self.policy = LogPolicy.of(signer.vkeys(), VKEYS, 2)
        self._subjects = 0

    def grow(self, count: int = 3) -> None:
        write(self.store, *(draft(f"ord_{self._subjects + n}") for n in range(count)))
        self._subjects += count
        Sequencer(self.store).run_once()
        sign_head(self.store, GuardedKeys(self.signer, self._guard), NOW_US, needs_quorum=True)

    def asked(self) -> int:
        with self.store.reading() as connection:
            note = quorum.candidate(connection)
        return read_checkpoint(note)[0].size if note else 0

    def published(self) -> int:
        with self.store.reading() as connection:
            newest = proofs.newest_checkpoint(connection)
        return newest[0].size if newest else 0

    def cosigned(self, witness: WitnessKey, size: int | None = None) -> bool:
        size = size or self.asked()
        with self.store.writing() as connection:
            note = connection.exec_driver_sql(f"SELECT note FROM checkpoint WHERE size = {size}").scalar_one()
            return quorum.keep(connection, size, witness.cosign(read_checkpoint(note)[0], 5), self.policy, NOW_US)


@pytest.fixture
def log(store: Store, signer: LogSigner, guard: Guard) -> Log:
    return Log(store, signer, guard)


def test_a_checkpoint_is_published_by_its_quorum_and_not_before(log: Log) -> None:
    log.grow()

    assert (log.published(), log.asked()) == (0, 3)
    assert log.cosigned(WITNESSES[0]) is False
    assert log.cosigned(WITNESSES[0]) is False  # The same one again is still one.
    assert log.published() == 0
    assert log.cosigned(WITNESSES[2]) is True
    assert log.published() == 3


def test_all_witnesses_are_asked_for_the_same_one_while_the_log_grows(log: Log) -> None:
    log.grow()
    log.cosigned(WITNESSES[0])
    log.grow()
    log.grow()

    assert log.asked() == 3
    log.cosigned(WITNESSES[1])
    assert (log.published(), log.asked()) == (3, 9)


def test_witnesses_that_missed_each_other_meet_at_the_newer(log: Log) -> None:
    log.grow()
    log.grow()
    log.cosigned(WITNESSES[0], 3)
    log.cosigned(WITNESSES[1], 6)

    assert log.asked() == 6
    log.cosigned(WITNESSES[0], 6)
    assert (log.published(), log.asked()) == (6, 6)


def test_a_line_of_no_witness_or_over_another_checkpoint_is_not_kept(log: Log) -> None:
    log.grow()
    log.grow()
    with log.store.reading() as connection:
        note = quorum.candidate(connection)
    assert note is not None
    checkpoint = read_checkpoint(note)[0]
    good = WITNESSES[0].cosign(checkpoint, 5)

    for line in (STRANGER.cosign(checkpoint, 5), good + good, good + STRANGER.cosign(checkpoint, 5), "— x y\n", ""):
        with pytest.raises(quorum.CosignatureRefused), log.store.writing() as connection:
            quorum.keep(connection, 6, line, log.policy, NOW_US)
    with pytest.raises(quorum.CosignatureRefused), log.store.writing() as connection:
        quorum.keep(connection, 3, good, log.policy, NOW_US)
    with pytest.raises(quorum.NoSuchCheckpoint), log.store.writing() as connection:
        quorum.keep(connection, 4, good, log.policy, NOW_US)


def test_what_is_served_proved_and_exported_bears_the_cosignatures(log: Log, tmp_path: Path) -> None:
    log.grow()
    log.cosigned(WITNESSES[0])
    log.cosigned(WITNESSES[1])
    folder = tmp_path / "export"
    export(log.store, folder, log.signer.vkeys())

    with log.store.reading() as connection:
        event_id = connection.exec_driver_sql("SELECT id FROM event LIMIT 1").scalar_one()
        note = proofs.log_proof(connection, event_id).checkpoint
    assert set(cosigners(note, VKEYS)) == set(VKEYS[:2])
    assert (folder / "checkpoints/3").read_text() == (folder / "checkpoint").read_text() == note
    assert verify_log(folder, log.signer.vkeys(), witnesses=VKEYS, quorum=2).size == 3


def test_a_cosignature_cannot_be_changed_or_taken_away(log: Log) -> None:
    log.grow()
    log.cosigned(WITNESSES[0])

    for statement in ("DELETE FROM cosignature", "UPDATE cosignature SET line = ''"):
        with pytest.raises(Exception, match="append-only"), log.store.writing() as connection:
            connection.exec_driver_sql(statement)


def test_witnesses_that_are_away_stop_no_new_facts(log: Log) -> None:
    now_s = [0.0]
    backlog = Backlog(log.store, lambda: now_s[0])

    for _ in range(4):
        log.grow()
        assert backlog.refusal() == ""
        now_s[0] += 10
    assert log.published() == 0


def test_without_a_quorum_what_is_signed_is_published(store: Store, signer: LogSigner, guard: Guard) -> None:
    write(store, draft("ord_a"))
    Sequencer(store).run_once()
    sign_head(store, GuardedKeys(signer, guard), NOW_US)

    with store.reading() as connection:
        newest = proofs.newest_checkpoint(connection)
        assert newest is not None
        assert quorum.candidate(connection) == newest[1]
