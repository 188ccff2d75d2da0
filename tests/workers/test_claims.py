"""The journal: a ticket is claimed once, an outcome is kept until delivered, and the log only grows."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.claims import Claim, Claims

CLAIM = Claim("tkt_1", "a" * 64, "ord_1", "lic_1", 100)
ORIGIN = "log.example/test"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


def test_a_ticket_is_claimed_once_even_after_a_restart(path: Path) -> None:
    assert Claims(path).claim(CLAIM)

    assert not Claims(path).claim(CLAIM)


def test_another_ticket_under_the_same_id_is_not_claimed(path: Path) -> None:
    claims = Claims(path)
    claims.claim(CLAIM)

    assert not claims.claim(Claim("tkt_1", "b" * 64, "ord_2", "lic_1", 200))


def test_a_claim_without_an_outcome_is_unfinished_after_a_restart(path: Path) -> None:
    Claims(path).claim(CLAIM)

    assert Claims(path).unfinished() == [CLAIM]


def test_the_first_outcome_of_a_ticket_stands(path: Path) -> None:
    claims = Claims(path)
    claims.claim(CLAIM)
    claims.conclude("tkt_1", b"first")
    claims.conclude("tkt_1", b"second")

    assert claims.undelivered() == [("tkt_1", b"first")]
    assert claims.unfinished() == []


def test_an_outcome_waits_until_it_is_delivered_and_is_then_forgotten(path: Path) -> None:
    claims = Claims(path)
    claims.claim(CLAIM)
    claims.conclude("tkt_1", b"ciphertext")
    assert Claims(path).undelivered() == [("tkt_1", b"ciphertext")]

    claims.delivered("tkt_1")

    assert Claims(path).undelivered() == []
    assert not claims.claim(CLAIM)


def test_an_outcome_of_a_ticket_nobody_claimed_is_not_kept(path: Path) -> None:
    claims = Claims(path)

    with pytest.raises(Exception, match="FOREIGN KEY"):
        claims.conclude("tkt_9", b"x")
    assert claims.undelivered() == []
    assert claims.claim(CLAIM)


def test_the_journal_is_its_owners_alone(path: Path) -> None:
    Claims(path)

    assert path.stat().st_mode & 0o077 == 0


@given(sizes=st.lists(st.integers(1, 1000), min_size=1))
def test_the_checkpoint_seen_never_goes_back(tmp_path_factory: pytest.TempPathFactory, sizes: list[int]) -> None:
    path = tmp_path_factory.mktemp("seen") / "state.db"
    claims = Claims(path)
    for size in sizes:
        claims.see(ORIGIN, size, b"%d" % size)
        assert claims.seen(ORIGIN)[0] >= size

    assert Claims(path).seen(ORIGIN) == (max(sizes), b"%d" % max(sizes))
    assert claims.seen("another.example/log") == (0, b"")
