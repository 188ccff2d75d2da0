"""The system-call filter, run here as the kernel would run it: what it lets pass on each processor, and what not."""

import struct

import pytest

from workers.jail import calls
from workers.jail.seccomp import program
from workers.jail.system import Unconfined

ALLOW, REFUSE, ABSENT, KILL = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000
MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}


def judge(code: bytes, audit: int, number: int, argument: int = 0) -> int:
    """The four BPF instructions the filter uses, over the kernel's `seccomp_data`."""
    data = struct.pack("=IIQ6Q", number, audit, 0, argument, 0, 0, 0, 0, 0)
    steps = list(struct.iter_unpack("=HBBI", code))
    place, held = 0, 0
    while True:
        what, then, otherwise, value = steps[place]
        place += 1
        if what == 0x20:
            held = struct.unpack_from("=I", data, value)[0]
        elif what == 0x15:
            place += then if held == value else otherwise
        elif what == 0x45:
            place += then if held & value else otherwise
        else:
            return int(value)


@pytest.mark.parametrize("machine", MACHINES)
def test_exactly_the_listed_calls_pass(machine: str) -> None:
    audit, column = MACHINES[machine]
    code = program(machine, 77)
    free = {numbers[column] for numbers in calls.FREE.values()} - {None}

    passed = {number for number in range(600) if judge(code, audit, number, argument=1 << 40) == ALLOW}

    # An argument whose low half is nought is prlimit64 on oneself: allowed.
    assert passed == free | {calls.PRLIMIT64[column]}


@pytest.mark.parametrize("machine", MACHINES)
def test_calls_that_depend_on_their_argument(machine: str) -> None:
    audit, column = MACHINES[machine]
    code = program(machine, 77)

    assert judge(code, audit, calls.CLONE[column], 0x3D0F00) == ALLOW
    assert judge(code, audit, calls.CLONE[column], 0x11) == REFUSE
    assert judge(code, audit, calls.CLONE3[column]) == ABSENT
    assert judge(code, audit, calls.TGKILL[column], 77) == ALLOW
    assert judge(code, audit, calls.TGKILL[column], 78) == REFUSE
    assert judge(code, audit, calls.PRCTL[column], 15) == ALLOW
    assert judge(code, audit, calls.PRCTL[column], 4) == REFUSE
    assert judge(code, audit, calls.PRLIMIT64[column], 1) == REFUSE


def test_calls_of_another_processor_kill() -> None:
    assert judge(program("x86_64", 77), 0x40000003, 4) == KILL
    assert judge(program("x86_64", 77), 0xC000003E, 0x40000000) == REFUSE


@pytest.mark.parametrize("machine", ["riscv64", "i686", "armv7l", ""])
def test_an_unknown_processor_is_not_confined_and_so_not_used(machine: str) -> None:
    with pytest.raises(Unconfined):
        program(machine, 77)
