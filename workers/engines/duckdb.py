"""DuckDB behind the jail: every query runs in a fork that can read only the files of the tables it names.

This process never runs SQL, never opens a data file and never believes the bytes that come back.
"""

import json
import os
import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from threading import Lock
from typing import Self

from workers.engines import Answered, Cell, EngineCode, EngineRefused, Limits
from workers.jail.lending import lend
from workers.jail.parent import NOBODY, Ended, Inmate, JailUnavailable, Zygote, ZygoteGone

_TABLE = re.compile(r"[a-z][a-z0-9_]{0,62}")
_FILE = re.compile(r"[A-Za-z0-9_.-]{1,120}")


class DuckDb:
    """One domain's tables. Opening starts the zygote, or raises `JailUnavailable` where a query cannot be confined."""

    def __init__(self, tables: Mapping[str, Path], limits: Limits, inmate: Inmate = NOBODY) -> None:
        for table, file in tables.items():
            if not _TABLE.fullmatch(table) or not _FILE.fullmatch(file.name):
                raise ValueError("a table or file name is not plain")
        self._tables = {table: file.resolve() for table, file in tables.items()}
        self._limits = limits
        self._inmate = inmate
        self._starting = Lock()
        self._zygote: Zygote | None = None
        self._closed = True

    def __enter__(self) -> Self:
        if os.getuid() == 0:
            _lent(self._tables.values(), self._inmate.gid)
        self._zygote = Zygote(self._tables, self._inmate)
        self._closed = False
        return self

    def __exit__(self, *_: object) -> None:
        with self._starting:
            self._closed = True
            if self._zygote is not None:
                self._zygote.close()
            self._zygote = None

    def portable(self, tables: AbstractSet[str]) -> bool:
        return False

    def run(self, sql: str, tables: AbstractSet[str]) -> Answered:
        """The rows, or `EngineRefused`. A dead zygote is replaced once; a second death is a failure."""
        limits = self._limits
        if not tables <= self._tables.keys():
            raise EngineRefused(EngineCode.FAILED)
        question = {"sql": sql, "tables": sorted(tables), "limits": limits.model_dump()}
        for _ in range(2):
            try:
                zygote = self._running()
            except JailUnavailable:
                raise EngineRefused(EngineCode.FAILED) from None
            try:
                frame = zygote.ask(question, wall_s=limits.wall_s, output_bytes=limits.output_bytes)
                return _answered(frame, limits)
            except Ended as ended:
                raise EngineRefused(EngineCode(ended.ending)) from None
            except ZygoteGone:
                self._bury(zygote)
        raise EngineRefused(EngineCode.FAILED)

    def _running(self) -> Zygote:
        with self._starting:
            if self._closed:
                raise EngineRefused(EngineCode.FAILED)
            if self._zygote is None:
                self._zygote = Zygote(self._tables, self._inmate)
            return self._zygote

    def _bury(self, zygote: Zygote) -> None:
        """Of several threads that saw it die, one puts it away."""
        with self._starting:
            if self._zygote is zygote:
                zygote.close()
                self._zygote = None


def _lent(files: Iterable[Path], gid: int) -> None:
    try:
        lend(files, gid)
    except OSError:
        # The system's own words would name the provider's folder.
        raise JailUnavailable("TABLES") from None


def _answered(frame: bytes, limits: Limits) -> Answered:
    """Exactly the shape agreed on, or nothing: the bytes were written by a process that ran a stranger's query."""
    try:
        told = json.loads(frame, parse_float=_no_float, parse_constant=_no_float)
    except (ValueError, RecursionError):
        raise EngineRefused(EngineCode.FAILED) from None
    match told:
        case {"refused": str(word), **rest} if not rest and word in EngineCode.__members__:
            raise EngineRefused(EngineCode(word))
        case {"columns": list(columns), "rows": list(rows), **rest} if not rest and len(rows) <= limits.rows_max:
            if all(isinstance(name, str) for name in columns) and all(_fits(row, len(columns)) for row in rows):
                return Answered(tuple(columns), tuple(tuple(row) for row in rows))
    raise EngineRefused(EngineCode.FAILED)


def _fits(row: object, width: int) -> bool:
    return isinstance(row, list) and len(row) == width and all(isinstance(cell, Cell) for cell in row)


def _no_float(text: str) -> float:
    raise ValueError(text)
