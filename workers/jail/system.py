"""The few calls to the kernel that Python does not offer. Decides nothing.

Every call answers as the kernel does or raises `Unconfined`: a call that fails must never read as one that held.
"""

import ctypes
import os

_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.syscall.argtypes = [ctypes.c_long] * 7
_LIBC.syscall.restype = ctypes.c_long
_LIBC.prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
_LIBC.prctl.restype = ctypes.c_int

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_NAME = 15
PR_SET_SECCOMP = 22
PR_SET_NO_NEW_PRIVS = 38


class Unconfined(Exception):
    """A lock of the jail did not close. The reason is a word of ours, never the kernel's text."""


def syscall(what: str, number: int, *arguments: int) -> int:
    """A bare system call; every argument is a whole register, addresses included."""
    padded = (*arguments, *[0] * (6 - len(arguments)))
    answer = int(_LIBC.syscall(number, *padded))
    if answer < 0:
        raise Unconfined(f"{what}:{ctypes.get_errno()}")
    return answer


def prctl(what: str, option: int, *arguments: int) -> None:
    padded = (*arguments, *[0] * (4 - len(arguments)))
    if _LIBC.prctl(option, *padded) != 0:
        raise Unconfined(f"{what}:{ctypes.get_errno()}")


def forget_environment() -> None:
    """Both copies: Python's dictionary and the one that C code reads."""
    os.environ.clear()
    if _LIBC.clearenv() != 0:
        raise Unconfined("ENVIRONMENT")
