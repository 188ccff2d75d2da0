"""The market the auditor looks into, once on each database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from exchange.ledger.store import Store
from tests.exchange.audit.operating import Operator
from tests.market import Market


@pytest.fixture
def market(store: Store, tmp_path: Path) -> Market:
    return Market(store, tmp_path / "home")


@pytest.fixture
def operator(store: Store, tmp_path: Path) -> Iterator[Operator]:
    operator = Operator(store, tmp_path)
    yield operator
    for house in operator.houses:
        house.ground.store.close()
