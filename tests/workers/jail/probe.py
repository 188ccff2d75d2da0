"""One try at getting out, made from inside the jail: `python -m tests.workers.jail.probe NAME FILE`.

Prints DONE if the try succeeded, or the name of what stopped it.
"""

import ctypes
import errno
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import duckdb

from workers.jail.confine import Cell, confine
from workers.jail.system import PR_SET_DUMPABLE, prctl

_PARENT = os.getppid()
_X86 = os.uname().machine == "x86_64"
_LIBC = ctypes.CDLL(None, use_errno=True)


def shell(_: str) -> None:
    subprocess.run(["/bin/sh", "-c", "true"], check=True)


def execute(_: str) -> None:
    os.execv("/bin/true", ["true"])  # noqa: S606 - the point is that it cannot


def tcp_socket(_: str) -> None:
    socket.socket(socket.AF_INET, socket.SOCK_STREAM)


def unix_socket(_: str) -> None:
    socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)


def fork(_: str) -> None:
    if os.fork() == 0:
        os._exit(0)


def read_neighbour(file: str) -> None:
    Path(file).with_name("salaries.parquet").read_bytes()


def read_passwords(_: str) -> None:
    Path("/etc/passwd").read_bytes()


def write_neighbour(file: str) -> None:
    Path(file).with_name("new.parquet").write_bytes(b"x")


def overwrite(file: str) -> None:
    os.close(os.open(file, os.O_WRONLY))


def truncate(file: str) -> None:
    os.truncate(file, 0)


def remove(file: str) -> None:
    os.remove(file)


def overwriting_copy(file: str) -> None:
    _CONNECTION.execute(f"COPY (SELECT 1 AS x) TO '{file}' (FORMAT parquet, USE_TMP_FILE false)")


def parent_environment(_: str) -> None:
    Path(f"/proc/{_PARENT}/environ").read_bytes()


def parent_memory(_: str) -> None:
    Path(f"/proc/{_PARENT}/mem").open("rb").close()


def first_process_memory(_: str) -> None:
    Path("/proc/1/mem").open("r+b").close()


def parent_memory_by_call(_: str) -> None:
    _call(310 if _X86 else 270, _PARENT, 0, 0, 0, 0, 0)


def trace_parent(_: str) -> None:
    _call(101 if _X86 else 117, 16, _PARENT, 0, 0)


def signal_parent(_: str) -> None:
    os.kill(_PARENT, signal.SIGCONT)


def list_root(_: str) -> None:
    os.listdir("/")


def list_home(file: str) -> None:
    os.listdir(str(Path(file).parent))


def allocate(_: str) -> None:
    bytearray(20 * 1024**3)


def endless_loop(_: str) -> None:
    while True:
        pass


def raise_limits(_: str) -> None:
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
    except ValueError:
        raise PermissionError(errno.EPERM, "") from None


def memory_file(_: str) -> None:
    os.memfd_create("x")


def unshare(_: str) -> None:
    _call(272 if _X86 else 97, 0x10000000)


def io_uring(_: str) -> None:
    _call(425, 8, 0)


def keyring(_: str) -> None:
    _call(250 if _X86 else 219, 0, -2, 0)


def thirty_two_bit_calls(_: str) -> None:
    _call(0x40000000 + 39)


def become_root(_: str) -> None:
    os.setresuid(0, 0, 0)


def environment(_: str) -> None:
    if not os.environ and not _LIBC.getenv(b"HOME") and not _LIBC.getenv(b"PATH"):
        raise PermissionError(errno.ENODATA, "nothing there")


def read_own(file: str) -> None:
    Path(file).read_bytes()


def thread(_: str) -> None:
    started = threading.Thread(target=lambda: None)
    started.start()
    started.join()


def query_own(file: str) -> None:
    _CONNECTION.execute("SET threads = 2")
    _CONNECTION.execute(f"SELECT ward, count(*) FROM read_parquet('{file}') GROUP BY 1").fetchall()


_CONNECTION = duckdb.connect(":memory:", config={"threads": 1, "async_threads": 0})
PROBES: dict[str, Callable[[str], None]] = {
    name: value
    for name, value in list(globals().items())
    if callable(value) and getattr(value, "__module__", "") == __name__
}


def _call(number: int, *arguments: int) -> None:
    if _LIBC.syscall(number, *arguments) == -1:
        raise OSError(ctypes.get_errno(), "")


def main(name: str, file: str, *, enclosed: bool = False) -> None:
    answer = os.dup(1)
    folder = os.open(Path(file).parent, os.O_PATH | os.O_DIRECTORY)
    lent = f"/proc/self/fd/{folder}/{Path(file).name}"
    _CONNECTION.execute(f"SELECT * FROM read_parquet('{lent}') LIMIT 1").fetchall()
    confine(Cell((lent,), (answer, folder), 2, 512 * 1024 * 1024, 65534, 65534, enclosed))
    try:
        PROBES[name](lent)
        told = "DONE"
    except OSError as error:
        told = errno.errorcode.get(error.errno or 0, "OSError")
    except Exception as error:
        told = type(error).__name__
    os.write(answer, json.dumps(told).encode() + b"\n")
    os._exit(0)


def every(names: list[str], file: str) -> None:
    """Inside `enclosure`, one process after the other; a line each, as a name and what it was told."""
    prctl("DUMPABLE", PR_SET_DUMPABLE, 0)  # as the zygote does
    for name in names:
        os.write(1, f"{name} ".encode())
        pid = os.fork()
        if pid == 0:
            main(name, file, enclosed=True)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        os.write(1, f'"DIED {status}"\n'.encode() if status else b"")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
