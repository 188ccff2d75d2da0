"""The small market in which slices are tested."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from exchange.ledger import tables
from exchange.ledger.store import Store
from tests.exchange.rehearsal import Market, at


@pytest.fixture
def market(tmp_path: Path) -> Iterator[Market]:
    opened = Store(f"sqlite:///{tmp_path}/market.db")
    # Imported views have their tables by now: `create` makes all that are known.
    tables.create(opened)
    yield Market(opened, at("2026-03-02 09:00"))
    opened.close()
