"""Money does not leave on a history that only the exchange has seen: on both databases."""

from pathlib import Path

import pytest

from exchange.kernel import errors
from exchange.ledger import quorum, standing
from exchange.ledger.guard import Guard, GuardedKeys
from exchange.ledger.sequencer import Sequencer
from exchange.ledger.signer import sign_head
from exchange.settlement import accounts, instructions, paying, payout_views
from exchange.settlement.model import Batch, BatchState
from exchange.settlement.payout import Payout
from exchange.wire.cosignatures import WitnessKey
from exchange.wire.log_policy import LogPolicy
from exchange.wire.notes import LogSigner, read_checkpoint
from tests.exchange.settlement.books import BANK_CO, STAFF, Books

SIGNER = LogSigner("log.example/m", bytes([1]) * 32, bytes([2]) * 32)
WITNESSES = [WitnessKey(f"w{n}.example", bytes([n]) * 32) for n in (1, 2, 3)]
POLICY = LogPolicy.of(SIGNER.vkeys(), [one.vkey for one in WITNESSES], 2)


class Watched:
    """Books whose log needs two witnesses in three."""

    def __init__(self, books: Books, guard: Guard) -> None:
        self.books, self._guard = books, guard
        books.ground.needs_quorum = True

    def signs(self) -> None:
        store = self.books.ground.store
        while Sequencer(store).run_once():
            pass
        sign_head(store, GuardedKeys(SIGNER, self._guard), self.books.clock.now, needs_quorum=True)

    def cosigned(self) -> None:
        self.signs()
        with self.books.ground.store.writing() as connection:
            checkpoint = read_checkpoint(quorum.candidate(connection) or "")[0]
            for witness in WITNESSES[:2]:
                line = witness.cosign(checkpoint, 5)
                quorum.keep(connection, checkpoint.size, line, POLICY, self.books.clock.now)

    def health(self) -> dict[str, int | bool]:
        with self.books.ground.store.reading() as connection:
            return standing.health(connection, self.books.clock.now)


@pytest.fixture
def watched(books: Books, tmp_path: Path) -> Watched:
    books.fund(BANK_CO, 10_001, "in-a")
    books.hold("ord_a", 10_000)
    return Watched(books, Guard(tmp_path / "guard"))


def state(books: Books, batch_id: str) -> str:
    with books.ground.reading(STAFF) as unit:
        return unit.get(Batch, batch_id).state


def refused(books: Books, batch_id: str) -> str:
    with pytest.raises(errors.LogStopped) as caught:
        books.pay(batch_id)
    return caught.value.reason


def test_a_batch_is_paid_once_the_quorum_has_seen_its_receipts_and_not_before(watched: Watched) -> None:
    books = watched.books
    watched.cosigned()
    books.capture("ord_a", 10_000)
    books.accept("ord_a")
    batch = books.close_day()
    books.clock.set(2026, 4, 2, 9)
    watched.signs()  # Signed by us alone.

    assert refused(books, batch.id) == "E_QUORUM"
    watched.cosigned()
    assert books.pay(batch.id).state == BatchState.PAID


def test_nothing_is_paid_five_minutes_after_the_quorum_went_away_and_it_goes_on_by_itself(watched: Watched) -> None:
    books = watched.books
    books.capture("ord_a", 10_000)
    books.accept("ord_a")
    batch = books.close_day()
    books.clock.set(2026, 4, 2, 9)
    watched.cosigned()
    assert watched.health() == {"quorum_lag_us": 0, "alarm": False, "payouts_stopped": False}
    books.fund(BANK_CO, 1, "in-b")  # A fact that waits; it need not even be placed.

    seen = []
    for seconds in (60, 1, 239):
        books.clock.forward(seconds)
        seen.append((watched.health()["alarm"], watched.health()["payouts_stopped"]))
    books.clock.forward(1)

    assert seen == [(False, False), (True, False), (True, False)]
    assert watched.health()["payouts_stopped"] is True
    assert refused(books, batch.id) == "E_QUORUM"
    watched.cosigned()
    assert watched.health()["alarm"] is False
    assert books.pay(batch.id).state == BatchState.PAID


def test_a_payout_that_was_ordered_waits_too(watched: Watched) -> None:
    books = watched.books
    books.capture("ord_a", 10_000)
    books.accept("ord_a")
    batch = books.close_day()
    books.clock.set(2026, 4, 2, 9)
    watched.cosigned()
    with books.ground.writing(STAFF) as unit:
        paying.pay(unit, batch.id)
    books.clock.forward(301)

    books.teller.run_once()
    before = state(books, batch.id)
    watched.cosigned()
    books.teller.run_once()

    assert (before, state(books, batch.id)) == (BatchState.SUBMITTED, BatchState.PAID)


def test_a_part_that_was_about_to_be_sent_waits_too(watched: Watched) -> None:
    books = watched.books
    books.capture("ord_a", 10_000)
    books.accept("ord_a")
    batch = books.close_day()
    books.clock.set(2026, 4, 2, 9)
    watched.cosigned()
    with books.ground.writing(STAFF) as unit:
        paying.pay(unit, batch.id)
        for payout_id in payout_views.payouts_due(unit.connection, unit.now, ""):
            payout = unit.get(Payout, payout_id)
            to = accounts.payable_to(unit, payout.payee_id)
            instructions.submit(unit, payout, to, None)
    books.clock.forward(301)

    books.teller.run_once()
    before = [one.status for one in books.rails.bank.movements() if one.paid_fen > 0]
    watched.cosigned()
    books.teller.run_once()

    assert before == []
    assert state(books, batch.id) == BatchState.PAID
