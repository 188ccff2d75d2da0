"""The process every query is forked from: `python -m workers.jail.zygote FD`.

It is started by exec with an empty environment before it could know a secret, is told its tables over one socket pair,
and never runs a query itself: it forks, hands the parent a grip on the child, and reports how the child ended.
"""

import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from workers.jail import enclosure
from workers.jail.confine import Cell, confine
from workers.jail.database import Database, opened
from workers.jail.query import answer
from workers.jail.system import PR_SET_DUMPABLE, Unconfined, prctl

MESSAGE_MAX = 160 * 1024
_PROBE_MEMORY = 64 * 1024 * 1024


class Who(NamedTuple):
    """As whom a query runs, and what stands around it; the last fields of its `Cell`."""

    uid: int
    gid: int
    enclosed: bool = False


def main(control: socket.socket) -> None:
    """Open the tables, show that the jail closes, then serve until the parent is gone."""
    setup = json.loads(control.recv(MESSAGE_MAX))
    try:
        prctl("DUMPABLE", PR_SET_DUMPABLE, 0)
        who = Who(setup["uid"], setup["gid"], setup["enclosed"])
        if who.enclosed:
            enclosure.show_that_it_stands(list(setup["tables"].values()))
        database = opened({table: Path(path) for table, path in setup["tables"].items()})
        _show_that_it_holds(who)
    except Unconfined as unconfined:
        control.send(json.dumps({"unavailable": str(unconfined)}).encode())
        return
    except Exception:
        control.send(b'{"unavailable": "TABLES"}')
        return
    gc.freeze()
    control.send(b"{}")
    _serve(control, database, who)


def _serve(control: socket.socket, database: Database, who: Who) -> None:
    poll = select.poll()
    poll.register(control, select.POLLIN)
    running: dict[int, tuple[int, socket.socket]] = {}
    while True:
        for descriptor, _ in poll.poll():
            if descriptor != control.fileno():
                poll.unregister(descriptor)
                _report(descriptor, *running.pop(descriptor))
                continue
            message, passed, _, _ = socket.recv_fds(control, MESSAGE_MAX, 2)
            if not message:
                _end([pid for pid, _ in running.values()])
                return
            grip, pid, report = _start(message, passed, database, who)
            running[grip] = (pid, report)
            poll.register(grip, select.POLLIN)


def _start(message: bytes, passed: list[int], database: Database, who: Who) -> tuple[int, int, socket.socket]:
    answer_to, report_to = passed
    pid = os.fork()
    if pid == 0:
        _child(json.loads(message), answer_to, database, who)
    os.close(answer_to)
    report = socket.socket(fileno=report_to)
    grip = os.pidfd_open(pid)
    with contextlib.suppress(OSError):
        socket.send_fds(report, [b"g"], [grip])
    return grip, pid, report


def _child(asked: dict[str, Any], answer_to: int, database: Database, who: Who) -> NoReturn:
    """The fork. It leaves by `_exit` alone, so that nothing of the zygote runs twice."""
    try:
        limits = asked["limits"]
        files = tuple(database.paths[table] for table in asked["tables"])
        confine(Cell(files, (answer_to, *database.folders), limits["cpu_s"], limits["memory_bytes"], *who))
        frame = answer(database, asked["sql"], asked["tables"], limits)
        while frame:
            frame = frame[os.write(answer_to, frame) :]
    finally:
        os._exit(0)


def _report(grip: int, pid: int, report: socket.socket) -> None:
    _, status = os.waitpid(pid, 0)
    with contextlib.suppress(OSError):
        report.send(str(os.waitstatus_to_exitcode(status)).encode())
    report.close()
    os.close(grip)


def _end(pids: list[int]) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def _show_that_it_holds(who: Who) -> None:
    """A jail that was never seen to refuse is not one: lock up a child and let it try."""
    pid = os.fork()
    if pid == 0:
        try:
            confine(Cell((), (), 1, _PROBE_MEMORY, *who))
            attempts = (_probe_socket, _probe_write if who.enclosed else _probe_list, os.fork)
            held = all(_refused(attempt) for attempt in attempts)
            os._exit(0 if held else 1)
        finally:
            os._exit(2)
    if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0:
        raise Unconfined("JAIL_DOES_NOT_HOLD")


def _refused(attempt: Any) -> bool:
    try:
        attempt()
    except OSError:
        return True
    return False


def _probe_socket() -> None:
    socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)


def _probe_write() -> None:
    os.close(os.open("/x", os.O_WRONLY | os.O_CREAT))


def _probe_list() -> None:
    os.listdir("/")


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
