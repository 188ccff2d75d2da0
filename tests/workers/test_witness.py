"""A domain as a witness: it vouches for one history, runs tickets under that one only, keeps what contradicts it."""

from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from exchange.wire.cosignatures import WitnessKey, cosigners
from exchange.wire.log_policy import LogPolicy
from exchange.wire.witnessing import Witness, is_fork, request_of
from tests.workers.tiny_log import EXCHANGE, KEEPER, NOW_S, ORIGIN, PROVIDER, SIGNER, TinyLog, ticket
from workers.claims import Claims
from workers.engines import Answered
from workers.runner import Runner
from workers.witness import Journal, Watch

KEY = WitnessKey("hosp1", b"\x11" * 32)


@dataclass
class Shown:
    """The exchange as one domain sees it."""

    log: TinyLog
    policy: str = LogPolicy.of(SIGNER.vkeys(), [KEY.vkey], 1).text
    lines: list[tuple[int, str]] = field(default_factory=list)

    def candidate(self) -> str:
        return SIGNER.sign(self.log.checkpoint(), NOW_S * 1_000_000)

    def asked(self, old: int, after: int, wait_s: int) -> str:
        size = len(self.log.leaves)
        proof = [b64encode(step).decode() for step in self.log.consistency(old, size)] if 0 < old < size else []
        return request_of(old, proof, self.candidate())

    def log_policy(self) -> str:
        return self.policy

    def cosign(self, size: int, line: str) -> None:
        self.lines.append((size, line))


class NoEngine:
    def portable(self, tables: object) -> bool:
        return False

    def run(self, sql: str, tables: object) -> Answered:
        return Answered(("ward", "n"), ())


@pytest.fixture
def claims(tmp_path: Path) -> Claims:
    return Claims(tmp_path / "state.db")


def watch(claims: Claims, shown: Shown) -> Watch:
    witness = Witness(KEY, {ORIGIN: SIGNER.vkeys()}, Journal(claims), lambda: NOW_S)
    return Watch(witness, KEY.vkey, ORIGIN, claims, shown)  # type: ignore[arg-type]


def runner(claims: Claims, log: TinyLog) -> Runner:
    return Runner(KEEPER, claims, NoEngine(), PROVIDER, log.consistency, lambda: NOW_S, lambda: None)


def grown(count: int, word: bytes = b"other") -> TinyLog:
    log = TinyLog()
    log.grow(count, word)
    return log


def evidence(claims: Claims) -> list[tuple[str, str]]:
    with claims.changing() as db:
        return [(row[0], row[1]) for row in db.execute("SELECT held, refused FROM evidence")]


def test_it_hands_in_one_line_for_each_new_checkpoint(claims: Claims) -> None:
    shown = Shown(grown(5))
    watching = watch(claims, shown)

    for _ in range(2):
        assert watching.look_once()
    shown.log.grow(4)
    watching.look_once()

    assert [size for size, _ in shown.lines] == [5, 9]
    assert list(cosigners(shown.candidate() + shown.lines[1][1], [KEY.vkey])) == [KEY.vkey]


def test_one_the_policy_does_not_name_watches_all_the_same_and_says_nothing(claims: Claims) -> None:
    shown = Shown(grown(5), policy="quorum none\n")

    assert not watch(claims, shown).look_once()
    assert shown.lines == []
    assert claims.seen(ORIGIN)[0] == 5


def test_a_fork_is_refused_and_both_notes_are_kept(claims: Claims) -> None:
    shown = Shown(grown(5))
    watching = watch(claims, shown)
    watching.look_once()
    shown.log = grown(5, b"fork")
    watching.look_once()

    assert [size for size, _ in shown.lines] == [5]
    ((held, refused),) = evidence(claims)
    assert is_fork(held, refused, SIGNER.vkeys())


def test_a_log_that_shrank_is_not_cosigned(claims: Claims) -> None:
    shown = Shown(grown(5))
    watching = watch(claims, shown)
    watching.look_once()
    shown.log = grown(3)
    watching.look_once()

    assert (len(shown.lines), claims.seen(ORIGIN)[0]) == (1, 5)


def test_a_ticket_of_another_history_than_the_one_witnessed_does_not_run(claims: Claims) -> None:
    watch(claims, Shown(grown(5))).look_once()
    fork = grown(6, b"fork")

    runner(claims, fork).handle(fork.deliver(ticket().signed(EXCHANGE)))

    assert claims.undelivered() == []


def test_a_history_that_contradicts_a_ticket_is_not_cosigned(claims: Claims) -> None:
    honest = grown(5)
    runner(claims, honest).handle(honest.deliver(ticket().signed(EXCHANGE)))
    shown = Shown(grown(9, b"fork"))
    watch(claims, shown).look_once()

    assert len(claims.undelivered()) == 1
    assert shown.lines == []
    assert len(evidence(claims)) == 1


def test_what_is_witnessed_while_a_ticket_is_proved_counts_for_the_ticket(claims: Claims) -> None:
    """The proof is fetched from outside, which takes time; the witness may see another history meanwhile."""
    base, fork = grown(5), grown(5)
    watch(claims, Shown(base)).look_once()
    fork.grow(3, b"fork")
    token = fork.deliver(ticket().signed(EXCHANGE))
    other = grown(5)
    other.grow(7)

    def meanwhile(old: int, new: int) -> list[bytes]:
        watch(claims, Shown(other)).look_once()
        return fork.consistency(old, new) if new <= len(fork.leaves) else other.consistency(old, new)

    Runner(KEEPER, claims, NoEngine(), PROVIDER, meanwhile, lambda: NOW_S, lambda: None).handle(token)

    assert claims.undelivered() == []
    assert claims.seen(ORIGIN) == (12, other.checkpoint().root)
