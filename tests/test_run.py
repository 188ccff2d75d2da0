"""`run.py` from a fresh clone: really builds an environment, with a lock that asks for nothing and no network."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DEMO = "import os, sys; print('demo', *sys.argv[1:], os.getcwd(), flush=True)\n"
CLI = "import sys\ndef app(*, prog_name): print(prog_name, *sys.argv[1:])\n"


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("a clone")  # A space in its path, as on many a desk.
    shutil.copy(ROOT / "run.py", folder)
    (folder / "requirements.lock").touch()
    (folder / "demo").mkdir()
    (folder / "demo/__main__.py").write_text(DEMO)
    (folder / "exchange/client").mkdir(parents=True)
    (folder / "exchange/client/cli.py").write_text(CLI)
    return folder


def start(folder: Path, *words: str, cwd: Path) -> subprocess.Popen[str]:
    surroundings = {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "UV_OFFLINE": "1"}
    surroundings.pop("PYTHONSAFEPATH", None)
    command = [sys.executable, str(folder / "run.py"), *words]
    return subprocess.Popen(
        command, cwd=cwd, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def said(folder: Path, *words: str, cwd: Path) -> tuple[int, str, str]:
    process = start(folder, *words, cwd=cwd)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


@pytest.mark.parametrize("words", [(), ("trade",), ("--home", "x")], ids=str)
def test_an_unknown_command_is_told_the_usage_and_builds_nothing(words: tuple[str, ...], clone: Path) -> None:
    # Arrange: the file alone, so that building would fail.
    alone = clone.parent / "alone"
    alone.mkdir(exist_ok=True)
    shutil.copy(clone / "run.py", alone)
    # Act
    code, out, err = said(alone, *words, cwd=alone)
    # Assert
    assert (code, out) == (2, "")
    assert err.startswith("usage: python3 run.py")
    assert not (alone / ".venv").exists()


def test_a_fresh_clone_builds_once_and_becomes_the_command(clone: Path, tmp_path: Path) -> None:
    # Arrange: the user stands elsewhere, beside a folder that is also called `demo`; a build was broken off before.
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo/__main__.py").write_text("print('not ours')\n")
    half_built = clone / ".venv/half-built"
    half_built.mkdir(parents=True)

    # Act: twice at once.
    both = [start(clone, "demo", "--home", "x", cwd=tmp_path) for _ in range(2)]
    answers = [process.communicate(timeout=120) for process in both]

    # Assert: one built, the other waited for it; the words and the folder of the caller reached both.
    assert [process.returncode for process in both] == [0, 0], answers
    assert [out for out, _ in answers] == [f"demo play --home x {tmp_path}\n"] * 2
    assert sum("ready in" in err for _, err in answers) == 1
    assert not half_built.exists()
    lock = hashlib.sha256((clone / "requirements.lock").read_bytes()).hexdigest()
    assert (clone / ".venv/built-from").read_text().startswith(lock)

    # A second call builds nothing and says nothing of its own.
    assert said(clone, "demo", cwd=tmp_path) == (0, f"demo play {tmp_path}\n", "")

    # The product's own command is there, and goes through no folder of the user's.
    dex = subprocess.run([clone / ".venv/bin/dex", "orders", "a b"], capture_output=True, text=True, check=True)
    assert dex.stdout == "dex orders a b\n"

    # Another lock is another environment.
    before = (clone / ".venv/built-from").read_text()
    (clone / "requirements.lock").write_text("\n")
    code, _, err = said(clone, "demo", cwd=tmp_path)
    assert (code, "ready in" in err) == (0, True)
    assert (clone / ".venv/built-from").read_text() != before


def test_a_lock_that_cannot_be_met_is_told_and_leaves_no_stamp(clone: Path, tmp_path: Path) -> None:
    # Arrange: a package nobody has, and no network to ask.
    folder = tmp_path / "clone"
    folder.mkdir()
    shutil.copy(clone / "run.py", folder)
    (folder / "requirements.lock").write_text(f"nobody-has-this==1 --hash=sha256:{'0' * 64}\n")
    # Act
    code, out, err = said(folder, "demo", cwd=tmp_path)
    # Assert
    assert (code, out) == (1, "")
    assert "run.py: the environment could not be built" in err
    assert not (folder / ".venv/built-from").exists()


def test_the_gate_is_a_script_that_bash_accepts() -> None:
    gate = ROOT / ".ci/run"
    assert os.access(gate, os.X_OK)
    assert subprocess.run(["bash", "-n", gate], check=False).returncode == 0
