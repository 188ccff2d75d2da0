"""What every data engine keeps, whichever it is. A new engine adds one line to `ENGINES`."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.workers.database import with_tables
from tests.workers.tables import LIMITS, write_tables
from workers.engines import Answered, Engine, EngineCode, EngineRefused
from workers.engines.duckdb import DuckDb
from workers.engines.postgres import Postgres

ENGINES = ("duckdb", "postgres")
VISITS = frozenset({"visits"})


@pytest.fixture(scope="module")
def duckdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with DuckDb(write_tables(tmp_path_factory.mktemp("tables")), LIMITS) as opened:
        yield opened


@pytest.fixture(scope="module")
def postgres(pg_market_url: str) -> Iterator[Engine]:
    with Postgres(with_tables(pg_market_url).reader, frozenset({"visits", "salaries"}), LIMITS) as opened:
        yield opened


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    opened: Engine = request.getfixturevalue(request.param)
    return opened


def test_rows_are_the_right_ones(engine: Engine) -> None:
    told = engine.run("SELECT ward, count(*) AS n FROM visits GROUP BY ward ORDER BY ward LIMIT 2", VISITS)

    assert told == Answered(columns=("ward", "n"), rows=((0, 143), (1, 143)))


def test_cells_are_whole_numbers_text_truth_nothing_or_decimal_text(engine: Engine) -> None:
    told = engine.run(
        "SELECT 1, 'a', true, NULL, DATE '2024-02-29', sum(visit * 1000000000000000000::HUGEINT), "
        "1.50::DECIMAL(5, 2), 0.1::DOUBLE + 0.2::DOUBLE, 1e22::DOUBLE FROM visits",
        VISITS,
    )

    assert told.rows == (
        (1, "a", True, None, "2024-02-29", 499500 * 10**18, "1.50", "0.30000000000000004", "10000000000000000000000"),
    )


def test_a_cell_that_is_not_a_plain_value_is_refused(engine: Engine) -> None:
    for cell in ("[1, 2]", "{'a': 1}", "'nan'::DOUBLE", "'inf'::DOUBLE", "'x'::BLOB", "INTERVAL 1 DAY"):
        with pytest.raises(EngineRefused, match="FAILED"):
            engine.run(f"SELECT {cell} FROM visits LIMIT 1", VISITS)


def test_only_the_tables_named_are_there(engine: Engine) -> None:
    with pytest.raises(EngineRefused) as refused:
        engine.run("SELECT count(*) FROM salaries", VISITS)
    assert refused.value.code == EngineCode.FAILED

    assert engine.run("SELECT count(*) FROM salaries", frozenset({"salaries"})).rows == ((100,),)


def test_a_table_nobody_registered_is_refused(engine: Engine) -> None:
    with pytest.raises(EngineRefused):
        engine.run("SELECT 1", frozenset({"ghosts"}))


def test_too_many_rows_are_refused_and_not_cut(engine: Engine) -> None:
    assert len(engine.run("SELECT visit FROM visits", VISITS).rows) == LIMITS.rows_max

    with pytest.raises(EngineRefused) as refused:
        engine.run("SELECT a.visit FROM visits a JOIN visits b ON a.ward = b.ward", VISITS)
    assert refused.value.code == EngineCode.OUTPUT_TOO_LARGE


def test_a_query_past_its_deadline_is_a_timeout(engine: Engine) -> None:
    with pytest.raises(EngineRefused) as refused:
        engine.run("SELECT sum(a.cost * b.cost * c.visit) FROM visits a, visits b, visits c, visits d", VISITS)
    assert refused.value.code == EngineCode.TIMEOUT


def test_nothing_of_a_failing_cast_comes_out(engine: Engine) -> None:
    with pytest.raises(EngineRefused) as refused:
        engine.run("SELECT CAST(salary AS INTEGER) FROM salaries", frozenset({"salaries"}))

    assert refused.value.args == ("FAILED",)
    assert refused.value.__cause__ is None


def test_queries_run_side_by_side(engine: Engine) -> None:
    def ask(ward: int) -> Answered:
        return engine.run(f"SELECT {ward}, count(*) FROM visits WHERE ward = {ward}", VISITS)

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(ask, [ward % 7 for ward in range(40)]))

    assert [answer.rows[0] for answer in told] == [(w % 7, 143 if w % 7 < 6 else 142) for w in range(40)]
