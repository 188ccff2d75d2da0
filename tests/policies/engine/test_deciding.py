"""Decisions: total over the vocabulary, the same each time, and none at all on facts that are not facts."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.engine import Decision, PolicyRefused, decide, load_archived, load_policies
from policies.engine.archive import archive
from policies.engine.golden import load_vectors
from policies.engine.table import Table
from policies.engine.vocabulary import BoolWord, EnumWord, Value
from tests.policies.engine.small import TABLE, write

POLICIES = load_policies()
USUAL = {group.table: dict(group.usual) for group in load_vectors()}


def any_facts(table: Table) -> st.SearchStrategy[dict[str, Value]]:
    words: dict[str, st.SearchStrategy[Value]] = {}
    for name, word in table.inputs.items():
        if isinstance(word, EnumWord):
            words[name] = st.sampled_from(sorted(word.values))
        elif isinstance(word, BoolWord):
            words[name] = st.booleans()
        else:
            words[name] = st.integers(word.min, word.max)
    return st.fixed_dictionaries(words)


def by_hand(table: Table, facts: Mapping[str, Value]) -> list[str]:
    """The same question answered the slow and plain way."""
    held = [row for row in table.rows if all(facts[name] in allowed for name, allowed in row.when.items())]
    refusing = [row.id for row in held if not row.permits]
    return (refusing or [row.id for row in held]) if table.hit == "all" else [held[0].id]


@pytest.mark.parametrize("name", sorted(POLICIES.tables))
@given(data=st.data())
def test_every_case_of_the_vocabulary_is_decided_and_always_alike(name: str, data: st.DataObject) -> None:
    facts = data.draw(any_facts(POLICIES.tables[name]))

    decision = decide(POLICIES, name, facts)

    assert decision == decide(POLICIES, name, dict(reversed(facts.items())))
    assert list(decision.rule_ids) == by_hand(POLICIES.tables[name], facts)
    assert decision.permitted == (decision.reasons == ())
    assert decision.facts == facts
    assert decision.policy_digest == POLICIES.digest


def test_a_decision_survives_the_wire_and_cannot_be_changed() -> None:
    decision = decide(POLICIES, "controls", {"grade": "G3"})

    assert Decision.model_validate_json(decision.model_dump_json()) == decision
    with pytest.raises(ValueError, match="frozen"):
        decision.permitted = False  # type: ignore[misc]


@pytest.mark.parametrize(
    ("table", "change", "code"),
    [
        ("licence", {"consent": "perhaps"}, "E_FACT_VALUE"),
        ("licence", {"funds_ok": 1}, "E_FACT_VALUE"),
        ("licence", {"funds_ok": "true"}, "E_FACT_VALUE"),
        ("licence", {"funds_ok": None}, "E_FACT_VALUE"),
        ("admission", {"mlps_level": True}, "E_FACT_VALUE"),
        ("admission", {"mlps_level": 6}, "E_FACT_VALUE"),
        ("admission", {"mlps_level": 2.0}, "E_FACT_VALUE"),
        ("admission", {"role": "EXCHANGE"}, "E_FACT_VALUE"),
        ("admission", {"role": ["BUYER"]}, "E_FACT_VALUE"),
        ("licence", {"funds_okay": True}, "E_FACT_UNKNOWN"),
    ],
)
def test_a_strange_fact_is_refused_and_never_simply_fails_to_match(
    table: str, change: dict[str, Value], code: str
) -> None:
    with pytest.raises(PolicyRefused) as refused:
        decide(POLICIES, table, USUAL[table] | change)

    assert refused.value.code == code
    assert not any(str(value) in refused.value.where.split() for value in change.values())


@pytest.mark.parametrize("name", sorted(USUAL["licence"]))
def test_a_missing_fact_is_refused(name: str) -> None:
    facts = {word: value for word, value in USUAL["licence"].items() if word != name}

    with pytest.raises(PolicyRefused) as refused:
        decide(POLICIES, "licence", facts)

    assert refused.value.code == "E_FACT_MISSING"


def test_an_unknown_table_decides_nothing() -> None:
    with pytest.raises(PolicyRefused) as refused:
        decide(POLICIES, "favours", {})

    assert refused.value.code == "E_TABLE_UNKNOWN"


def test_an_old_decision_is_made_again_by_the_archived_set(tmp_path: Path) -> None:
    # Arrange: a decision under the old rules, which then change.
    old = load_policies(write(tmp_path / "old"))
    facts: dict[str, Value] = {"colour": "RED", "old": False, "size": 5}
    decision = decide(old, "things", facts)
    archive(old, tmp_path / "archive")
    new = load_policies(write(tmp_path / "new", table=TABLE.replace('">= 5"', '">= 6"')))
    archive(new, tmp_path / "archive")
    # Act
    again = decide(load_archived(tmp_path / "archive", decision.policy_digest), "things", decision.facts)
    # Assert
    assert again == decision
    assert decide(new, "things", facts).permitted != decision.permitted


def test_archiving_twice_changes_nothing_and_leaves_no_draft(tmp_path: Path) -> None:
    first = archive(POLICIES, tmp_path)
    second = archive(POLICIES, tmp_path)

    assert first == second
    assert [path.name for path in tmp_path.iterdir()] == [f"{POLICIES.digest}.json"]
    assert load_archived(tmp_path, POLICIES.digest) == POLICIES


def test_an_archived_set_that_was_touched_is_refused(tmp_path: Path) -> None:
    path = archive(POLICIES, tmp_path)
    path.write_bytes(path.read_bytes().replace(b"E_FUNDS", b"E_FUND5"))

    with pytest.raises(PolicyRefused) as refused:
        load_archived(tmp_path, POLICIES.digest)

    assert refused.value.code == "E_POLICY_DIGEST"


@pytest.mark.parametrize("digest", ["../secrets", "", "0" * 64, "A" * 64])
def test_only_a_digest_names_an_archived_set(tmp_path: Path, digest: str) -> None:
    with pytest.raises(PolicyRefused) as refused:
        load_archived(tmp_path, digest)

    assert refused.value.code == "E_POLICY_DIGEST"
