"""The log is broken off where it hurts, a few times here and some thousand times by `run.py bench log --crash`."""

import shutil

import pytest

from bench import appending, breaking, trees
from bench.sites import sqlite_sites

STRACE = pytest.mark.skipif(shutil.which("strace") is None, reason="strace injects the faults (Debian: strace)")


@STRACE
def test_what_is_broken_off_anywhere_goes_on_and_nothing_acknowledged_is_lost(capsys):
    found = breaking.figures(every=120, kill_count=6, stop_every=3)

    with capsys.disabled():
        print("\n", *(f"{one.name}: {one.measured}\n" for one in found))
    assert [one.name for one in found if not one.reached] == []
    assert len(found) == 4


def test_a_small_log_is_measured_whole(tmp_path):
    folder = tmp_path / "log"
    found = [*trees.tree_figures(300), *trees.audit_figures(folder, 300)]
    found += appending.batch_figures(sqlite_sites(tmp_path).site("batches"), 0.01)

    assert len(found) == 9
