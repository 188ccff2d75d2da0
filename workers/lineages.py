"""Which rows were told of before: a table that holds any of them again, however declared, keeps their privacy budget.

A lineage is a random name and digests of rows, by what tells a row (its unit and its key). A table prepared anew joins
every lineage of which it holds a row; a new one is opened only for rows that are all new. Digests stay in the domain.
"""

# ruff: noqa: S608 - every name in these statements is a declared one, and those are plain words by their type.

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

import duckdb
from pydantic import BaseModel, ConfigDict

from workers.assets import AssetSpec, Name
from workers.sources import identity

_INDEX = "lineages.json"


class Known(BaseModel):
    """Rows of one preparation: of which table, of which lineages, told apart by which columns (and their types)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    table: Name
    lineages: tuple[str, ...]
    told_by: Mapping[Name, str]
    file: str


class Lineages:
    """The digests of one domain: a folder that only it reads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, connection: duckdb.DuckDBPyConnection, spec: AssetSpec) -> tuple[str, ...]:
        """The lineages of the rows in the table `raw`; they are on disk before this returns."""
        if spec.unit is None:
            return ()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        index = self._index()
        there = {str(row[0]) for row in connection.execute("DESCRIBE raw").fetchall()}
        joined = {name for one in index if self._holds(connection, one, spec, there) for name in one.lineages}
        lineages = tuple(sorted(joined)) or (secrets.token_hex(8),)
        told_by = {name: spec.columns[name].kind for name in dict.fromkeys((spec.unit, *_key(spec)))}
        known = Known(table=spec.table, lineages=lineages, told_by=told_by, file=f"{secrets.token_hex(8)}.parquet")
        if self._adds(connection, known, index):
            self._keep([*index, known])
        return lineages

    def _index(self) -> list[Known]:
        path = self._folder / _INDEX
        return [Known.model_validate(one) for one in json.loads(path.read_bytes())] if path.is_file() else []

    def _holds(self, connection: duckdb.DuckDBPyConnection, one: Known, spec: AssetSpec, there: set[str]) -> bool:
        """Whether any row is one of these. Without the columns that told them apart, a table of the name is not new."""
        if not one.told_by.keys() <= there:
            return one.table == spec.table
        digests = f"SELECT {identity(one.told_by)} AS d FROM raw"
        known = self._rows(one)
        return (
            connection.execute(f"SELECT 1 FROM ({digests}) SEMI JOIN {known} USING (d) LIMIT 1").fetchone() is not None
        )

    def _adds(self, connection: duckdb.DuckDBPyConnection, new: Known, index: list[Known]) -> bool:
        """Write the digests that no entry of the same lineages has; answers whether there are any."""
        same = [one for one in index if (one.lineages, one.told_by) == (new.lineages, new.told_by)]
        rows = f"SELECT DISTINCT {identity(new.told_by)} AS d FROM raw"
        for one in same:
            rows = f"SELECT * FROM ({rows}) ANTI JOIN {self._rows(one)} USING (d)"
        connection.execute(f"CREATE OR REPLACE TEMP TABLE digests AS {rows}")
        if same and connection.execute("SELECT 1 FROM digests LIMIT 1").fetchone() is None:
            return False
        place = self._folder / new.file
        connection.execute(f"COPY (SELECT d FROM digests ORDER BY d) TO {_literal(place)} (FORMAT parquet)")
        place.chmod(0o600)
        return True

    def _rows(self, one: Known) -> str:
        return f"(FROM read_parquet({_literal(self._folder / one.file)}))"

    def _keep(self, index: list[Known]) -> None:
        scratch = self._folder / f"{_INDEX}.part"
        scratch.write_text(json.dumps([one.model_dump(mode="json") for one in index]))
        scratch.chmod(0o600)
        with scratch.open("rb") as written:
            os.fsync(written.fileno())
        scratch.replace(self._folder / _INDEX)


def _key(spec: AssetSpec) -> tuple[str, ...]:
    """What tells a row: the shortest declared key, or everything declared."""
    return min(spec.key, key=len) if spec.key else tuple(spec.columns)


def _literal(place: Path) -> str:
    return "'" + str(place).replace("'", "''") + "'"
