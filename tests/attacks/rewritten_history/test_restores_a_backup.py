"""Yesterday's database is put back: by accident, the likeliest of all attacks. The guard lies elsewhere, and knows."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from exchange.ledger.guard import ForkRefused
from exchange.ledger.proofs import newest_checkpoint
from exchange.ledger.store import Store
from tests.attacks.rewritten_history.books import Log, refused


@pytest.fixture
def backup(store: Store, request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Makes a copy of the database as it is now; answers with its address."""

    def copied() -> str:
        store.close()
        if store.is_sqlite:
            shutil.copy(tmp_path / "log.db", tmp_path / "yesterday.db")
            return f"sqlite:///{tmp_path}/yesterday.db"
        name = store.url.partition("?")[0].rpartition("/")[2]
        engine = create_engine(request.getfixturevalue("pg_server"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}_yesterday TEMPLATE {name}")
        engine.dispose()
        return store.url.replace(name, f"{name}_yesterday")

    return copied


def test_a_database_of_yesterday_is_signed_neither_as_it_is_nor_when_it_has_grown(
    log: Log, backup: Callable[[], str]
) -> None:
    yesterday = backup()
    log.grow(1)
    remembered = log.note()
    restored = Log(Store(yesterday), log.home / "restored")
    restored.guard = log.guard
    restored.home.mkdir()

    assert restored.not_signed() == "the tree is smaller than what was signed"
    with pytest.raises(ForkRefused, match="the tree does not continue what was signed"):
        restored.grow(3)  # Longer than what was signed, and different.
    with restored.store.reading() as connection:
        newest = newest_checkpoint(connection)
    assert newest is not None
    assert newest[0].size == 8
    assert refused(restored.exported(), remembered).startswith("10 memory")
    restored.store.close()
