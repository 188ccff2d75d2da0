"""The zygote's DuckDB: in memory, one thread, one view a table. It loads no extension and writes nothing."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import duckdb

_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    # No thread of its own: only a process of one thread can be forked with its catalogue in place.
    "threads": 1,
    "async_threads": 0,
    "autoload_known_extensions": False,
    "autoinstall_known_extensions": False,
    "allow_community_extensions": False,
    "python_enable_replacements": False,
    # The default folder for overflow stays writable even with external access off.
    "temp_directory": "",
    "pin_threads": "off",
}


class Database(NamedTuple):
    """An open engine and where each of its tables lies, as a path that only this process family understands."""

    connection: duckdb.DuckDBPyConnection
    paths: Mapping[str, str]
    folders: tuple[int, ...]


def opened(files: Mapping[str, Path]) -> Database:
    """Views over `files`, reached through open folders: no view can tell where the provider keeps them."""
    folders = {
        folder: os.open(folder, os.O_PATH | os.O_DIRECTORY) for folder in {file.parent for file in files.values()}
    }
    paths = {table: f"/proc/self/fd/{folders[file.parent]}/{file.name}" for table, file in files.items()}
    connection = duckdb.connect(":memory:", config=_SETTINGS)
    connection.execute("SET parquet_metadata_cache = true")
    for table, path in paths.items():
        connection.execute(f'CREATE VIEW "{table}" AS FROM read_parquet({_literal(path)})')
        connection.execute(f'SELECT count(*) FROM "{table}"').fetchall()  # noqa: S608 - names are checked by the parent
    # Converting every kind of cell once loads what the conversion needs while files can still be opened.
    connection.execute(
        "SELECT 1.5::DECIMAL(4, 1), 1::HUGEINT, 1.5::DOUBLE, DATE '2000-01-01', true, NULL, 'x'"
    ).fetchall()
    return Database(connection, paths, tuple(folders.values()))


def narrow(database: Database, tables: Iterable[str], *, memory_bytes: int, threads: int) -> None:
    """In the fork: forget the other tables, take the limits, and fix the settings for good."""
    kept = frozenset(tables)
    for table in database.paths:
        if table not in kept:
            database.connection.execute(f'DROP VIEW "{table}"')
    # Set here and not in the zygote: the engine resolves these names as whoever it is when they are set, and as whoever
    # it is when it opens them, and the jail's user cannot look into every folder above a file.
    listed = ", ".join(_literal(database.paths[table]) for table in sorted(kept))
    database.connection.execute(f"SET allowed_paths = [{listed}]")
    database.connection.execute("SET enable_external_access = false")
    database.connection.execute(f"SET memory_limit = '{memory_bytes // 1024}KiB'")
    database.connection.execute(f"SET threads = {threads}")
    database.connection.execute("SET lock_configuration = true")


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
