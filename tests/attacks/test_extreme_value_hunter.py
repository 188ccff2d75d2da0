"""The hunter of extremes: where one unit makes nearly all of a sum, the sum is that unit.

Also the listener who looks at codes, sizes and times instead of answers. Times are printed and never asserted.
"""

from collections.abc import Iterator

import pytest

from exchange.wire.refusals import Refused
from tests.attacks.desk import DOMINANCE_BP_MAX, Desk, K, opened, score, text
from workers.computations import sql
from workers.programs import Program

CELLS = {
    "health": ("care_years", "person_id", "medical_usd", "study_year, doctor_visits"),
    "finance": ("loans", "loan_id", "paid_interest_usd", "state, purpose"),
    "logistics": ("flights", "tail_number", "distance_miles", "carrier, dest"),
}


@pytest.fixture(scope="module", params=list(CELLS))
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Desk]]:
    opened_desk = opened(request.param, tmp_path_factory.mktemp("extremes"))
    yield request.param, opened_desk
    opened_desk.engine.__exit__()


def test_no_sum_is_released_that_one_unit_makes(desk: tuple[str, Desk]) -> None:
    domain, buyer = desk
    table, unit, secret, keys = CELLS[domain]
    shares = {row[:2]: row[2:] for row in buyer.true(
        f"SELECT {keys}, count(*), max(s) / nullif(sum(s), 0) FROM "
        f"(SELECT {keys}, {unit}, sum({secret}) AS s FROM {table} GROUP BY ALL) t GROUP BY {keys}"
    )}  # fmt: skip

    answer = buyer.ask(f"SELECT {keys}, count(*) AS n, sum({secret}) AS s FROM {table} GROUP BY {keys}")

    assert answer is not None
    assert answer.rows
    told = [float(shares[row[:2]][1] or 0) for row in answer.rows if row[3] is not None]
    score("extreme value (the sum taken for its largest part)", table, [share >= 0.95 for share in told], 0.0)
    assert max(told) * 10_000 <= DOMINANCE_BP_MAX + 1
    assert all(shares[row[:2]][0] >= K for row in answer.rows)
    hidden = sum(row[3] is None for row in answer.rows)
    assert answer.suppressed_cells == hidden


def _code(buyer: Desk, asked: str) -> str:
    try:
        sql.run(Program(asked, True), buyer.tables, sql.Floors(K, DOMINANCE_BP_MAX), buyer.engine)
    except Refused as refused:
        return refused.code.value
    return "ANSWERED"


def test_codes_and_sizes_are_the_same_for_nobody_and_for_a_few(desk: tuple[str, Desk]) -> None:
    """A condition that nobody meets and one that fewer than k units meet bring the same code and no byte more."""
    domain, buyer = desk
    table, unit, _, keys = CELLS[domain]
    first, second = keys.split(", ")
    few = buyer.true(f"SELECT {keys} FROM {table} GROUP BY {keys} HAVING count(DISTINCT {unit}) BETWEEN 1 AND {K - 1}")
    none = {"health": "-1", "finance": "'nothing'", "logistics": "'nowhere'"}[domain]

    codes = {
        _code(buyer, f"SELECT count(*) AS n FROM {table} WHERE {first} = {text(a)} AND {second} = {other}")
        for a, b in few[:5]
        for other in (text(b), none)
    }

    assert codes == {"NOTHING_RELEASABLE"}
