"""The market the auditor looks into, once on each database."""

from pathlib import Path

import pytest

from exchange.ledger.store import Store
from tests.market import Market


@pytest.fixture
def market(store: Store, tmp_path: Path) -> Market:
    return Market(store, tmp_path / "home")
