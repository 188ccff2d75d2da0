"""A small log to write to: a signer with fixed seeds, a guard, and growth on demand."""

import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

from exchange.ledger.guard import Guard, GuardedKeys
from exchange.ledger.sequencer import Sequencer
from exchange.ledger.signer import sign_head
from exchange.ledger.store import Store
from exchange.wire.notes import LogSigner
from tests.exchange.ledger.facts import NOW_US, ORIGIN, draft, write


@pytest.fixture
def signer() -> LogSigner:
    return LogSigner(ORIGIN, bytes(range(32)), bytes(range(32, 64)))


@pytest.fixture
def guard(tmp_path: Path) -> Guard:
    return Guard(tmp_path / "guard.json")


@pytest.fixture
def grow(store: Store, signer: LogSigner, guard: Guard) -> Callable[[int], None]:
    """Write so many facts, place them and publish a checkpoint."""

    def more(count: int) -> None:
        write(store, *(draft(f"ord_{secrets.token_hex(8)}") for _ in range(count)))
        while Sequencer(store).run_once():
            pass
        sign_head(store, GuardedKeys(signer, guard), NOW_US)

    return more
