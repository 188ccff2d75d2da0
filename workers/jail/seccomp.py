"""The system-call filter, written as raw BPF. After `restrict`, what is not in `calls` answers EPERM, for good.

Refusal is an error code and not a kill, because the engine may try a call that it can do without.
"""

import ctypes
import errno
import os
import platform
import struct

from workers.jail import calls
from workers.jail.system import PR_SET_NAME, PR_SET_SECCOMP, Unconfined, prctl

# The audit number of the processor, and the column of `calls` that belongs to it.
_PROCESSORS = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
_MODE_FILTER = 2

_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_ALLOW = 0x7FFF0000
_KILL = 0x80000000
_REFUSE = 0x00050000 | errno.EPERM
_ABSENT = 0x00050000 | errno.ENOSYS
_NUMBER, _PROCESSOR, _ARGUMENT_0 = 0, 4, 16

_CLONE_THREAD = 0x00010000


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def program(machine: str, pid: int) -> bytes:
    """The filter for one processor and one process: the only process it may signal is itself."""
    if machine not in _PROCESSORS or struct.pack("=H", 1) != struct.pack("<H", 1):
        raise Unconfined("PROCESSOR")
    audit, column = _PROCESSORS[machine]
    steps = [_step(_LOAD, _PROCESSOR), _step(_EQUAL, audit, then=1), _step(_RETURN, _KILL), _step(_LOAD, _NUMBER)]
    for numbers in calls.FREE.values():
        number = numbers[column]
        if number is not None:
            steps += [_step(_EQUAL, number, otherwise=1), _step(_RETURN, _ALLOW)]
    # glibc tries clone3 first; its flags lie in memory, where a filter cannot look. Absent, it falls back to clone.
    steps += [_step(_EQUAL, calls.CLONE3[column], otherwise=1), _step(_RETURN, _ABSENT)]
    steps += _when(calls.CLONE[column], _step(_ANY_BIT, _CLONE_THREAD, otherwise=1))
    steps += _when(calls.PRCTL[column], _step(_EQUAL, PR_SET_NAME, otherwise=1))
    steps += _when(calls.PRLIMIT64[column], _step(_EQUAL, 0, otherwise=1))
    steps += _when(calls.TGKILL[column], _step(_EQUAL, pid, otherwise=1))
    return b"".join([*steps, _step(_RETURN, _REFUSE)])


def restrict() -> None:
    """From here on, for this process and every thread it starts. Needs no_new_privs."""
    code = program(platform.machine(), os.getpid())
    kept = ctypes.create_string_buffer(code, len(code))
    filter_ = _Program(length=len(code) // 8, filter=ctypes.addressof(kept))
    prctl("SECCOMP", PR_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(filter_))


def _when(number: int, test: bytes) -> list[bytes]:
    """One call that is free only if the low half of its first argument passes `test`."""
    allowed = [_step(_RETURN, _ALLOW), _step(_RETURN, _REFUSE)]
    return [_step(_EQUAL, number, otherwise=4), _step(_LOAD, _ARGUMENT_0), test, *allowed]


def _step(code: int, value: int, then: int = 0, otherwise: int = 0) -> bytes:
    return struct.pack("=HBBI", code, then, otherwise, value)
