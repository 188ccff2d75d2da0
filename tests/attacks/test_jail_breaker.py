"""Someone who runs code inside the jail, or SQL past the analyser, and wants out: other files, the network, the
provider's own file, the worker's memory, more than a share. Every try is made as the user the jail runs queries as."""

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from policies.disclosure import explain, load_controls
from tests.workers.jail.probe import PROBES
from tests.workers.tables import LIMITS, write_tables
from workers.engines import EngineCode, EngineRefused
from workers.engines.duckdb import DuckDb
from workers.jail.lending import lend

ROOT = Path(__file__).parents[2]
FREE = {"read_own", "thread", "query_own"}
REFUSED = {"EPERM", "EACCES", "ENOSYS", "ENODATA", "EROFS", "PermissionError", "MemoryError", "IOException"}
OVER_ITS_SHARE = f"DIED {-signal.SIGXCPU} "
ORDINARY_USER = 54321


@pytest.fixture
def tables(tmp_path: Path) -> dict[str, Path]:
    written = write_tables(tmp_path)
    if os.getuid() == 0:
        lend(written.values(), 65534)
    return written


@pytest.fixture
def engine(tables: dict[str, Path]) -> Iterator[DuckDb]:
    with DuckDb(tables, LIMITS) as opened:
        yield opened


def _try(name: str, file: Path) -> str:
    command = [sys.executable, "-m", "tests.workers.jail.probe", name, str(file)]
    secret = {"HOME": "/secret", "PATH": "/secret", "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    done = subprocess.run(command, cwd=ROOT, env=secret, capture_output=True, timeout=60, check=False)
    return str(json.loads(done.stdout)) if done.stdout else f"DIED {done.returncode} {done.stderr.decode()[-300:]}"


@pytest.mark.parametrize("name", sorted(set(PROBES) - FREE - {"endless_loop"}))
def test_code_inside_the_jail_cannot(name: str, tables: dict[str, Path]) -> None:
    before = {file: file.read_bytes() for file in tables.values()}

    told = _try(name, tables["visits"])

    assert told in REFUSED
    assert {file: file.read_bytes() for file in tables["visits"].parent.iterdir()} == before


def test_code_inside_the_jail_that_never_ends_is_ended_by_the_kernel(tables: dict[str, Path]) -> None:
    assert _try("endless_loop", tables["visits"]) == OVER_ITS_SHARE


@pytest.mark.parametrize("name", sorted(FREE))
def test_code_inside_the_jail_can(name: str, tables: dict[str, Path]) -> None:
    # Without these the refusals above would prove only that nothing works at all.
    assert _try(name, tables["visits"]) == "DONE"


ESCAPES = [
    "COPY (SELECT 1) TO '{visits}' (USE_TMP_FILE false)",
    "COPY visits TO '/tmp/stolen.csv'",
    "SELECT * FROM read_parquet('{salaries}')",
    "SELECT * FROM salaries",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_csv('/proc/self/environ')",
    "SELECT * FROM glob('/*')",
    "SELECT error(cost::VARCHAR) FROM visits",
    "SELECT CAST('secret' || cost AS INTEGER) FROM visits",
    "SELECT sum(9223372036854775807::BIGINT + cost::BIGINT) * visit FROM visits GROUP BY visit",
    "PRAGMA storage_info('visits')",
    "EXPLAIN ANALYZE SELECT count(*) FROM visits",
    "SET memory_limit = '20GB'",
    "SET lock_configuration = false",
    "ATTACH ':memory:' AS other",
    "SET schema = 'other'",
    "SET search_path = 'other'",
    "SET VARIABLE mine = 1",
    "CREATE MACRO sum(a) AS 1",
    "CREATE OR REPLACE MACRO sum(a) AS 1",
    "DROP VIEW visits",
    "CREATE TABLE t AS FROM visits",
    "SELECT 1; SELECT 2",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SELECT * FROM query('SELECT * FROM salaries')",
    "SELECT * FROM query_table('salaries')",
    "SELECT getenv('HOME')",
    "SELECT * FROM 'http://127.0.0.1:1/x.csv'",
    "SELECT",
    "",
]


@pytest.mark.parametrize("sql", ESCAPES)
def test_sql_past_the_analyser_gets_one_code_and_nothing_else(
    sql: str, engine: DuckDb, tables: dict[str, Path]
) -> None:
    before = {file: file.read_bytes() for file in tables.values()}

    with pytest.raises(EngineRefused) as refused:
        engine.run(sql.format(**tables), frozenset({"visits"}))

    assert refused.value.code == EngineCode.FAILED
    assert str(refused.value) == "FAILED"
    assert {file: file.read_bytes() for file in tables["visits"].parent.iterdir()} == before
    # The engine is none the worse for it.
    assert engine.run("SELECT count(*) FROM visits", frozenset({"visits"})).rows == ((1000,),)


VISITS = {
    "unit": "person",
    "units_of": "person",
    "key": [["visit"]],
    "columns": {
        "visit": {"type": "int", "uses": []},
        "person": {"type": "int", "uses": ["join"]},
        "ward": {"type": "int", "uses": ["group", "filter"], "bounds": [0, 6]},
        "cost": {"type": "float", "uses": ["aggregate"], "bounds": [0, 1500]},
    },
}
CONTROLS = load_controls({"tables": {"visits": VISITS}, "k_min": 5, "mode": "exact"})
# Inside the jail each of these would be answered, or answered differently each time: the analyser keeps them out.
ASIDE = [
    "SUMMARIZE visits",
    "SELECT stats(cost) FROM visits",
    "SELECT count(*) FROM parquet_metadata('visits.parquet')",
    "EXPLAIN ANALYZE SELECT count(*) FROM visits",
    "SELECT sql FROM duckdb_views()",
    "SELECT count(*) FROM visits; SELECT count(*) FROM visits",
    "SELECT count(*) FROM query('SELECT * FROM visits')",
    "SELECT count(*) FROM query_table('visits')",
    "SELECT count(*) FROM visits WHERE random() < 0.5",
    "SELECT count(*) FROM visits WHERE hash(visit) % 2 = 0",
]


@pytest.mark.parametrize("sql", ASIDE)
def test_what_the_jail_cannot_keep_back_never_reaches_it(sql: str) -> None:
    assert explain(sql, CONTROLS)["verdict"] == "refuse"
    # The same table answers an honest question, so it is not the table that is refused.
    assert explain("SELECT count(*) AS n FROM visits", CONTROLS)["verdict"] == "answer"


BOMBS = {
    "SELECT length(range(2000000000)) FROM visits": {EngineCode.MEMORY},
    "SELECT repeat('x', 3000000000) FROM visits": {EngineCode.MEMORY},
    "SELECT sleep_ms(20000) FROM visits": {EngineCode.TIMEOUT},
    "SELECT count(*) FROM range(1000000000000) a, range(1000000) b": {EngineCode.TIMEOUT},
    "SELECT a.cost FROM visits a, visits b, visits c": {EngineCode.OUTPUT_TOO_LARGE},
    "SELECT repeat('x', 2000000) FROM visits LIMIT 1": {EngineCode.OUTPUT_TOO_LARGE},
    "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t": {
        EngineCode.TIMEOUT,
        EngineCode.MEMORY,
    },
}


@pytest.mark.parametrize("sql", BOMBS)
def test_a_bomb_is_put_out(sql: str, engine: DuckDb) -> None:
    with pytest.raises(EngineRefused) as refused:
        engine.run(sql, frozenset({"visits"}))

    assert refused.value.code in BOMBS[sql]
    assert engine.run("SELECT count(*) FROM visits", frozenset({"visits"})).rows == ((1000,),)


def test_no_name_of_a_file_leaves_through_the_catalogue(engine: DuckDb, tables: dict[str, Path]) -> None:
    told = engine.run("SELECT sql FROM duckdb_views() WHERE NOT internal", frozenset({"visits"})).rows

    assert len(told) == 1
    assert str(tables["visits"].parent) not in str(told)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_gets_the_same_jail() -> None:
    # The system's own interpreter, because the one running may lie where only root may look.
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    python = next(
        (path for path in (f"/usr/bin/{version}", f"/usr/local/bin/{version}") if os.access(path, os.X_OK)), ""
    )
    if not python:
        pytest.skip(f"no {version} that another user may run")
    home = Path(tempfile.mkdtemp(prefix="ordinary_"))
    try:
        _furnish(home, python)
        engines = [f"tests/workers/engines/test_{name}.py" for name in ("contract", "duckdb")]
        breakers = [f"tests/attacks/test_jail_breaker{where}.py" for where in ("", "_without_landlock")]
        tests = [*breakers, *engines, "tests/workers/jail"]
        options = ["-q", "-x", "-p", "no:cacheprovider", "--noconftest", "-k", "not postgres"]
        command = [str(home / "venv/bin/python"), "-m", "pytest", *options, *tests]
        done = subprocess.run(
            command, cwd=home, env={"TMPDIR": str(home)}, user=ORDINARY_USER, group=ORDINARY_USER, extra_groups=[],
            capture_output=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout.decode()[-3000:] + done.stderr.decode()[-2000:]
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _furnish(home: Path, python: str) -> None:
    """A folder of that user's own: the packages, these tests, an interpreter that finds the installed libraries."""
    for package in ("workers", "policies", "tests/workers", "tests/attacks"):
        shutil.copytree(ROOT / package, home / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", home)
    (home / "tests/__init__.py").touch()
    subprocess.run([python, "-m", "venv", "--without-pip", str(home / "venv")], check=True)
    site = next((home / "venv/lib").glob("python*/site-packages"))
    (site / "libraries.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    for path in (home, *home.rglob("*")):
        os.chown(path, ORDINARY_USER, ORDINARY_USER, follow_symlinks=False)
