"""The small market that is attacked here, once on each database."""

import pytest

from exchange.ledger.store import Store
from tests.exchange.rehearsal import Market, at


@pytest.fixture
def market(store: Store) -> Market:
    return Market(store, at("2026-03-02 09:00"))
