"""PostgreSQL as the provider's own database: checked queries run where the data lies, as a role that does nothing else.

The database confines them: a role that reads the prepared tables and nothing besides, which is seen before any
query; transactions that only read; a deadline of the server's own; one connection a query. No word of it gets out.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from decimal import Decimal
from math import isfinite
from typing import Any, ClassVar, Self

import psycopg
from psycopg import errors

from workers.engines import Answered, Cell, EngineCode, EngineRefused, Limits
from workers.engines.portable import written

SCHEMA = "dx"
CONNECT_S = 10
# What a reader must not be, and what it must not reach: each is a reason not to start.
_TOO_MUCH: Mapping[str, str] = {
    "MIGHTY": "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls "
    "FROM pg_roles WHERE rolname = current_user",
    "MEMBER": "SELECT EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member "
    "WHERE r.rolname = current_user)",
    "WRITES": "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_t%%' "
    "AND c.relkind IN ('r', 'p', 'v', 'm', 'f') "
    "AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER'))",
    "READS_MORE": "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_t%%' "
    "AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND has_schema_privilege(n.oid, 'USAGE') "
    "AND has_any_column_privilege(c.oid, 'SELECT') AND NOT (n.nspname = %(schema)s AND c.relname = ANY(%(tables)s)))",
    "MAKES": "SELECT EXISTS (SELECT FROM pg_namespace n WHERE n.nspname NOT LIKE 'pg\\_%%' "
    "AND has_schema_privilege(n.oid, 'CREATE'))",
    "MISSING": "SELECT EXISTS (SELECT FROM unnest(%(tables)s::text[]) t, "
    "LATERAL (SELECT to_regclass(format('%%I.%%I', %(schema)s::text, t)) AS id) AS found "
    "WHERE id IS NULL OR NOT has_table_privilege(id, 'SELECT'))",
}


class DatabaseUnfit(Exception):
    """This role is not confined to the prepared tables, so no query is run as it. The word says why."""

    code: ClassVar = "DATABASE_UNFIT"


class Postgres:
    """One domain's prepared tables in the provider's own database."""

    def __init__(self, conninfo: str, tables: AbstractSet[str], limits: Limits) -> None:
        self._conninfo, self._tables, self._limits = conninfo, frozenset(tables), limits

    def __enter__(self) -> Self:
        asked = {"schema": SCHEMA, "tables": sorted(self._tables)}
        try:
            with self._connected() as connection:
                for word, question in _TOO_MUCH.items():
                    if connection.execute(_own(question), asked).fetchone() != (False,):
                        raise DatabaseUnfit(word)
        except psycopg.Error:
            # What the driver says of a failed connection names where it tried to go, and as whom.
            raise DatabaseUnfit("UNREACHABLE") from None
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def portable(self, tables: AbstractSet[str]) -> bool:
        return True

    def run(self, sql: str, tables: AbstractSet[str]) -> Answered:
        """The rows, or `EngineRefused`; of a text past the deadline the server itself stops the work."""
        if not tables <= self._tables:
            raise EngineRefused(EngineCode.FAILED)
        text = written(sql, tables, SCHEMA)
        try:
            with self._connected() as connection, connection.cursor("answer") as cursor:
                cursor.execute(_own(text))
                columns = tuple(column.name for column in cursor.description or ())
                # One row more than allowed, so that "too many" is seen rather than silently cut.
                rows = cursor.fetchmany(self._limits.rows_max + 1)
        except errors.QueryCanceled:
            raise EngineRefused(EngineCode.TIMEOUT) from None
        except errors.OutOfMemory:
            raise EngineRefused(EngineCode.MEMORY) from None
        except psycopg.Error:
            raise EngineRefused(EngineCode.FAILED) from None
        return self._answered(columns, rows)

    def _connected(self) -> psycopg.Connection[tuple[Any, ...]]:
        options = (
            "-c default_transaction_read_only=on -c search_path=pg_catalog -c TimeZone=UTC "
            "-c standard_conforming_strings=on -c client_encoding=UTF8 "
            f"-c statement_timeout={self._limits.wall_s * 1000} "
            f"-c work_mem={self._limits.memory_bytes // 8192}kB -c max_parallel_workers_per_gather=1"
        )
        return psycopg.connect(
            self._conninfo, options=options, connect_timeout=CONNECT_S, application_name="dx",
            keepalives_idle=5, keepalives_interval=5, keepalives_count=2,
        )  # fmt: skip

    def _answered(self, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> Answered:
        if len(rows) > self._limits.rows_max:
            raise EngineRefused(EngineCode.OUTPUT_TOO_LARGE)
        told = tuple(tuple(_cell(cell) for cell in row) for row in rows)
        if sum(len(str(cell).encode()) + 1 for row in told for cell in row) > self._limits.output_bytes:
            raise EngineRefused(EngineCode.OUTPUT_TOO_LARGE)
        return Answered(columns, told)


def _own(text: str) -> bytes:
    """Text of our own making, as the driver takes what is not written in the code; a buyer's never comes here."""
    return text.encode()


def _cell(value: object) -> Cell:
    """As they come out of the jail: what is not a whole number as decimal text, a date as ISO text."""
    if value is None or isinstance(value, bool | str | int):
        return value
    if isinstance(value, float) and isfinite(value):
        return format(Decimal(repr(value)), "f")
    if isinstance(value, Decimal) and value.is_finite():
        return int(value) if value == value.to_integral_value() and _exponent(value) >= 0 else format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    raise EngineRefused(EngineCode.FAILED)


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return exponent if isinstance(exponent, int) else -1
