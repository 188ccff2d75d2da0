"""What is published of the rules is what the analyser holds."""

import re
from pathlib import Path

from policies.disclosure.published import RULES, page
from policies.disclosure.words import forms

ROOT = Path(__file__).parents[3]


def test_the_documentation_is_the_published_page() -> None:
    assert (ROOT / "docs/sql.md").read_text() == page()


def test_every_rule_the_code_refuses_by_is_published() -> None:
    named = {
        rule for file in (ROOT / "policies/disclosure").glob("*.py") for rule in re.findall(r"R\d\d", file.read_text())
    }

    assert named >= set(RULES)
    assert {rule for rule in named if "R01" <= rule <= "R24"} == set(RULES)


def test_the_page_names_every_form_on_the_list() -> None:
    text = page()

    assert all(f"| {node.__name__} |" in text for node in forms())
