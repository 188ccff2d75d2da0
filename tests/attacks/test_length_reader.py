"""Someone who sees only how long a ciphertext is: the operator, or whoever stores it. How many groups were there?"""

from pathlib import Path

import pytest

from tests.workers.test_runner import ROWS, Domain, Tables, delivered
from tests.workers.tiny_log import TinyLog


@pytest.mark.parametrize("more", [2, 10, 30])
def test_a_ciphertext_is_as_long_for_one_group_as_for_many(more: int, tmp_path: Path) -> None:
    assert _length(tmp_path, ROWS[:1]) == _length(tmp_path, ROWS * more)


def test_a_long_answer_tells_its_length_to_a_power_of_two(tmp_path: Path) -> None:
    lengths = {_length(tmp_path, ROWS * more) for more in range(300, 400, 20)}

    assert len(lengths) == 1


def _length(folder: Path, rows: tuple[tuple[int, ...], ...]) -> int:
    here = folder / str(len(list(folder.iterdir())))
    here.mkdir()
    log = TinyLog()
    domain = Domain(here, log, Tables(rows))
    domain.runner.handle(delivered(log))
    ((receipt, _),) = domain.reports()
    assert receipt.output is not None
    return receipt.output.ciphertext_bytes
