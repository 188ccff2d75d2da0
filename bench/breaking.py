"""`bench log --crash`: how often the log was broken off, in which way, and what that broke."""

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from bench import crash, kills
from bench.figures import Figure
from bench.sites import OnPostgres, OnSQLite, postgres_sites, room, sqlite_sites

AIM_FAULTS, AIM_KILLS = 200, 150


def figures(every: int, kill_count: int, stop_every: int, seed: int = 1) -> list[Figure]:
    """Faults at every so-manieth call, and so many kills under load, on both databases. Needs strace."""
    if shutil.which("strace") is None:
        return [Figure("G8: strace is not installed", "nothing was broken", "0 bad", False)]
    with tempfile.TemporaryDirectory(prefix="dx-", dir=room()) as name:
        folder = Path(name)
        on_sqlite = _broken(sqlite_sites(folder), every, kill_count, 0, seed)
        with postgres_sites(folder) as sites:
            return [*on_sqlite, *_broken(sites, every, kill_count, stop_every, seed)]


def _broken(sites: OnSQLite | OnPostgres, every: int, kill_count: int, stop_every: int, seed: int) -> list[Figure]:
    tried = [(met, wrong) for _, met, wrong in crash.enumerated(sites, every)]
    met = [wrong for met, wrong in tried if met]
    wrong = list(kills.killed(sites, kill_count, seed, stop_every))
    stops = f", {kill_count // stop_every} stops of the server" if stop_every else ""
    return [
        _figure(f"G8: {sites.name}, faults at calls to the system", f"{len(met)} of {len(tried)} met", met),
        _figure(f"G8: {sites.name}, kills under load", f"{len(wrong)}{stops}", wrong),
    ]


def _figure(name: str, count: str, outcomes: Iterable[list[str]]) -> Figure:
    bad = [one for wrong in outcomes for one in wrong]
    return Figure(name, f"{count}: {len(bad)} bad{': ' + bad[0] if bad else ''}", "0 bad", not bad)
