"""The breaker of jails on a kernel without Landlock: bubblewrap stands around the zygote, or nothing runs at all.

The kernel is made to answer as one that never heard of Landlock, so this is the worker's own start and no copy of it.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workers.jail.probe import PROBES
from tests.workers.tables import write_tables
from workers.jail import enclosure
from workers.jail.lending import lend

ROOT = Path(__file__).parents[2]
WITHOUT = [sys.executable, "-m", "tests.workers.jail.without_landlock", sys.executable]
FREE = {"read_own", "thread", "query_own", "list_root", "list_home"}
REFUSED = {"EPERM", "EACCES", "ENOENT", "ENOSYS", "ENODATA", "EROFS", "PermissionError", "MemoryError", "IOException"}
START = """
import sys
from pathlib import Path
from tests.workers.tables import LIMITS
from workers.engines.duckdb import DuckDb
from workers.jail.parent import JailUnavailable
try:
    with DuckDb({"visits": Path(sys.argv[1])}, LIMITS) as engine:
        print(engine.run("SELECT count(*) FROM visits", frozenset({"visits"})).rows[0][0])
except JailUnavailable as unavailable:
    print(unavailable)
"""
PROBE = "import sys; sys.path[:0] = sys.argv[1].split(':'); from tests.workers.jail.probe import every; "
PROBE += "every(sys.argv[3:], sys.argv[2])"


def _encloses() -> bool:
    bwrap = shutil.which("bwrap")
    tried = [bwrap, "--ro-bind", "/", "/", "--unshare-net", "--unshare-pid", "--proc", "/proc", "true"] if bwrap else []
    return bool(tried) and subprocess.run(tried, capture_output=True, check=False).returncode == 0


enclosing = pytest.mark.skipif(not _encloses(), reason="bubblewrap is not installed, or may not make namespaces here")


@pytest.fixture
def visits(tmp_path: Path) -> Path:
    written = write_tables(tmp_path)
    if os.getuid() == 0:
        lend(written.values(), 65534)
    return written["visits"]


def _start(visits: Path, path: str) -> str:
    env = {"PATH": path, "PYTHONPATH": str(ROOT)}
    command = [*WITHOUT, "-c", START, str(visits)]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True).stdout.strip()


@enclosing
def test_a_query_is_answered_inside_bubblewrap(visits: Path) -> None:
    assert _start(visits, os.environ.get("PATH", os.defpath)) == "1000"


def test_without_bubblewrap_nothing_runs(visits: Path) -> None:
    assert _start(visits, "/nowhere") == "NO_LANDLOCK"


def test_bubblewrap_that_does_not_start_is_not_believed(visits: Path, tmp_path: Path) -> None:
    (tmp_path / "bwrap").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "bwrap").chmod(0o755)

    assert _start(visits, str(tmp_path)) == "ZYGOTE"


def test_a_bubblewrap_that_encloses_nothing_is_noticed(visits: Path, tmp_path: Path) -> None:
    # It runs what it is given where it stands: the zygote itself looks at what is mounted before it opens a file.
    (tmp_path / "bwrap").write_text('#!/bin/sh\nshift 3\nexec "$@"\n')
    (tmp_path / "bwrap").chmod(0o755)

    assert _start(visits, str(tmp_path)) == "BWRAP_MOUNTS"


@enclosing
def test_code_inside_bubblewrap_gets_nowhere_either(visits: Path) -> None:
    before = visits.read_bytes()
    names = sorted(PROBES)

    told = dict(line.split(maxsplit=1) for line in _probed(visits, names).splitlines())

    assert told.keys() == set(names)
    assert {name for name in names if told[name] == '"DONE"'} == FREE
    assert told.pop("endless_loop") == '"DIED -24"'
    assert {told[name].strip('"') for name in told.keys() - FREE} <= REFUSED
    assert visits.read_bytes() == before


def _probed(visits: Path, names: list[str]) -> str:
    python, *_ = enclosure.inside(0)
    folders = ":".join([str(ROOT), *(path for path in sys.path if path.endswith("-packages"))])
    walls = ["--ro-bind", str(ROOT / "tests"), str(ROOT / "tests"), *enclosure.walls({"visits": visits})]
    inside = enclosure.seen({"visits": visits})["visits"]
    command = ["bwrap", *walls, "--", python, "-E", "-s", "-B", "-c", PROBE, folders, inside, *names]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


@enclosing
def test_sql_inside_bubblewrap_gets_nowhere_either() -> None:
    # What the walls, the limits and the parent's clock hold; what the engine's own settings hold does not change.
    tries = "past_the_analyser and (COPY or salaries or passwd or glob) or put_out and (sleep_ms or 2000000)"
    options = ["-q", "-x", "-p", "no:cacheprovider", "-p", "no:valkey", "--noconftest", "-k", tries]
    command = [*WITHOUT, "-m", "pytest", *options, "tests/attacks/test_jail_breaker.py"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
