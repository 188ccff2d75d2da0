"""The schema is applied, is what the code says, can be taken back and applied again: on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect
from sqlmodel import SQLModel

import exchange.app  # noqa: F401 - every slice's tables must be known.
from exchange import migrations
from exchange.ledger.store import Store


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A database in which nothing is."""
    postgres = request.param == "postgres"
    store = Store(request.getfixturevalue("pg_url") if postgres else f"sqlite:///{tmp_path / 'empty.db'}")
    yield store
    store.close()


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names()) - {"alembic_version"}


def test_the_schema_goes_up_has_not_drifted_comes_down_and_goes_up_again(empty: Store) -> None:
    with empty.engine.connect() as connection:
        migrations.upgrade(connection)
        known = set(SQLModel.metadata.tables)
        assert tables(connection) >= {"event", "head", "orders", "balance"}
        drift = compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), SQLModel.metadata)
        assert drift == []

        migrations.downgrade(connection, "base")
        assert tables(connection) == set()

        migrations.upgrade(connection)
        assert tables(connection) <= known
        connection.commit()


def test_a_migrated_log_is_guarded(empty: Store) -> None:
    with empty.engine.connect() as connection:
        migrations.upgrade(connection)
        connection.commit()
    with empty.reading() as connection:
        assert connection.exec_driver_sql("SELECT size FROM head").scalar() == 0
    with pytest.raises(Exception, match="append-only"), empty.writing() as connection:
        connection.exec_driver_sql("DELETE FROM head")
