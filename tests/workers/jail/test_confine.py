"""Where a lock does not close, nothing runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from workers.jail import landlock
from workers.jail.lending import lend

ROOT = Path(__file__).parents[3]
_WITHOUT = """
import sys
from workers.jail import confine, landlock, parent, system
def closed(*_): raise system.Unconfined("X")
{setting}
from workers.jail.zygote import Who, _show_that_it_holds
try:
    _show_that_it_holds(Who(65534, 65534))
except system.Unconfined as unconfined:
    print(unconfined)
else:
    print("HELD")
"""


def _shown(setting: str) -> str:
    command = [sys.executable, "-c", _WITHOUT.format(setting=setting)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def test_the_jail_is_seen_to_hold_before_it_is_used() -> None:
    assert _shown("") == "HELD"


@pytest.mark.parametrize(
    "setting",
    [
        "landlock.version = lambda: 0",
        "landlock.restrict = lambda files: None",
        "confine.seccomp.restrict = lambda: None",
        "confine.seccomp.restrict = closed",
        "confine.prctl = closed",
    ],
)
def test_a_lock_left_open_is_noticed(setting: str) -> None:
    assert _shown(setting) == "JAIL_DOES_NOT_HOLD"


def test_this_machine_has_landlock() -> None:
    assert landlock.version() >= 1


@pytest.mark.skipif(os.getuid() != 0, reason="only root lends")
def test_lending_opens_a_file_to_one_group_and_to_nobody_else(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o770)
    lent, kept = folder / "lent", folder / "kept"
    lent.touch(mode=0o660)
    kept.touch(mode=0o600)

    lend([lent], 65534)

    assert (lent.stat().st_mode & 0o777, lent.stat().st_gid) == (0o640, 65534)
    assert (folder.stat().st_mode & 0o777, folder.stat().st_gid) == (0o710, 65534)
    assert (kept.stat().st_mode & 0o777, kept.stat().st_gid) == (0o600, 0)
