"""One domain at work: what a ticket leads to, what it does not, and what a crash leaves behind."""

import json
from base64 import b64decode
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, Self

import pytest

from exchange.wire.entries import commitment
from exchange.wire.envelope import Envelope
from exchange.wire.receipts import Receipt
from exchange.wire.refusals import Refusal
from exchange.wire.tickets import Ticket
from tests.workers.tiny_log import BUYER, EXCHANGE, KEEPER, NOW_S, OTHER, POLICIES, PROVIDER, TICKET, TinyLog, ticket
from workers.claims import Claims
from workers.engines import Answered, EngineCode, EngineRefused
from workers.runner import RESULT_TYPE, Runner

ROWS = ((0, 40, 40), (1, 30, 30))
SECRET = "row 17: Zhang San, HIV positive"


class Tables:
    """An engine that holds its answer ready, or fails, or dies, and counts how often it was asked."""

    def __init__(self, rows: tuple[tuple[Any, ...], ...] = ROWS, fails: BaseException | None = None) -> None:
        self.rows, self.fails, self.asked = rows, fails, 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def portable(self, tables: AbstractSet[str]) -> bool:
        return False

    def run(self, sql: str, tables: AbstractSet[str]) -> Answered:
        self.asked += 1
        if self.fails is not None:
            raise self.fails
        return Answered(("ward", "n", "units"), self.rows)


class Domain:
    """A runner with its journal on disk; made again on the same folder, it is the same domain after a restart."""

    def __init__(self, folder: Path, log: TinyLog, engine: Tables) -> None:
        self.claims, self.engine = Claims(folder / "state.db"), engine
        self.runner = Runner(KEEPER, self.claims, engine, PROVIDER, log.consistency, lambda: NOW_S, lambda: None)

    def reports(self) -> list[tuple[Receipt, str | None]]:
        bodies = [json.loads(body) for _, body in self.claims.undelivered()]
        opened = [Receipt.opened(Envelope.model_validate(one["receipt"]), (PROVIDER.public,)) for one in bodies]
        return [(receipt, one["ciphertext"]) for receipt, one in zip(opened, bodies, strict=True)]

    def refusal(self) -> Refusal | None:
        ((receipt, ciphertext),) = self.reports()
        assert ciphertext is None
        return receipt.refusal


@pytest.fixture
def log() -> TinyLog:
    return TinyLog()


def delivered(log: TinyLog, one: Ticket = TICKET) -> str:
    return log.deliver(one.signed(EXCHANGE))


def test_a_good_ticket_leads_to_an_answer_only_its_buyer_opens(tmp_path: Path, log: TinyLog) -> None:
    domain = Domain(tmp_path, log, Tables())

    domain.runner.handle(delivered(log))

    ((receipt, ciphertext),) = domain.reports()
    assert receipt.output is not None
    assert ciphertext is not None
    digest = TICKET.signed(EXCHANGE).digest
    assert (receipt.ticket_id, receipt.ticket_digest, receipt.order_id) == ("tkt_1", digest, "ord_1")
    plain = json.loads(BUYER.open(b64decode(ciphertext), order_id="ord_1", ticket_digest=digest))
    assert json.loads(plain["answer"])["rows"] == [[0, 40], [1, 30]]
    assert commitment(b64decode(plain["salt"]), RESULT_TYPE, plain["answer"].encode()) == receipt.output.tag


def test_a_ticket_brought_twice_runs_once(tmp_path: Path, log: TinyLog) -> None:
    domain, token = Domain(tmp_path, log, Tables()), delivered(log)

    domain.runner.handle(token)
    domain.runner.handle(token)

    assert domain.engine.asked == 1
    assert len(domain.reports()) == 1


def test_a_ticket_brought_again_after_a_restart_and_a_delivery_does_not_run(tmp_path: Path, log: TinyLog) -> None:
    token = delivered(log)
    before = Domain(tmp_path, log, Tables())
    before.runner.handle(token)
    before.claims.delivered("tkt_1")

    after = Domain(tmp_path, log, Tables())
    after.runner.recover()
    after.runner.handle(token)

    assert after.engine.asked == 0
    assert after.reports() == []


def test_a_death_between_claim_and_outcome_is_told_and_nothing_runs_a_second_time(tmp_path: Path, log: TinyLog) -> None:
    token = delivered(log)
    dying = Domain(tmp_path, log, Tables(fails=SystemExit()))
    with pytest.raises(SystemExit):
        dying.runner.handle(token)
    assert dying.reports() == []

    after = Domain(tmp_path, log, Tables())
    after.runner.recover()
    after.runner.handle(token)

    assert after.engine.asked == 0
    assert after.refusal() is Refusal.INTERRUPTED


def test_an_outcome_not_yet_delivered_is_there_after_a_restart(tmp_path: Path, log: TinyLog) -> None:
    before = Domain(tmp_path, log, Tables())
    before.runner.handle(delivered(log))

    after = Domain(tmp_path, log, Tables())
    after.runner.recover()

    assert after.reports() == before.reports()


def test_a_copy_that_was_spoiled_does_not_use_up_the_good_ones_turn(tmp_path: Path, log: TinyLog) -> None:
    domain, token = Domain(tmp_path, log, Tables()), delivered(log)
    spoiled = token.replace('"proof":"c2sp', '"proof":"d2sp')

    domain.runner.handle(spoiled)
    assert domain.reports() == []
    domain.runner.handle(token)

    assert domain.engine.asked == 1


def test_a_ticket_by_a_stranger_leaves_no_trace(tmp_path: Path, log: TinyLog) -> None:
    domain = Domain(tmp_path, log, Tables())

    domain.runner.handle(log.deliver(TICKET.signed(OTHER)))

    assert (domain.engine.asked, domain.reports(), domain.claims.unfinished()) == (0, [], [])


def test_a_ticket_that_was_proven_and_is_late_is_refused_aloud(tmp_path: Path, log: TinyLog) -> None:
    domain = Domain(tmp_path, log, Tables())

    domain.runner.handle(delivered(log, ticket(expires_at_s=NOW_S)))

    assert domain.refusal() is Refusal.STALE
    assert domain.engine.asked == 0


@pytest.mark.parametrize(
    "error",
    [ValueError(SECRET), KeyError(SECRET), MemoryError(SECRET), EngineRefused(EngineCode.MEMORY)],
    ids=lambda error: type(error).__name__,
)
def test_whatever_the_engine_says_in_failing_never_leaves(
    tmp_path: Path, log: TinyLog, error: BaseException, capsys: pytest.CaptureFixture[str]
) -> None:
    domain = Domain(tmp_path, log, Tables(fails=error))

    domain.runner.handle(delivered(log))

    assert domain.refusal() is Refusal.COMPUTATION_FAILED
    ((_, body),) = domain.claims.undelivered()
    said = capsys.readouterr()
    assert SECRET not in body.decode() + said.out + said.err


def test_a_group_below_the_floor_fails_the_ticket_and_is_not_told(tmp_path: Path, log: TinyLog) -> None:
    domain = Domain(tmp_path, log, Tables(rows=((0, 40, 40), (1, 9, 9))))

    domain.runner.handle(delivered(log))

    assert domain.refusal() is Refusal.COMPUTATION_FAILED


def test_a_query_the_rules_deny_never_reaches_the_engine(tmp_path: Path, log: TinyLog) -> None:
    domain = Domain(tmp_path, log, Tables())
    asked = TICKET.computation.model_copy(update={"sql": "SELECT person FROM visits"})

    domain.runner.handle(delivered(log, ticket(computation=asked)))

    assert domain.refusal() is Refusal.NOT_DISCLOSABLE
    assert domain.engine.asked == 0


def test_nothing_above_the_floor_is_said_in_one_word(tmp_path: Path, log: TinyLog) -> None:
    domain = Domain(tmp_path, log, Tables(rows=()))

    domain.runner.handle(delivered(log))

    assert domain.refusal() is Refusal.NOTHING_RELEASABLE


def test_a_buyers_key_that_is_none_is_refused_and_does_not_leave_the_ticket_open(tmp_path: Path, log: TinyLog) -> None:
    domain = Domain(tmp_path, log, Tables())

    domain.runner.handle(delivered(log, ticket(recipient_key="AAAA")))

    assert domain.refusal() is Refusal.LICENCE_INVALID
    assert domain.claims.unfinished() == []


def test_a_receipt_has_exactly_these_words(tmp_path: Path, log: TinyLog) -> None:
    domain = Domain(tmp_path, log, Tables())
    domain.runner.handle(delivered(log))

    ((receipt, _),) = domain.reports()

    told = receipt.model_dump(mode="json")
    assert set(told) == {
        "ticket_id", "ticket_digest", "order_id", "domain", "output", "refusal", "plan_digest", "spent_nrho",
        "policy_digest", "log_size", "started_at_s", "finished_at_s",
    }  # fmt: skip
    assert set(told["output"]) == {"ciphertext_sha256", "ciphertext_bytes", "recipient_kid", "tag"}
    assert (told["log_size"], told["policy_digest"]) == (1, POLICIES)


def test_while_the_exchange_is_away_the_ticket_stays_unclaimed(tmp_path: Path, log: TinyLog) -> None:
    domain = Domain(tmp_path, log, Tables())
    domain.runner.handle(delivered(log))
    log.grow(3)
    second = delivered(log, ticket(id="tkt_2"))

    def away(old: int, new: int) -> list[bytes]:
        raise SystemExit

    waiting = Runner(KEEPER, domain.claims, domain.engine, PROVIDER, away, lambda: NOW_S, lambda: None)
    with pytest.raises(SystemExit):
        waiting.handle(second)
    assert domain.claims.unfinished() == []

    domain.runner.handle(second)
    assert domain.engine.asked == 2
