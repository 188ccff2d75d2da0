"""Controls as a domain keeps them: what was written into their file by another hand is not served."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.workers.tiny_log import TABLES
from workers.domain import Domain


@pytest.fixture
def domain(tmp_path: Path) -> Domain:
    return Domain.made(tmp_path)


def test_what_was_declared_is_found_by_its_digest(domain: Domain) -> None:
    assert domain.controls(domain.keep_controls(TABLES)) == TABLES
    assert domain.controls("0" * 64) is None


@pytest.mark.parametrize(
    "said",
    [
        {"visits": {**TABLES["visits"], "surprise": 1}},
        {"visits": {**TABLES["visits"], "unit_rows_max": 99}},
        {"visits": []}, [], "visits",
    ],
    ids=str,
)  # fmt: skip
def test_a_strange_word_or_a_changed_one_in_the_file_refuses_it(domain: Domain, said: Any) -> None:
    digest = domain.keep_controls(TABLES)
    (domain.folder / "controls" / f"{digest}.json").write_text(json.dumps(said))

    assert domain.controls(digest) is None


def test_half_a_file_is_none(domain: Domain) -> None:
    digest = domain.keep_controls(TABLES)
    (domain.folder / "controls" / f"{digest}.json").write_text('{"visits": {')

    assert domain.controls(digest) is None
