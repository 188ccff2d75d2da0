"""Locking a freshly forked process in, step by step. What it gives away it never gets back, and it asks for nothing."""

import os
import resource
import signal
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from workers.jail import landlock, seccomp
from workers.jail.system import (
    PR_SET_DUMPABLE,
    PR_SET_NO_NEW_PRIVS,
    PR_SET_PDEATHSIG,
    Unconfined,
    forget_environment,
    prctl,
)

_DESCRIPTORS_MAX = 128
_DESCRIPTOR_LAST = 2**31 - 1


class Cell(NamedTuple):
    """What one jailed process is allowed."""

    files: tuple[str, ...]
    keep: tuple[int, ...]
    cpu_s: int
    memory_bytes: int
    uid: int
    gid: int
    enclosed: bool = False
    """Started inside `enclosure`, on a kernel that has no Landlock."""


def confine(cell: Cell) -> None:
    """Every lock, in the order that lets each one hold; raises `Unconfined` if any does not close."""
    parent = os.getppid()
    _close_descriptors(cell.keep)
    forget_environment()
    _limit(cell.cpu_s, cell.memory_bytes)
    _become(cell.uid, cell.gid)
    # A change of user forgets this wish, so it comes after it.
    prctl("DEATH", PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise Unconfined("ORPHAN")
    prctl("DUMPABLE", PR_SET_DUMPABLE, 0)
    prctl("PRIVILEGES", PR_SET_NO_NEW_PRIVS, 1)
    if not cell.enclosed:
        landlock.restrict(cell.files)
    seccomp.restrict()


def _close_descriptors(keep: Sequence[int]) -> None:
    """The standard three lead nowhere; the rest are closed but for `keep`."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    last = 2
    for kept in sorted(keep):
        os.closerange(last + 1, kept)
        last = kept
    os.closerange(last + 1, _DESCRIPTOR_LAST)


def _limit(cpu_s: int, memory_bytes: int) -> None:
    # The soft limit sends a signal that names its cause; the plain kill a second later is for whoever ignores it.
    _lower(resource.RLIMIT_CPU, cpu_s, cpu_s + 1)
    limits: Mapping[int, int] = {
        # The limit is on what is added: the libraries already mapped are not the query's doing.
        resource.RLIMIT_AS: _mapped_bytes() + memory_bytes,
        resource.RLIMIT_NOFILE: _DESCRIPTORS_MAX,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    for which, value in limits.items():
        _lower(which, value, value)


def _lower(which: int, soft: int, hard: int) -> None:
    ceiling = resource.getrlimit(which)[1]
    if ceiling != resource.RLIM_INFINITY:
        soft, hard = min(soft, ceiling), min(hard, ceiling)
    resource.setrlimit(which, (soft, hard))


def _mapped_bytes() -> int:
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[0]) * resource.getpagesize()


def _become(uid: int, gid: int) -> None:
    """Somebody who owns nothing, where this process may choose; otherwise it stays the ordinary user it is."""
    if os.getuid() != 0:
        return
    if uid == 0 or gid == 0:
        raise Unconfined("STILL_ROOT")
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
