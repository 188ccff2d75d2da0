"""The small market that is attacked here, once on each database; and three real tables, once a session."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from exchange.ledger.store import Store
from tests.attacks.noisy import Desk, desk, sources
from tests.exchange.rehearsal import Market, at


@pytest.fixture
def market(store: Store) -> Market:
    return Market(store, at("2026-03-02 09:00"))


@pytest.fixture(scope="session")
def real_tables(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """The providers' own files, written once for all who attack noise."""
    return sources(tmp_path_factory.mktemp("sources"))


@pytest.fixture(scope="session")
def noisy(real_tables: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk(real_tables, tmp_path_factory.mktemp("noisy")) as opened:
        yield opened
