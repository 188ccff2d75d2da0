"""One query inside the jail: run one SELECT, write rows as JSON, or one code word. Engine text never leaves."""

import datetime
import decimal
import json
import math
import os

import duckdb

from workers.jail.database import Database, narrow

Cell = int | str | bool | None


class Refused(Exception):
    """The query is over; the word says why."""


def answer(database: Database, sql: str, tables: list[str], limits: dict[str, int]) -> bytes:
    """The bytes to hand to the parent, whatever happens. A closing newline says that they are whole."""
    try:
        frame = _run(database, sql, tables, limits)
    except Refused as refused:
        frame = _word(str(refused))
    except (MemoryError, duckdb.OutOfMemoryException):
        frame = _word("MEMORY")
    except Exception:
        # An engine's message can quote a row, so the only thing said is that there was one.
        frame = _word("FAILED")
    return frame


def _run(database: Database, sql: str, tables: list[str], limits: dict[str, int]) -> bytes:
    threads = max(1, min(2, os.cpu_count() or 1))
    narrow(database, tables, memory_bytes=limits["memory_bytes"], threads=threads)
    statements = database.connection.extract_statements(sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise Refused("FAILED")
    result = database.connection.execute(statements[0])
    described = result.description or []
    # One row more than allowed, so that "too many" is seen rather than silently cut.
    rows = result.fetchmany(limits["rows_max"] + 1)
    if len(rows) > limits["rows_max"]:
        raise Refused("OUTPUT_TOO_LARGE")
    cells = [[_cell(value) for value in row] for row in rows]
    frame = json.dumps({"columns": [column[0] for column in described], "rows": cells}, ensure_ascii=False)
    whole = frame.encode() + b"\n"
    if len(whole) > limits["output_bytes"]:
        raise Refused("OUTPUT_TOO_LARGE")
    return whole


def _cell(value: object) -> Cell:
    """A cell that survives JSON exactly: what is not a whole number crosses as decimal text, a date as ISO text."""
    if value is None or isinstance(value, bool | str | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return format(decimal.Decimal(repr(value)), "f")
    if isinstance(value, decimal.Decimal) and value.is_finite():
        return format(value, "f")
    if isinstance(value, datetime.date):
        return value.isoformat()
    raise Refused("FAILED")


def _word(code: str) -> bytes:
    return json.dumps({"refused": code}).encode() + b"\n"
