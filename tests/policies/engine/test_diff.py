"""Two sets beside one another: each changed decision is shown by a case, and none that stayed is."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.engine import Decision, PolicyRefused, archive, decide, decided_again, diff, load_policies
from policies.engine.policy_set import TABLES
from policies.engine.prove import cases
from tests.policies.engine.small import TABLE, VOCABULARY, write

POLICIES = load_policies()


def spoiled(folder: Path, name: str, old: str, new: str) -> Path:
    for path in TABLES.glob("*.yaml"):
        text = path.read_text("utf-8")
        (folder / path.name).write_text(text.replace(old, new, 1) if path.stem == name else text, "utf-8")
    return folder


def test_a_set_does_not_differ_from_itself() -> None:
    found = diff(POLICIES, load_policies())

    assert (found.changes, found.tables_new, found.asked_new) == ((), (), ())


def test_a_raised_threshold_is_shown_by_a_case_it_moves(tmp_path: Path) -> None:
    old = load_policies(write(tmp_path / "old"))
    new = load_policies(write(tmp_path / "new", table=TABLE.replace(">= 5", ">= 7")))

    changes = diff(old, new).changes

    assert {(one.before.rule_ids, one.after.rule_ids) for one in changes} == {(("X1",), ("X2",)), (("X1",), ("X3",))}
    assert {one.facts["size"] for one in changes} == {5}
    assert all(decide(old, "things", one.facts) == one.before for one in changes)


def test_a_row_that_goes_among_rows_that_all_count_is_seen(tmp_path: Path) -> None:
    new = load_policies(spoiled(tmp_path, "negative_list", "when: {under_14: true, purpose: MARKETING}",
                                "when: {under_14: true, purpose: AI_TRAINING}"))  # fmt: skip

    changes = diff(POLICIES, new).changes

    assert {(one.before.rule_ids[0], one.after.rule_ids[0]) for one in changes} >= {("N08b", "N00"), ("N00", "N08b")}
    assert all((one.before.permitted, one.before.reasons) != (one.after.permitted, one.after.reasons)
               for one in changes)  # fmt: skip


def test_an_outcome_that_changes_is_a_change(tmp_path: Path) -> None:
    new = load_policies(spoiled(tmp_path, "controls", "k_min: 10\n", "k_min: 11\n"))

    (change,) = diff(POLICIES, new).changes

    assert (change.facts, change.before.outcome["k_min"], change.after.outcome["k_min"]) == ({"grade": "G3"}, 10, 11)


def test_other_words_for_the_same_rule_change_nothing(tmp_path: Path) -> None:
    new = load_policies(spoiled(tmp_path, "splits", "en: enterprise data}", "en: data of an enterprise}"))

    assert new.digest != POLICIES.digest
    assert diff(POLICIES, new).changes == ()


def test_what_only_one_side_can_say_is_listed_apart(tmp_path: Path) -> None:
    old = load_policies(write(tmp_path / "old"))
    vocabulary = VOCABULARY.replace("RED: {zh: 红, en: red}", "RED: {zh: 红, en: red}, GREY: {zh: 灰, en: grey}")
    new = load_policies(write(tmp_path / "new", vocabulary=vocabulary))

    found = diff(old, new)

    assert (found.asked_new, found.asked_gone, found.changes) == (("things: colour=GREY",), (), ())


@given(cut=st.integers(1, 9), data=st.data())
def test_no_changed_decision_goes_unseen(
    cut: int, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("sets")
    old = load_policies(write(folder / "old"))
    new = load_policies(write(folder / "new", table=TABLE.replace(">= 5", f">= {cut}")))

    pairs = {(one.before.rule_ids, one.after.rule_ids) for one in diff(old, new).changes}

    box = cases(new.tables["things"], {}) | {"size": frozenset(range(10))}
    facts = {name: data.draw(st.sampled_from(sorted(box[name]))) for name in box}
    before, after = decide(old, "things", facts), decide(new, "things", facts)
    changed = (before.permitted, before.outcome) != (after.permitted, after.outcome)
    assert ((before.rule_ids, after.rule_ids) in pairs) == changed


def test_an_old_decision_is_made_again_and_a_forged_one_is_not(tmp_path: Path) -> None:
    archive(POLICIES, tmp_path)
    made = Decision.model_validate_json(decide(POLICIES, "splits", {"split_template": "T2"}).model_dump_json())

    assert decided_again(tmp_path, made) == made
    with pytest.raises(PolicyRefused) as refused:
        decided_again(tmp_path, made.model_copy(update={"rule_ids": ("T1",)}))
    assert refused.value.code == "E_POLICY_DECISION"
