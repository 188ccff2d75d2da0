"""The log that is attacked here: small, signed and watched, once on each database; and a larger one as a folder."""

import shutil
from pathlib import Path

import pytest

from exchange.ledger import tables
from exchange.ledger.store import Store
from tests.attacks.rewritten_history.books import Log
from tests.exchange.ledger.facts import draft


@pytest.fixture
def log(store: Store, tmp_path: Path) -> Log:
    """Five entries under one checkpoint, eight under the next."""
    opened = Log(store, tmp_path)
    opened.grow(5)
    opened.grow(3)
    return opened


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of 300 entries with checkpoints at 20 and 300, exported at both."""
    home = tmp_path_factory.mktemp("honest")
    store = Store(f"sqlite:///{home}/log.db")
    tables.create(store)
    log = Log(store, home)
    first = draft("ord_first")
    log.write(first, *(draft(f"ord_{i}") for i in range(19)))
    log.exported(home / "export")
    log.write(draft("ord_first", 2, refs=(first.entry.id,)), *(draft(f"ord_{i}") for i in range(19, 298)))
    log.exported(home / "export")
    store.close()
    return home / "export"


@pytest.fixture
def folder(honest: Path, tmp_path: Path) -> Path:
    """The larger log, to be spoiled."""
    shutil.copytree(honest, tmp_path / "export")
    return tmp_path / "export"
