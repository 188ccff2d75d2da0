"""A set of rules with one defect never loads, and says where and what kind of defect it is."""

from pathlib import Path

import pytest

from policies.engine import PolicyRefused, load_policies
from tests.policies.engine.small import TABLE, VOCABULARY, spoiled, write


def test_the_small_set_loads_and_counts_its_cases(tmp_path: Path) -> None:
    policies = load_policies(write(tmp_path / "rules"))

    # Two colours, old or not, and two stretches of size: below five, and five or more.
    assert policies.cases == {"things": 8}
    assert policies.version == "2026.1"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("when: {old: true}", "when: {old: true, size: 7}", "E_POLICY_GAP"),
        ("when: {old: true}", "when: {old: true, colour: RED, size: '> 6'}", "E_POLICY_GAP"),
        ("when: {old: false}", "when: {}", "E_POLICY_DEAD_ROW"),
        ("hit: first", "hit: unique", "E_POLICY_OVERLAP"),
        ("when: {old: true}", "when: {old: 1.0}", "E_POLICY_FLOAT"),
        ("when: {old: true}", "when: {old: 1e3}", "E_POLICY_FLOAT"),
        ("when: {old: true}", "when: {old: .inf}", "E_POLICY_FLOAT"),
        ("when: {old: true}", "when: {old: true, old: true}", "E_POLICY_DUPLICATE_KEY"),
        ("id: X3", "id: X2", "E_POLICY_DUPLICATE_ID"),
        ("when: {old: true}", "when: {olde: true}", "E_POLICY_WORD"),
        ("inputs: [colour, old, size]", "inputs: [colour, old, size, weight]", "E_POLICY_WORD"),
        ("size]\noutputs: [colours]", "size, colours]\noutputs: []", "E_POLICY_WORD"),
        ("inputs: [colour, old, size]", "inputs: [colour, old, size, size]", "E_POLICY_DUPLICATE_KEY"),
        ("reason: E_NO", "reason: E_NEVER", "E_POLICY_WORD"),
        ("colour: RED,", "colour: GREEN,", "E_POLICY_VALUE"),
        ("colour: RED,", "colour: [],", "E_POLICY_VALUE"),
        ("colour: RED,", "colour: [RED, RED],", "E_POLICY_VALUE"),
        ("when: {old: true}", "when: {old: yes}", "E_POLICY_VALUE"),
        ("when: {old: true}", "when: {old: 1}", "E_POLICY_VALUE"),
        ('">= 5"', '">= 10"', "E_POLICY_VALUE"),
        ('">= 5"', '"< 0"', "E_POLICY_VALUE"),
        ('">= 5"', '"5 or more"', "E_POLICY_VALUE"),
        ("colours: [RED, BLUE]", "colours: [RED, GREEN]", "E_POLICY_VALUE"),
        ("then: {colours: [RED, BLUE]}", "then: {}", "E_POLICY_OUTPUT"),
        ("then: {colours: [RED, BLUE]}", "then: {colours: [], size: 1}", "E_POLICY_OUTPUT"),
        ("    reason: E_NO\n", "", "E_POLICY_SHAPE"),
        ("title: {zh: 物, en: things}", "title: {en: things}", "E_POLICY_SHAPE"),
        ("hit: first", "hit: last", "E_POLICY_SHAPE"),
        ("table: things", "table: others", "E_POLICY_SHAPE"),
        ("hit: first", "hit: first\npriority: 3", "E_POLICY_SHAPE"),
        ("title: {zh: 物", "title: &a {zh: 物", "E_POLICY_YAML"),
        ("title: {zh: 物", "title: !!map {zh: 物", "E_POLICY_YAML"),
        ("hit: first", "hit: [first", "E_POLICY_YAML"),
    ],
)
def test_a_table_with_one_defect_never_loads(tmp_path: Path, old: str, new: str, code: str) -> None:
    folder = write(tmp_path / "rules", table=spoiled(TABLE, old, new))

    with pytest.raises(PolicyRefused) as refused:
        load_policies(folder)

    assert refused.value.code == code


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("min: 0, max: 9", "min: 0, max: 9.5", "E_POLICY_FLOAT"),
        ("kind: bool", "kind: boole", "E_POLICY_SHAPE"),
        ('version: "2026.1"', "version: latest", "E_POLICY_SHAPE"),
        ("  E_NO:", "  E_IDLE: {zh: 闲, en: idle}\n  E_NO:", "E_POLICY_DEAD_WORD"),
        ("  old:", "  idle: {kind: bool, label: {zh: 闲, en: idle}}\n  old:", "E_POLICY_DEAD_WORD"),
        ("  old:", "  size: {kind: bool, label: {zh: 旧, en: old}}\n  old:", "E_POLICY_DUPLICATE_KEY"),
        ("of: colour,", "of: size,", "E_POLICY_VALUE"),
    ],
)
def test_a_vocabulary_with_one_defect_never_loads(tmp_path: Path, old: str, new: str, code: str) -> None:
    folder = write(tmp_path / "rules", vocabulary=spoiled(VOCABULARY, old, new))

    with pytest.raises(PolicyRefused) as refused:
        load_policies(folder)

    assert refused.value.code == code


def test_a_gap_comes_with_a_case_that_falls_into_it(tmp_path: Path) -> None:
    folder = write(tmp_path / "rules", table=spoiled(TABLE, "when: {old: true}", "when: {old: true, colour: RED}"))

    with pytest.raises(PolicyRefused) as refused:
        load_policies(folder)

    assert refused.value.where == "things"
    assert refused.value.example == {"colour": "BLUE", "old": True, "size": 0}


def test_an_empty_folder_is_not_a_set_of_rules(tmp_path: Path) -> None:
    with pytest.raises(PolicyRefused) as refused:
        load_policies(tmp_path)

    assert refused.value.code == "E_POLICY_SHAPE"


def test_comments_and_layout_do_not_change_the_digest_and_a_word_does(tmp_path: Path) -> None:
    plain = load_policies(write(tmp_path / "a"))
    commented = load_policies(
        write(tmp_path / "b", table="# a remark\n" + TABLE.replace("{old: true}", "{ old:  true }"))
    )
    reworded = load_policies(write(tmp_path / "c", table=TABLE.replace("old things pass", "old things go")))

    assert plain.digest == commented.digest
    assert plain.digest != reworded.digest
