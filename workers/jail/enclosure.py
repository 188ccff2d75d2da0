"""Where the kernel has no Landlock: bubblewrap around the zygote, once a worker. It encloses; it confines no query.

Inside there is what Python needs and the prepared files, read-only, and nothing else of the machine: no other file, no
network, no other process. A query there can open the other prepared files of its domain; Landlock forbids that as well.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from workers.jail.system import Unconfined

_PACKAGES = Path(__file__).resolve().parents[2]
_TABLES = "/tables"
_LIBRARIES = ("/usr/lib", "/usr/lib64", "/lib", "/lib64")
_INSTALLED = frozenset({"site-packages", "dist-packages"})
# The zygote is started by the interpreter itself: a virtual environment's link may lead through folders not shown here.
_ENTER = 'import runpy, sys; sys.path[:0] = sys.argv.pop(2).split(":"); '
_ENTER += 'runpy.run_module("workers.jail.zygote", run_name="__main__")'
# All but what is opened for writing by everybody: the processes' own folder and the device that leads nowhere.
_WRITABLE = frozenset({"/proc", os.devnull})


def seen(tables: Mapping[str, Path]) -> dict[str, str]:
    """Where each table lies inside."""
    return {table: f"{_TABLES}/{table}.parquet" for table in tables}


def walls(tables: Mapping[str, Path]) -> list[str]:
    """What bubblewrap is told. Handed over by a pipe, so that no list of processes names the provider's folders."""
    names = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try", "--clearenv"]
    # Nothing of bubblewrap stays inside: its own first process would have no filter, and an ordinary user's query is
    # of the same user. The zygote takes its place, and lets nobody look into it.
    rights = ["--as-pid-1", "--cap-drop", "ALL"]
    if os.getuid() == 0:
        # The zygote keeps what it takes to make each query somebody else; the query keeps nothing.
        rights += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    shown = [part for path in _shown() for part in ("--ro-bind-try", path, path)]
    lent = [part for table, inside in seen(tables).items() for part in ("--ro-bind", str(tables[table]), inside)]
    system = ["--proc", "/proc", "--dev-bind", os.devnull, os.devnull, "--dir", _TABLES]
    return [*names, *rights, *shown, *system, *lent, "--remount-ro", "/", "--chdir", "/"]


def inside(descriptor: int) -> list[str]:
    """The zygote's command, as it is called within."""
    folders = ":".join([str(_PACKAGES), *_installed()])
    return [os.path.realpath(sys.executable), "-E", "-s", "-B", "-c", _ENTER, str(descriptor), folders]


def show_that_it_stands(tables: Sequence[str]) -> None:
    """Called within: raises `Unconfined` if anything is mounted that was not asked for, or that can be written to."""
    expected = {*_shown(), *tables, "/", *_WRITABLE}
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        at, rights = line.split()[4:6]
        known = at in expected or any(at.startswith(f"{path}/") for path in (*_shown(), *_WRITABLE))
        if not known or ("ro" not in rights.split(",") and at not in _WRITABLE):
            raise Unconfined("BWRAP_MOUNTS")
    if len(Path("/proc/self/net/dev").read_text().splitlines()) > len(("titles", "titles", "lo")):
        raise Unconfined("BWRAP_NETWORK")


def _shown() -> list[str]:
    python = [os.path.realpath(sys.executable), f"{sys.base_prefix}/lib", f"{sys.base_prefix}/lib64"]
    return list(dict.fromkeys([*_LIBRARIES, *python, *_installed(), str(_PACKAGES / "workers")]))


def _installed() -> list[str]:
    return [path for path in sys.path if os.path.basename(path) in _INSTALLED]
