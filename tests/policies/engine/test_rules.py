"""The rules in force: their claims hold in every case, their golden decisions stand, and grading takes the highest."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies import properties
from policies.engine import PolicyRefused, decide, load_policies
from policies.engine.golden import load_vectors, replay
from policies.engine.policy_set import TABLES
from policies.engine.prove import cases, prove
from policies.engine.table import Table
from policies.engine.vocabulary import Value
from policies.grading import RISING, GradedField, Impact, grade

POLICIES = load_policies()


def field(name: str, *impacts: tuple[str, str], pi: str = "NONE", persons: int = 0, said: str = "NONE") -> GradedField:
    harms = tuple(Impact(impact_object=who, impact_degree=degree) for who, degree in impacts)
    return GradedField(name=name, impacts=harms, pi=pi, pi_persons=persons, declared_as=said)


def test_every_claim_holds_in_every_case() -> None:
    proved = properties.prove_claims(POLICIES)

    assert proved.claims == len({claim.id for claim in properties.CLAIMS})
    assert proved.cases > 10**9


def test_every_row_decides_some_golden_vector_and_every_vector_holds() -> None:
    vectors = load_vectors()

    assert {group.table for group in vectors} == set(POLICIES.tables)
    assert replay(POLICIES, vectors) == sum(len(group.cases) for group in vectors)


def test_a_changed_outcome_is_seen_by_the_vectors(tmp_path: Path) -> None:
    for path in TABLES.glob("*.yaml"):
        changed = path.read_text("utf-8").replace("k_min: 10\n", "k_min: 9\n")
        (tmp_path / path.name).write_text(changed, "utf-8")

    with pytest.raises(PolicyRefused) as refused:
        replay(load_policies(tmp_path), load_vectors())

    assert refused.value.where == "controls: sensitive"


def test_a_broken_claim_is_shown_with_a_case(tmp_path: Path) -> None:
    # Arrange: somebody lets the files of G4 out.
    for path in TABLES.glob("*.yaml"):
        text = path.read_text("utf-8")
        (tmp_path / path.name).write_text(
            text.replace("modes: [M3, M4, M5, M6]\n      k_min: 20", "modes: [M1, M3]\n      k_min: 20"), "utf-8"
        )
    # Act
    with pytest.raises(PolicyRefused) as refused:
        properties.prove_claims(load_policies(tmp_path))
    # Assert
    assert (refused.value.code, refused.value.where) == ("E_POLICY_CLAIM", "PR-grade-02: CT-G4")
    assert refused.value.example == {"grade": "G4"}


def gap_of(table: Table) -> Mapping[str, Value] | None:
    try:
        prove(table)
    except PolicyRefused as refused:
        return refused.example if refused.code == "E_POLICY_GAP" else None
    return None


@pytest.mark.parametrize("name", ["controls", "grading", "licence", "refunds", "splits"])
@given(data=st.data())
def test_proof_by_splitting_agrees_with_trying_cases(name: str, data: st.DataObject) -> None:
    """With some rows taken out, a gap that is found is one, and no case falls where none was found."""
    # Arrange
    table = POLICIES.tables[name]
    rows = tuple(row for row in table.rows if data.draw(st.integers(0, 9)))
    box = cases(table, {})
    # Act
    gap = gap_of(replace(table, rows=rows, hit="first"))
    # Assert
    tried = [gap] if gap else [{w: data.draw(st.sampled_from(sorted(box[w]))) for w in box} for _ in range(20)]
    assert [any(row.fits(facts) for row in rows) for facts in tried] == [gap is None] * len(tried)


def test_the_table_of_splits_says_ten_thousand_for_every_template() -> None:
    for template in ("T1", "T2", "T3", "T4", "T5"):
        outcome = decide(POLICIES, "splits", {"split_template": template}).outcome

        assert sum(share for share in outcome.values() if isinstance(share, int)) == 10_000


def test_every_rule_says_what_it_rests_on_in_both_languages() -> None:
    for table in POLICIES.tables.values():
        for row in table.rows:
            assert row.basis
            assert any("\u4e00" <= letter <= "\u9fff" for letter in row.says.zh)
            assert row.says.en.isascii()


def test_an_asset_is_as_sensitive_as_its_most_sensitive_field() -> None:
    fields = [
        field("region", ("NONE", "NONE")),
        field("revenue", ("ORG", "GENERAL"), ("ORG", "SERIOUS")),
        field("diagnosis", ("PERSON", "GENERAL"), pi="SENSITIVE", persons=5000),
    ]

    asset, decisions = grade(POLICIES, fields)

    assert asset == "G4"
    assert {name: one.outcome["grade"] for name, one in decisions.items()} == {
        "region": "G1",
        "revenue": "G3",
        "diagnosis": "G4",
    }
    assert decisions["revenue"].rule_ids == ("GR-12",)


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [field("a")],
        [field("a", ("NONE", "NONE")), field("a", ("ORG", "GENERAL"))],
        [field("a", ("NONE", "SERIOUS"))],
        [field("a", ("MOON", "SERIOUS"))],
        [field("a", ("ORG", "GENERAL"), persons=-1)],
        [field("a", ("ORG", "GENERAL"), ("NONE", "GENERAL"))],
    ],
)
def test_what_is_not_known_is_not_graded(fields: list[GradedField]) -> None:
    with pytest.raises(PolicyRefused):
        grade(POLICIES, fields)


known = st.builds(
    field,
    st.text("abcdef", min_size=1, max_size=6),
    st.sampled_from([("NONE", "NONE"), ("ORG", "GENERAL"), ("PERSON", "EXTREME"), ("ECONOMY", "SERIOUS")]),
    pi=st.sampled_from(["NONE", "PERSONAL", "SENSITIVE"]),
    persons=st.integers(0, 20_000_000),
    said=st.sampled_from(["NONE", "IMPORTANT", "CORE"]),
)


@given(st.lists(known, min_size=1, max_size=5, unique_by=lambda one: one.name), known)
def test_one_more_field_never_lowers_the_grade(fields: list[GradedField], more: GradedField) -> None:
    fields = [one for one in fields if one.name != more.name] or [more]

    before, _ = grade(POLICIES, fields)
    after, _ = grade(POLICIES, [*(one for one in fields if one is not more), more])

    assert RISING.index(after) >= RISING.index(before)
