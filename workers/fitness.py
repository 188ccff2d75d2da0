"""Whether a prepared file is still what was prepared: one that is not is never answered from, whatever it holds now.

The buyer learns one code; the provider reads in its domain's own log, or by `check`, which promise is broken and of
which column. A file is looked at by its inode for each ticket and read again only when that changed. Never a value.
"""

# ruff: noqa: S608 - every name in these statements is a declared one, and those are plain words by their type.

import json
import sys
import time
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import structlog
import typer
from pydantic import ValidationError

from exchange.wire.refusals import Refusal, Refused
from policies.disclosure import Table
from workers.assets import AssetSpec
from workers.domain import Domain
from workers.engines import Answered, Engine, EngineRefused, Limits
from workers.engines.duckdb import DuckDb
from workers.jail.parent import JailUnavailable
from workers.onboarding import OnboardingCode, OnboardingRefused, Prepared, fingerprint, note_of
from workers.sources import checks, quoted

_SETTLED_NS = 1_000_000_000
"""A file that changed this recently could change again without its times showing it."""
_CHECKED = Limits(wall_s=60, cpu_s=60, memory_bytes=2**31, output_bytes=2**16, rows_max=10)
log = structlog.get_logger()


class _Seen(NamedTuple):
    """What the system says of a file without reading it."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


class Fitness:
    """The files of one domain, held to what was kept of them when they were prepared."""

    def __init__(self, domain: Domain) -> None:
        self._domain = domain
        self._judged: dict[tuple[str, str], tuple[tuple[_Seen, _Seen], bool]] = {}
        self._told: dict[str, str] = {}
        self._broken: frozenset[str] = frozenset()

    def look(self) -> dict[str, str]:
        """What is wrong with each table that is a file; nothing where it is what was prepared."""
        found = {name: self._reason(name, None) for name in sorted(self._domain.tables())}
        return {name: reason for name, reason in found.items() if reason}

    def held(self) -> dict[str, Path]:
        """The files that may be opened; the others are told of, and serve nothing before the next start."""
        self._broken = frozenset(self.look())
        return {name: file for name, file in self._domain.tables().items() if name not in self._broken}

    def fits(self, controls_digest: str) -> bool:
        """Whether every table of these controls still is what they were declared of."""
        tables = self._domain.controls(controls_digest)
        lent = self._domain.tables_in_postgres()
        return tables is not None and all(
            self._lent(name, table) if name in lent else self._fits(name, controls_digest, table)
            for name, table in tables.items()
        )

    def _lent(self, name: str, declared: Mapping[str, Any]) -> bool:
        """Of a table in a database what it was prepared as is known, and it serves nothing that was declared wider."""
        note = note_of(self._domain.folder / "data", name)
        try:
            fit = _within(Prepared.model_validate_json(note.read_bytes()).table, Table.model_validate(declared))
        except (OSError, ValidationError):
            fit = False
        if not fit:
            self._tell(name, OnboardingCode.CHANGED.value)
        return fit

    def _fits(self, name: str, controls_digest: str, declared: Mapping[str, Any]) -> bool:
        if name in self._broken:
            return False
        try:
            now = _seen(_file(self._domain, name)), _seen(note_of(self._domain.folder / "data", name))
        except OSError:
            self._tell(name, OnboardingCode.UNREADABLE.value)
            return False
        judged = self._judged.get((name, controls_digest))
        if judged is not None and judged[0] == now:
            return judged[1]
        fit = self._reason(name, Table.model_validate(declared)) == ""
        if all(one.ctime_ns + _SETTLED_NS < time.time_ns() for one in now):
            self._judged[name, controls_digest] = (now, fit)
        return fit

    def _reason(self, name: str, declared: Table | None) -> str:
        try:
            _judge(_file(self._domain, name), note_of(self._domain.folder / "data", name), name, declared)
        except OnboardingRefused as refused:
            self._tell(name, str(refused))
            return str(refused)
        self._told.pop(name, None)
        return ""

    def _tell(self, name: str, reason: str) -> None:
        """Once a reason: a buyer that asks a thousand times fills no log."""
        if self._told.get(name) != reason:
            log.error("data.unfit", table=name, code=reason)
        self._told[name] = reason


@dataclass(frozen=True, slots=True)
class Watched:
    """An engine whose rows are taken only if the data still fit when they are out: no code behind it sees, or keeps,
    what was read half in one state and half in another."""

    engine: Engine
    fits: Callable[[], bool]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """The engine is closed by whoever opened it."""

    def portable(self, tables: AbstractSet[str]) -> bool:
        return self.engine.portable(tables)

    def run(self, sql: str, tables: AbstractSet[str]) -> Answered:
        answered = self.engine.run(sql, tables)
        if not self.fits():
            raise Refused(Refusal.DATA_UNFIT)
        return answered


def _within(prepared: Table, declared: Table) -> bool:
    """Declared alike, with no more rows than was declared and no more of one unit."""
    counts = {"rows_max": declared.rows_max, "unit_rows_max": declared.unit_rows_max}
    pairs = (prepared.rows_max, declared.rows_max), (prepared.unit_rows_max, declared.unit_rows_max)
    return prepared.model_copy(update=counts) == declared and all((is_ or 0) <= (was or 0) for is_, was in pairs)


def _judge(file: Path, note: Path, name: str, declared: Table | None) -> None:
    """Raises `OnboardingRefused` with the promise that the file does not keep."""
    try:
        prepared = Prepared.model_validate_json(note.read_bytes())
        same = fingerprint(file) == prepared.fingerprint
    except (OSError, ValidationError):
        raise OnboardingRefused(OnboardingCode.UNREADABLE) from None
    if not same:
        _hold(file, name, prepared.table)
        raise OnboardingRefused(OnboardingCode.CHANGED)
    if declared is None or declared == prepared.table:
        return
    # Prepared anew since: these controls are kept to if the data are within them and of rows whose budgets they name,
    # ranked within the same unit, for noise is measured by how many ranks are read.
    same_unit = (prepared.table.unit, prepared.table.units_of) == (declared.unit, declared.units_of)
    if not (same_unit and set(prepared.table.lineages) <= set(declared.lineages)):
        raise OnboardingRefused(OnboardingCode.CHANGED)
    _hold(file, name, declared)


def _hold(file: Path, name: str, table: Table) -> None:
    """The file against a declaration, counted in a jail of its own: nobody knows who wrote it."""
    try:
        with DuckDb({name: file}, _CHECKED) as engine:
            _count(engine, name, table)
    except (EngineRefused, JailUnavailable):
        raise OnboardingRefused(OnboardingCode.UNREADABLE) from None


def _count(engine: DuckDb, name: str, table: Table) -> None:
    promised = checks(_spec(name, table))
    counted = ["count(*)", *(promise.counted for promise in promised)]
    rows, *broken = _row(engine, name, f"SELECT {', '.join(counted)} FROM {quoted(name)}")
    for promise, breaking in zip(promised, broken, strict=True):
        if breaking:
            raise OnboardingRefused(OnboardingCode(promise.code), promise.column)
    for key in table.key:
        if _most(engine, name, key) > 1:
            raise OnboardingRefused(OnboardingCode.KEY, key[0])
    if not rows or table.rows_max is None or rows > table.rows_max:
        raise OnboardingRefused(OnboardingCode.ROWS)
    if table.unit is not None and _most(engine, name, (table.unit,)) > (table.unit_rows_max or 0):
        raise OnboardingRefused(OnboardingCode.UNIT_ROWS, table.unit)


def _most(engine: DuckDb, name: str, columns: tuple[str, ...]) -> int:
    """How many rows at most have these columns the same."""
    groups = f"SELECT count(*) AS n FROM {quoted(name)} GROUP BY {', '.join(quoted(one) for one in columns)}"
    return _row(engine, name, f"SELECT max(n) FROM ({groups}) g")[0]


def _row(engine: DuckDb, name: str, sql: str) -> tuple[int, ...]:
    return tuple(int(cell or 0) for cell in engine.run(sql, {name}).rows[0])


def _spec(name: str, table: Table) -> AssetSpec:
    return AssetSpec(
        table=name, unit=table.unit, units_of=table.units_of, key=table.key, unit_rows_kept=None, columns=table.columns
    )


def _file(domain: Domain, name: str) -> Path:
    return domain.folder / "data" / f"{name}.parquet"


def _seen(file: Path) -> _Seen:
    found = file.stat()
    return _Seen(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def command(folder: Path) -> None:
    """Check that every prepared file is what was prepared; prints what is wrong with which table, and ends with 1."""
    unfit = Fitness(Domain(folder)).look()
    sys.stdout.write(json.dumps({"unfit": unfit}) + "\n")
    if unfit:
        raise typer.Exit(1)
