"""The operator with both keys writes entries no honest log holds, or spoils a copied folder byte by byte.

Each test says by which numbered check the offline verifier catches it.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from exchange.client.verify import verify_log
from tests.attacks.rewritten_history.books import SIGNER, refused
from tests.attacks.rewritten_history.forging import changed, rebuilt


def test_the_honest_log_verifies_with_and_without_a_memory(folder: Path) -> None:
    assert verify_log(folder, SIGNER.vkeys()).size == 300
    assert verify_log(folder, SIGNER.vkeys(), (folder / "checkpoints/20").read_text()).size == 300


def test_one_flipped_bit_anywhere_in_any_file_is_caught(folder: Path) -> None:
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.name != ".lock"):
        data = path.read_bytes()
        for position in {0, 2, len(data) // 3, len(data) // 2, len(data) - 1}:
            for bit in (0, 5):
                broken = bytearray(data)
                broken[position] ^= 1 << bit
                path.write_bytes(bytes(broken))
                refused(folder)
        path.write_bytes(data)
    verify_log(folder, SIGNER.vkeys())


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (lambda e: [*e[1:20], changed(e[20], refs=[])], "9 versions"),  # Its first version dropped.
        (lambda e: [changed(e[0], version=2), *e[1:20]], "9 versions"),
        (lambda e: [changed(e[0], type="demo.invented"), *e[1:20]], "6 entries"),
        (lambda e: [changed(e[0], v=2), *e[1:20]], "6 entries"),
        (lambda e: [e[0].replace(b",", b", "), *e[1:20]], "6 entries"),
        (lambda e: [b"\xff\xfe", *e[1:20]], "6 entries"),
        (lambda e: [e[0].replace(b'"v":1', b'"v":1.0'), *e[1:20]], "6 entries"),
    ],
)
def test_an_entry_that_breaks_the_rules_is_caught_though_both_keys_signed_it(
    folder: Path, change: Callable[[list[bytes]], list[bytes]], check: str
) -> None:
    rebuilt(folder, change)

    assert refused(folder).startswith(check)


def test_a_stray_file_among_the_tiles_is_refused(folder: Path) -> None:
    (folder / "tile/0/zzz").write_bytes(b"")

    assert refused(folder).startswith("4 tiles: a file is no tile")
