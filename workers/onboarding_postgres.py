"""Preparing a table of the provider's own PostgreSQL: checked, sorted by privacy unit, ranked, written beside it.

It runs once, as the owner of the data, and leaves a table in a schema of its own that one other role may read. What is
told is what is told of a file: counts, and what was declared.
"""

# ruff: noqa: S608 - every name in these statements is a declared one, and those are plain words by their type.

import hashlib
import re
import secrets

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from policies.disclosure import Column
from workers.assets import AssetSpec, ColumnProfile, Profile
from workers.engines.postgres import SCHEMA
from workers.onboarding import OnboardingCode, OnboardingRefused
from workers.sources import listed, quoted

Connection = psycopg.Connection[tuple[object, ...]]
_PREPARING = "Preparing"  # No asset can have this name: those are in small letters.
_SOURCE = re.compile(r"([a-z_][a-z0-9_]{0,62})\.([a-z_][a-z0-9_]{0,62})")
_WHOLE = {"smallint", "integer", "bigint"}
_FROM = {
    "int": _WHOLE, "number": {*_WHOLE, "numeric", "real", "double precision"}, "bool": {"boolean"},
    "text": {"text", "character varying", "character", "uuid"}, "date": {"date", "timestamp without time zone"},
}  # fmt: skip
# Text is compared byte by byte, as the other engine does; a country's own order would be another condition.
_STORED = {"int": "bigint", "number": "double precision", "text": 'text COLLATE "C"', "date": "date", "bool": "boolean"}


def prepare(owner: str, source: str, spec: AssetSpec, reader: str) -> Profile:
    """Write the prepared table and answer with its profile; raises `OnboardingRefused` and changes nothing.

    `owner` and `reader` are how to connect: as whom the data belongs to, and as whom queries will run.
    """
    named = _SOURCE.fullmatch(source)
    try:
        role = conninfo_to_dict(reader).get("user")
        if named is None or not isinstance(role, str):
            raise OnboardingRefused(OnboardingCode.UNREADABLE)
        with psycopg.connect(owner, options="-c search_path=pg_catalog") as connection:
            _fits(connection, spec, (named[1], named[2]))
            _told(connection, f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
            _told(connection, f'DROP TABLE IF EXISTS {SCHEMA}."{_PREPARING}"')
            _told(connection, _copied(spec, f"{quoted(named[1])}.{quoted(named[2])}"))
            _check(connection, spec)
            profile = _profile(connection, spec)
            _publish(connection, spec, role)
        return profile
    except psycopg.Error:
        # The server's text may quote a row, the driver's a password.
        raise OnboardingRefused(OnboardingCode.UNREADABLE) from None


def _fits(connection: Connection, spec: AssetSpec, source: tuple[str, str]) -> None:
    """Types are those of the database, so that no cast can fail on some row."""
    question = (
        "SELECT column_name::text, data_type::text FROM information_schema.columns "
        "WHERE table_schema = %s AND table_name = %s"
    )
    found = {str(name): str(kind) for name, kind in connection.execute(question, source).fetchall()}
    for name, column in spec.columns.items():
        if name not in found:
            raise OnboardingRefused(OnboardingCode.COLUMN_MISSING, name)
        if found[name] not in _FROM[column.kind]:
            raise OnboardingRefused(OnboardingCode.TYPE, name)


def _copied(spec: AssetSpec, source: str) -> str:
    """The declared columns, unit by unit, each unit's rows in an order that only a key since thrown away explains."""
    columns = ", ".join(quoted(name) for name in spec.columns)
    cast = ", ".join(
        f"{quoted(name)}::{_STORED[column.kind]} AS {quoted(name)}" for name, column in spec.columns.items()
    )
    rows = f"SELECT {cast}, row_number() OVER () AS _position FROM {source}"
    chosen = f"SELECT {columns} FROM ({rows}) AS r ORDER BY {columns}"
    if spec.unit is not None:
        unit, key = quoted(spec.unit), secrets.token_hex(16)
        rank = f"(row_number() OVER (PARTITION BY {unit} ORDER BY md5('{key}' || _position)))::integer AS _r"
        chosen = f"SELECT {columns}, {rank} FROM ({rows}) AS r ORDER BY {unit}, _r"
    return f'CREATE TABLE {SCHEMA}."{_PREPARING}" AS {chosen}'


def _check(connection: Connection, spec: AssetSpec) -> None:
    """Every promise of the declaration, and how many rows break it."""
    if _one(connection, "count(*)") == 0:
        raise OnboardingRefused(OnboardingCode.EMPTY)
    for name, column in spec.columns.items():
        for code, broken in _promises(name, column, unit=name == spec.unit):
            if _one(connection, f"count(*) FILTER (WHERE {broken})"):
                raise OnboardingRefused(code, name)
    for key in spec.key:
        columns = ", ".join(quoted(name) for name in key)
        doubled = f'SELECT FROM {SCHEMA}."{_PREPARING}" GROUP BY {columns} HAVING count(*) > 1 LIMIT 1'
        if connection.execute(doubled.encode()).fetchone() is not None:
            raise OnboardingRefused(OnboardingCode.KEY, key[0])


def _promises(name: str, column: Column, *, unit: bool) -> list[tuple[OnboardingCode, str]]:
    here = quoted(name)
    found = []
    if column.kind == "number":
        found.append((OnboardingCode.TYPE, f"{here} IN ('NaN', 'Infinity', '-Infinity')"))
    if column.bounds is not None:
        low, high = (f"'{end}'::numeric" for end in column.bounds)
        found.append((OnboardingCode.BOUNDS, f"{here}::numeric NOT BETWEEN {low} AND {high}"))
    if column.keys is not None:
        found.append((OnboardingCode.KEYS, f"{here} NOT IN ({listed(column.keys)})"))
    if unit or column.not_null:
        found.append((OnboardingCode.UNIT_NULL if unit else OnboardingCode.NULLS, f"{here} IS NULL"))
    return found


def _profile(connection: Connection, spec: AssetSpec) -> Profile:
    units, most = None, None
    if spec.unit is not None:
        per_unit = f'SELECT count(*) AS n FROM {SCHEMA}."{_PREPARING}" GROUP BY {quoted(spec.unit)}'
        row = connection.execute(f"SELECT count(*)::int, max(n)::int FROM ({per_unit}) AS u".encode()).fetchone()
        units, most = (int(str(cell)) for cell in row or (0, 0))
    columns = tuple(
        ColumnProfile.of(name, column, _one(connection, f"count(*) - count({quoted(name)})"))
        for name, column in spec.columns.items()
    )
    return Profile(
        table=spec.table, rows=_one(connection, "count(*)"), units=units, unit_rows_max=most, columns=columns,
        fingerprint=_fingerprint(connection, spec),
    )  # fmt: skip


def _fingerprint(connection: Connection, spec: AssetSpec) -> str:
    """The digest of every cell, in the order in which the rows were written."""
    order = f"{quoted(spec.unit)}, _r" if spec.unit is not None else ", ".join(quoted(name) for name in spec.columns)
    digest = hashlib.sha256()
    with connection.cursor() as cursor, cursor.copy(
        f'COPY (SELECT * FROM {SCHEMA}."{_PREPARING}" ORDER BY {order}) TO STDOUT'.encode()
    ) as rows:  # fmt: skip
        for chunk in rows:
            digest.update(chunk)
    return digest.hexdigest()


def _publish(connection: Connection, spec: AssetSpec, reader: str) -> None:
    """In the one transaction: the new table takes the old one's name, and one role may read it."""
    named, role = f"{SCHEMA}.{quoted(spec.table)}", sql.Identifier(reader)
    _told(connection, f"DROP TABLE IF EXISTS {named}")
    _told(connection, f'ALTER TABLE {SCHEMA}."{_PREPARING}" RENAME TO {quoted(spec.table)}')
    _told(connection, f"REVOKE ALL ON {named} FROM PUBLIC")
    connection.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(sql.Identifier(SCHEMA), role))
    connection.execute(sql.SQL("GRANT SELECT ON {}.{} TO {}").format(
        sql.Identifier(SCHEMA), sql.Identifier(spec.table), role))  # fmt: skip


def _one(connection: Connection, counted: str) -> int:
    row = connection.execute(f'SELECT {counted} FROM {SCHEMA}."{_PREPARING}"'.encode()).fetchone()
    return int(str(row[0])) if row else 0


def _told(connection: Connection, statement: str) -> None:
    connection.execute(statement.encode())
