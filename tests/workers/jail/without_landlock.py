"""Run a command as on a kernel without Landlock: `python -m tests.workers.jail.without_landlock COMMAND ...`.

A filter answers the call by which Landlock is asked for as a kernel does that never heard of it.
"""

import ctypes
import errno
import os
import struct
import sys

from workers.jail.system import PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, prctl

_LOAD_NUMBER, _EQUAL, _RETURN = (0x20, 0, 0, 0), 0x15, 0x06
_ALLOW, _ABSENT = 0x7FFF0000, 0x00050000 | errno.ENOSYS
_LANDLOCK_CREATE_RULESET = 444


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def main(command: list[str]) -> None:
    asked = (_EQUAL, 0, 1, _LANDLOCK_CREATE_RULESET)
    steps = (_LOAD_NUMBER, asked, (_RETURN, 0, 0, _ABSENT), (_RETURN, 0, 0, _ALLOW))
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    program = _Program(length=len(steps), filter=ctypes.addressof(code))
    prctl("PRIVILEGES", PR_SET_NO_NEW_PRIVS, 1)
    prctl("SECCOMP", PR_SET_SECCOMP, 2, ctypes.addressof(program))
    os.execvp(command[0], command)  # noqa: S606 - the command is the test's own


if __name__ == "__main__":
    main(sys.argv[1:])
