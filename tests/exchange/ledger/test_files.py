"""A secret is made once, whole, and for its owner alone, however many processes start at the same time."""

import secrets
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from exchange.ledger.files import kept_secret
from exchange.ledger.store import Store

ASKED = (
    "import sys, secrets; from pathlib import Path; from exchange.ledger.files import kept_secret; "
    "print(kept_secret(Path(sys.argv[1]), secrets.token_hex))"
)


def test_all_who_ask_at_once_get_the_one_secret(tmp_path: Path) -> None:
    path = tmp_path / "key"

    with ThreadPoolExecutor(16) as pool:
        asked = [pool.submit(kept_secret, path, secrets.token_hex) for _ in range(64)]
        told = {one.result() for one in asked}

    assert told == {path.read_text()}
    assert [(one.name, one.stat().st_mode & 0o777) for one in tmp_path.iterdir()] == [("key", 0o600)]


def test_processes_that_start_at_once_get_the_one_secret(tmp_path: Path) -> None:
    path = tmp_path / "key"
    started = [subprocess.Popen([sys.executable, "-c", ASKED, path], stdout=subprocess.PIPE, text=True) for _ in "abc"]

    told = {one.communicate()[0].strip() for one in started}

    assert told == {path.read_text()}


def test_a_secret_that_is_there_is_never_made_again(tmp_path: Path) -> None:
    first = kept_secret(tmp_path / "key", secrets.token_hex)

    assert kept_secret(tmp_path / "key", secrets.token_hex) == first


def test_a_new_database_and_what_lies_beside_it_are_their_owner_s_alone(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/new.db")
    with store.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE one (n INTEGER)")
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    store.close()
    assert modes == dict.fromkeys(("new.db", "new.db-wal", "new.db-shm"), 0o600)
