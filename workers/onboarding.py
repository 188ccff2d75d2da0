"""Preparing a provider's table once: checked against what was declared, sorted by privacy unit, written, profiled.

Only the profile leaves. It holds counts and what the provider itself declared, never a value found in the data; and a
table that does not keep its declaration leaves no file behind.
"""

# ruff: noqa: S608 - every name in these statements is a declared one, and those are plain words by their type.

import hashlib
import os
import secrets
import shutil
import tempfile
from enum import StrEnum
from pathlib import Path

import duckdb
from pydantic import BaseModel, ConfigDict

from policies.disclosure import Table
from workers.assets import AssetSpec, ColumnProfile, Profile, controlled
from workers.lineages import Lineages
from workers.sources import checks, quoted, read, select

_MODE = 0o600
_CHUNK = 1 << 20


class OnboardingCode(StrEnum):
    UNREADABLE = "UNREADABLE"
    COLUMN_MISSING = "COLUMN_MISSING"
    TYPE = "TYPE"
    BOUNDS = "BOUNDS"
    KEYS = "KEYS"
    NULLS = "NULLS"
    UNIT_NULL = "UNIT_NULL"
    KEY = "KEY"
    EMPTY = "EMPTY"
    # What can be wrong with a file only after it was prepared.
    CHANGED = "CHANGED"
    ROWS = "ROWS"
    UNIT_ROWS = "UNIT_ROWS"


class OnboardingRefused(Exception):
    """The data does not keep its declaration. Names the column, never a value of it."""

    def __init__(self, code: OnboardingCode, column: str | None = None) -> None:
        super().__init__(code.value if column is None else f"{code.value}:{column}")
        self.code = code
        self.column = column


class Prepared(BaseModel):
    """What is kept of a file that was prepared: its digest, and what it was found to keep to."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    fingerprint: str
    table: Table


def prepare(source: Path, spec: AssetSpec, folder: Path) -> Profile:
    """Write `<folder>/<table>.parquet` and answer with its profile; raises `OnboardingRefused` and writes nothing."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    workshop = Path(tempfile.mkdtemp(prefix=".preparing-", dir=folder))
    try:
        with duckdb.connect(":memory:", config={"temp_directory": str(workshop)}) as connection:
            profile = _prepared(connection, source, spec, workshop / "ready")
            profile = profile.model_copy(update={"lineages": Lineages(folder.parent / "lineages").of(connection, spec)})
        _publish(workshop / "ready", folder / f"{spec.table}.parquet")
        keep(Prepared(fingerprint=profile.fingerprint, table=controlled(spec, profile)), note_of(folder, spec.table))
        return profile
    except duckdb.Error:
        # The engine's text may quote a row.
        raise OnboardingRefused(OnboardingCode.UNREADABLE) from None
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def _prepared(connection: duckdb.DuckDBPyConnection, source: Path, spec: AssetSpec, ready: Path) -> Profile:
    relation = read(source)
    found = {row[0] for row in connection.execute(f"DESCRIBE FROM {relation}").fetchall()}
    for name in spec.columns:
        if name not in found:
            raise OnboardingRefused(OnboardingCode.COLUMN_MISSING, name)
    connection.execute(f"CREATE TEMP TABLE raw AS FROM {relation}")
    _check(connection, spec)
    connection.execute(f"CREATE TEMP TABLE asset AS {select(spec)}")
    _check_keys(connection, spec)
    connection.execute(_copy(spec, ready))
    return _profile(connection, spec, ready)


def _check(connection: duckdb.DuckDBPyConnection, spec: AssetSpec) -> None:
    """One pass that counts, for every promise of the declaration, the rows that break it."""
    promised = checks(spec)
    counted = connection.execute(f"SELECT count(*), {', '.join(promise.counted for promise in promised)} FROM raw")
    rows, *broken = counted.fetchone() or (0,)
    if rows == 0:
        raise OnboardingRefused(OnboardingCode.EMPTY)
    for promise, breaking in zip(promised, broken, strict=True):
        if breaking:
            raise OnboardingRefused(OnboardingCode(promise.code), promise.column)


def _check_keys(connection: duckdb.DuckDBPyConnection, spec: AssetSpec) -> None:
    for key in spec.key:
        columns = ", ".join(quoted(name) for name in key)
        doubled = connection.execute(f"SELECT 1 FROM asset GROUP BY {columns} HAVING count(*) > 1 LIMIT 1").fetchone()
        if doubled is not None:
            raise OnboardingRefused(OnboardingCode.KEY, key[0])


def _copy(spec: AssetSpec, ready: Path) -> str:
    """A protected table lies unit by unit, its rows in an order that only a key since thrown away explains."""
    columns = ", ".join(quoted(name) for name in spec.columns)
    rows = f"SELECT {columns} FROM asset ORDER BY {columns}"
    if spec.unit is not None:
        unit, key = quoted(spec.unit), secrets.token_hex(16)
        chance = f"md5('{key}' || _position::VARCHAR)"
        rank = f"row_number() OVER (PARTITION BY {unit} ORDER BY {chance})::INTEGER AS _r"
        rows = f"SELECT {columns}, {rank} FROM asset ORDER BY {unit}, _r"
    path = str(ready).replace("'", "''")
    return f"COPY ({rows}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)"


def _profile(connection: duckdb.DuckDBPyConnection, spec: AssetSpec, ready: Path) -> Profile:
    nulls = ", ".join(f"count(*) - count({quoted(name)})" for name in spec.columns)
    rows, *missing = connection.execute(f"SELECT count(*), {nulls} FROM asset").fetchone() or (0,)
    units, most = None, None
    if spec.unit is not None:
        per_unit = f"SELECT count(*) AS n FROM asset GROUP BY {quoted(spec.unit)}"
        units, most = connection.execute(f"SELECT count(*), max(n) FROM ({per_unit})").fetchone() or (0, 0)
    columns = tuple(
        ColumnProfile.of(name, column, absent)
        for (name, column), absent in zip(spec.columns.items(), missing, strict=True)
    )
    return Profile(
        table=spec.table, rows=rows, units=units, unit_rows_max=most, columns=columns, fingerprint=fingerprint(ready)
    )


def note_of(folder: Path, table: str) -> Path:
    """Where it is kept what a prepared file was: beside the folder of data, which a query's process may see into."""
    return folder.parent / "prepared" / f"{table}.json"


def fingerprint(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while chunk := opened.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def keep(prepared: Prepared, note: Path) -> None:
    """Until it is there, a file prepared anew is not the one on record, and is not served."""
    note.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    scratch = note.with_suffix(".part")
    scratch.write_text(prepared.model_dump_json())
    _publish(scratch, note)


def _publish(ready: Path, place: Path) -> None:
    """All of the file or none of it, even if the power goes: synced, then renamed, then the folder synced."""
    os.chmod(ready, _MODE)
    _sync(ready)
    os.replace(ready, place)
    _sync(place.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
