"""A domain's commands as a provider types them: what they print is public, what they keep is theirs alone."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from exchange.wire.controls import controls_digest
from exchange.wire.keys import PublicKey
from tests.workers.tiny_log import EXCHANGE, SIGNER, TABLES
from workers.domain import Domain
from workers.held import CONNINFO, OWNER

DECLARED: list[dict[str, Any]] = [
    {
        "table": "visits",
        "unit": "person",
        "units_of": "person",
        "key": [["visit"]],
        "columns": {
            "visit": {"type": "int", "uses": [], "not_null": True},
            "person": {"type": "int", "uses": ["join"], "not_null": True},
            "ward": {"type": "int", "uses": ["group"], "bounds": [0, 6], "not_null": True},
        },
    }
]


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "workers", *words], capture_output=True, text=True, check=False, timeout=120
    )


def told(*words: str) -> dict[str, Any]:
    done = command(*words)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A domain that trusts an exchange which is never there."""
    folder = tmp_path_factory.mktemp("hosp1") / "domain"
    told("init", str(folder))
    pins = [word for vkey in SIGNER.vkeys() for word in ("--log-vkey", vkey)]
    told(
        "trust", str(folder), "--domain", "hosp1", "--exchange", "http://127.0.0.1:9", *pins,
        "--exchange-key", EXCHANGE.public.text, "--broker-url", f"unix://{folder}/nobody.sock", "--api-key-id", "key_1",
    )  # fmt: skip
    return folder


@pytest.fixture
def running(folder: Path) -> Iterator[subprocess.Popen[str]]:
    words = [sys.executable, "-m", "workers", "run", str(folder)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.communicate()


def test_a_new_domain_tells_public_facts_and_keeps_its_secrets(tmp_path: Path) -> None:
    public = told("init", str(tmp_path / "new"))

    secrets = {path.name: path.read_text() for path in (tmp_path / "new" / "secrets").iterdir()}
    assert public["api_key_sha256"] == hashlib.sha256(secrets["api.secret"].encode()).hexdigest()
    assert public["broker_sha256"] == hashlib.sha256(secrets["broker.password"].encode()).hexdigest()
    assert PublicKey.parsed(public["signing_key"]).text == public["signing_key"]
    assert not any(secret in json.dumps(public) for secret in secrets.values())
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "new").rglob("*"))


def test_making_a_domain_again_keeps_its_keys(tmp_path: Path) -> None:
    assert told("init", str(tmp_path / "new")) == told("init", str(tmp_path / "new"))


def test_prepared_data_is_told_by_its_profile_alone(folder: Path, tmp_path: Path) -> None:
    with duckdb.connect(":memory:") as connection:
        rows = "SELECT i AS visit, 900000 + i % 50 AS person, i % 7 AS ward, 'Zhang San' AS name FROM range(500) r(i)"
        connection.execute(f"COPY ({rows}) TO '{tmp_path}/visits.parquet'")
    (tmp_path / "declared.json").write_text(json.dumps(DECLARED))

    printed = told("prepare", str(folder), str(tmp_path / "declared.json"), str(tmp_path))

    assert printed["profiles"]["visits"]["rows"] == 500
    assert printed["profiles"]["visits"]["units"] == 50
    assert printed["controls_digest"] == controls_digest(printed["tables"])
    assert "9000" not in json.dumps(printed["profiles"]["visits"]["columns"])
    assert (folder / "controls" / f"{printed['controls_digest']}.json").is_file()
    assert (folder / "data" / "visits.parquet").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"columns": {**DECLARED[0]["columns"], "ward": {**DECLARED[0]["columns"]["ward"], "bounds": [0, 3]}}},
            "TABLE: BOUNDS:ward",
        ),
        ({"nonsense": "Zhang San"}, "DECLARATION: 0.nonsense extra_forbidden"),
        ({"table": "nothing"}, "TABLE: UNREADABLE"),
        ({"margins": [["Zhang San"]]}, "DECLARATION: 0.margins.0.0 string_pattern_mismatch"),
        ({"margins": [["zhang_san"]]}, "DECLARATION: 0 value_error"),
    ],
)
def test_what_is_wrong_with_a_table_is_told_in_one_line_without_a_value(
    folder: Path, tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    with duckdb.connect(":memory:") as connection:
        rows = "SELECT i AS visit, 900000 + i % 50 AS person, i % 7 AS ward FROM range(500) r(i)"
        connection.execute(f"COPY ({rows}) TO '{tmp_path}/visits.parquet'")
    (tmp_path / "declared.json").write_text(json.dumps([{**DECLARED[0], **change}]))

    done = command("prepare", str(folder), str(tmp_path / "declared.json"), str(tmp_path))

    assert (done.returncode, done.stdout, done.stderr) == (os.EX_DATAERR, "", f"{said}\n")


@pytest.mark.parametrize("source", [b"public.visits", b"\xff\xfe"], ids=["a table", "no text"])
@pytest.mark.parametrize("role", ["host=db hunter2", "postgresql://reader:hunter2 @db/x"], ids=["words", "address"])
def test_what_is_wrong_with_a_database_is_told_without_a_password(tmp_path: Path, source: bytes, role: str) -> None:
    domain = Domain.made(tmp_path / "domain")
    domain.keep_secret(CONNINFO, role)
    (tmp_path / "visits.postgres").write_bytes(source)
    (tmp_path / "declared.json").write_text(json.dumps(DECLARED))
    words = [sys.executable, "-m", "workers", "prepare", str(domain.folder), f"{tmp_path}/declared.json", str(tmp_path)]

    done = subprocess.run(
        words, env={**os.environ, OWNER: "host=/nowhere"}, capture_output=True, text=True, check=False, timeout=60
    )

    assert (done.returncode, done.stdout, done.stderr) == (os.EX_DATAERR, "", "TABLE: UNREADABLE\n")


def test_a_licence_is_not_signed_when_the_exchange_is_away(folder: Path) -> None:
    done = command("sign", str(folder), "lic_1")

    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT], ids=lambda signum: signum.name)
def test_a_worker_told_to_stop_ends_in_order(running: subprocess.Popen[str], signum: signal.Signals) -> None:
    running.send_signal(signum)

    _, said = running.communicate(timeout=30)
    assert running.returncode == 0
    assert "Traceback" not in said


def test_a_second_worker_of_the_same_domain_refuses(running: subprocess.Popen[str], folder: Path) -> None:
    done = command("run", str(folder))

    assert done.returncode != 0
    assert "ready" not in done.stdout
    assert running.poll() is None


def test_a_worker_that_was_killed_leaves_room_for_the_next(folder: Path) -> None:
    words = [sys.executable, "-m", "workers", "run", str(folder)]
    for _ in range(2):
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            process.kill()


def test_a_worker_that_cannot_confine_a_query_ends_with_one_coded_line(folder: Path) -> None:
    without = [sys.executable, "-m", "tests.workers.jail.without_landlock", sys.executable, "-m", "workers", "run"]

    done = subprocess.run(
        [*without, str(folder)], env={"PATH": "/nowhere"}, capture_output=True, text=True, check=False, timeout=60
    )

    assert (done.returncode, done.stdout, done.stderr) == (os.EX_CONFIG, "", "JAIL_UNAVAILABLE: NO_LANDLOCK\n")


def test_a_worker_whose_database_is_unfit_ends_with_one_coded_line(tmp_path: Path, folder: Path) -> None:
    shutil.copytree(folder, tmp_path / "domain", ignore=shutil.ignore_patterns("lock"))
    domain = Domain(tmp_path / "domain")
    domain.keep_secret(CONNINFO, "host=/nowhere user=nobody password=hunter2")
    domain.hold_in_postgres("visits", "0" * 64)

    done = command("run", str(domain.folder))

    assert (done.returncode, done.stdout, done.stderr) == (os.EX_CONFIG, "", "DATABASE_UNFIT: UNREACHABLE\n")


def test_controls_the_domain_never_declared_are_unknown_to_it(folder: Path) -> None:
    assert not (folder / "controls" / f"{controls_digest(TABLES)}.json").exists()
