"""Every code an answer can carry is on the page of the API's manners."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
UNSENT = {"E_EXCHANGE", "E_REFUSED", "E_LOG", "E_HTTP_"}
"""Names of families: no answer carries them as they stand."""


def said_in(folder: str, pattern: str, kind: str) -> set[str]:
    paths = [path for path in (ROOT / folder).rglob(kind) if "client" not in path.parts]
    return {code for path in paths for code in re.findall(pattern, path.read_text())}


def test_no_code_is_missing_from_the_page() -> None:
    page = (ROOT / "docs/api.md").read_text()
    told = said_in("exchange", r'"(E_[A-Z_]+)', "*.py") | said_in("policies/tables", r"reason: '?(E_[A-Z_]+)", "*.yaml")

    assert {code for code in told - UNSENT if f"`{code}" not in page} == set()
