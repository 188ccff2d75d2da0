"""Landlock: after `restrict`, this process reads the files it was lent and no others. It never grants writing.

Rights are never named one by one for refusing: everything the running kernel knows how to refuse is refused, so a newer
kernel makes the jail tighter without a change here.
"""

import ctypes
import os
from collections.abc import Sequence

from workers.jail.system import Unconfined, syscall

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1
_PATH_BENEATH = 1

_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
# How many file rights each version of the interface knows: 13 at first, then REFER, TRUNCATE and IOCTL_DEV.
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
_FILE_RIGHTS_NEWEST = 16
_TCP_BIND_AND_CONNECT = 0b11
_ABSTRACT_SOCKETS_AND_SIGNALS = 0b11

# DuckDB aborts when it can stat these but not open them. They say how many processors there are, nothing of a provider.
_MACHINE = ("/proc/self/cgroup", "/sys/fs/cgroup", "/sys/devices/system/cpu/online")


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def version() -> int:
    """The kernel's Landlock interface version; nought where there is none."""
    try:
        return syscall("LANDLOCK_VERSION", _CREATE_RULESET, 0, 0, _ASK_VERSION)
    except Unconfined:
        return 0


def restrict(files: Sequence[str]) -> None:
    """Read `files` and nothing else, for good: there is no call that takes it back."""
    known = version()
    if known < 1:
        raise Unconfined("NO_LANDLOCK")
    asked = _Ruleset(
        files=(1 << _FILE_RIGHTS.get(known, _FILE_RIGHTS_NEWEST)) - 1,
        network=_TCP_BIND_AND_CONNECT if known >= 4 else 0,
        scoped=_ABSTRACT_SOCKETS_AND_SIGNALS if known >= 6 else 0,
    )
    size = 24 if known >= 6 else 16 if known >= 4 else 8
    rules = syscall("LANDLOCK_RULES", _CREATE_RULESET, ctypes.addressof(asked), size, 0)
    for path in files:
        _lend(rules, path, _READ_FILE)
    for path in _MACHINE:
        if os.path.exists(path):
            _lend(rules, path, _READ_FILE | _READ_DIR if os.path.isdir(path) else _READ_FILE)
    syscall("LANDLOCK_RESTRICT", _RESTRICT_SELF, rules, 0)
    os.close(rules)


def _lend(rules: int, path: str, rights: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        raise Unconfined("NO_SUCH_FILE") from None
    beneath = _Beneath(allowed=rights, parent=opened)
    syscall("LANDLOCK_LEND", _ADD_RULE, rules, _PATH_BENEATH, ctypes.addressof(beneath), 0)
    os.close(opened)
