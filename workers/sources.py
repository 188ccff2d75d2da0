"""The SQL that reads a provider's own file and holds it to its declaration. Written here, never by a buyer."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from policies.disclosure import Column
from workers.assets import AssetSpec

_STORED = {"int": "BIGINT", "number": "DOUBLE", "text": "VARCHAR", "date": "DATE", "bool": "BOOLEAN"}


class Promise(NamedTuple):
    """One thing declared, and the SQL that counts the rows that break it."""

    code: str
    column: str
    counted: str


def read(source: Path) -> str:
    """A table function over the file. A text file is read as text, so that every cast is ours and is counted."""
    path = _literal(str(source))
    if source.suffix == ".parquet":
        return f"read_parquet({path})"
    return f"read_csv({path}, header = true, all_varchar = true, nullstr = '')"


def select(spec: AssetSpec) -> str:
    """The declared columns, cast; `_position` tells equal rows apart."""
    columns = ", ".join(f"{_cast(name, column)} AS {quoted(name)}" for name, column in spec.columns.items())
    return f"SELECT {columns}, row_number() OVER () AS _position FROM raw"  # noqa: S608 - names are checked words


def checks(spec: AssetSpec) -> list[Promise]:
    promises = []
    for name, column in spec.columns.items():
        given, cast = quoted(name), _cast(name, column)
        promises.append(_promise("TYPE", name, f"{given} IS NOT NULL AND {cast} IS NULL"))
        if column.kind == "int":
            promises.append(_promise("TYPE", name, f"TRY_CAST({given} AS DOUBLE) <> {cast}"))
        if column.kind == "number":
            promises.append(_promise("TYPE", name, f"NOT isfinite({cast})"))
        if column.bounds is not None:
            low, high = (_bound(value, column) for value in column.bounds)
            promises.append(_promise("BOUNDS", name, f"{cast} NOT BETWEEN {low} AND {high}"))
        if column.keys is not None:
            promises.append(_promise("KEYS", name, f"{cast} NOT IN ({listed(column.keys)})"))
        if name == spec.unit:
            promises.append(_promise("UNIT_NULL", name, f"{given} IS NULL"))
        elif column.not_null:
            promises.append(_promise("NULLS", name, f"{given} IS NULL"))
    return promises


def identity(told_by: Mapping[str, str]) -> str:
    """A digest of what tells a row of the table `raw`: by column names and types, whatever else the row says."""
    parts = [f"coalesce(TRY_CAST({quoted(name)} AS {_STORED[kind]})::VARCHAR, '')" for name, kind in told_by.items()]
    lengths = [f"length({part})::VARCHAR" for part in parts]
    return f"md5(concat_ws('|', {', '.join([*lengths, *parts])}))"


def listed(keys: Iterable[bool | int | str]) -> str:
    """Declared keys as literals that every engine reads alike."""
    return ", ".join(_literal(one) if isinstance(one, str) else str(one) for one in keys)


def quoted(name: str) -> str:
    return f'"{name}"'


def _promise(code: str, column: str, broken: str) -> Promise:
    return Promise(code, column, f"count(*) FILTER (WHERE {broken})")


def _cast(name: str, column: Column) -> str:
    return f"TRY_CAST({quoted(name)} AS {_STORED[column.kind]})"


def _bound(value: Decimal, column: Column) -> str:
    return f"CAST({_literal(str(value))} AS {_STORED[column.kind]})"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
