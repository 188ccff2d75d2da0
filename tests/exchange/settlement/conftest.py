"""Books on both databases, and on SQLite alone where the database is not the point."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from exchange.ledger import tables
from exchange.ledger.store import Store
from tests.exchange.settlement.books import Books


@pytest.fixture
def books(store: Store) -> Books:
    return Books(store)


@pytest.fixture
def lite_store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path}/books.db")
    tables.create(opened)
    yield opened
    opened.close()
