"""A provider's own PostgreSQL for tests: an owner who may do everything, and a reader who may do one thing."""

from typing import NamedTuple
from uuid import uuid4

import duckdb
import psycopg

from workers.assets import AssetSpec
from workers.engines.postgres import SCHEMA
from workers.onboarding_postgres import prepare

_TYPES = {
    "INTEGER": "bigint", "BIGINT": "bigint", "DOUBLE": "double precision", "VARCHAR": 'text COLLATE "C"',
    "DATE": "date", "BOOLEAN": "boolean",
}  # fmt: skip


class Database(NamedTuple):
    """How to connect: as whom the data belongs to, and as whom queries run."""

    owner: str
    reader: str
    role: str

    def told(self, *statements: str) -> None:
        with psycopg.connect(self.owner, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def prepared(self, spec: AssetSpec, source: str) -> None:
        prepare(self.owner, source, spec, self.reader)


def made(server: str) -> Database:
    """A database with one role that may log in and nothing else."""
    owner, role = server.replace("postgresql+psycopg://", "postgresql://"), f"reader_{uuid4().hex[:12]}"
    database = Database(owner, owner.replace("//postgres", f"//{role}", 1), role)
    database.told(f"CREATE ROLE {role} LOGIN", "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    return database


def with_tables(server: str) -> Database:
    """The two tables of `write_tables`, prepared by hand: the engine does not care by whom."""
    database = made(server)
    role = database.role
    database.told(
        f"CREATE SCHEMA {SCHEMA}",
        f"CREATE TABLE {SCHEMA}.visits AS SELECT i AS visit, i % 100 AS person, i % 7 AS ward, "
        "i * 1.5::double precision AS cost FROM generate_series(0::bigint, 999) i",
        f"CREATE TABLE {SCHEMA}.salaries AS SELECT i AS person, 'secret-' || i AS salary FROM generate_series(0, 99) i",
        f"GRANT USAGE ON SCHEMA {SCHEMA} TO {role}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {SCHEMA} TO {role}",
    )
    return database


def copied(data: duckdb.DuckDBPyConnection, server: str) -> tuple[Database, frozenset[str]]:
    """All tables of a DuckDB, cell by cell, as if they had been prepared here."""
    database = made(server)
    database.told(f"CREATE SCHEMA {SCHEMA}", f"GRANT USAGE ON SCHEMA {SCHEMA} TO {database.role}")
    names = [str(row[0]) for row in data.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
    with psycopg.connect(database.owner) as connection:
        for name in names:
            found = data.execute(f"SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = '{name}'")
            columns = ", ".join(f'"{column}" {_TYPES[kind]}' for column, kind in found.fetchall())
            connection.execute(f'CREATE TABLE {SCHEMA}."{name}" ({columns})'.encode())
            with connection.cursor().copy(f'COPY {SCHEMA}."{name}" FROM STDIN'.encode()) as rows:
                for row in data.execute(f'FROM "{name}"').fetchall():
                    rows.write_row(row)
            connection.execute(f'GRANT SELECT ON {SCHEMA}."{name}" TO {database.role}'.encode())
    return database, frozenset(names)
