"""The provider's own PostgreSQL: no query is run as a role that could do more than read the prepared tables."""

import pytest

from tests.workers.database import Database, with_tables
from tests.workers.tables import LIMITS
from workers.engines import EngineCode, EngineRefused
from workers.engines.postgres import DatabaseUnfit, Postgres
from workers.engines.routed import Routed

BOTH = frozenset({"visits", "salaries"})
COUNT = "SELECT count(*) FROM visits"


@pytest.fixture(scope="module")
def database(pg_market_url: str) -> Database:
    return with_tables(pg_market_url)


@pytest.mark.parametrize(
    ("more", "less", "word"),
    [
        ("ALTER ROLE {role} CREATEDB", "ALTER ROLE {role} NOCREATEDB", "MIGHTY"),
        ("ALTER ROLE {role} SUPERUSER", "ALTER ROLE {role} NOSUPERUSER", "MIGHTY"),
        ("GRANT pg_read_server_files TO {role}", "REVOKE pg_read_server_files FROM {role}", "MEMBER"),
        ("GRANT INSERT ON dx.visits TO {role}", "REVOKE INSERT ON dx.visits FROM {role}", "WRITES"),
        ("CREATE VIEW public.other AS SELECT 1; GRANT SELECT ON public.other TO {role}", "DROP VIEW public.other",
         "READS_MORE"),
        ("CREATE TABLE public.other (a int); GRANT SELECT (a) ON public.other TO {role}", "DROP TABLE public.other",
         "READS_MORE"),
        ("GRANT CREATE ON SCHEMA dx TO {role}", "REVOKE CREATE ON SCHEMA dx FROM {role}", "MAKES"),
        ("REVOKE SELECT ON dx.visits FROM {role}", "GRANT SELECT ON dx.visits TO {role}", "MISSING"),
        ("ALTER TABLE dx.visits RENAME TO v", "ALTER TABLE dx.v RENAME TO visits", "READS_MORE"),
    ],
)  # fmt: skip
def test_a_role_that_can_do_more_or_less_is_not_used(database: Database, more: str, less: str, word: str) -> None:
    database.told(*more.format(role=database.role).split("; "))
    try:
        with pytest.raises(DatabaseUnfit, match=word), Postgres(database.reader, BOTH, LIMITS):
            pass
    finally:
        database.told(less.format(role=database.role))

    with Postgres(database.reader, BOTH, LIMITS) as engine:
        assert engine.run(COUNT, frozenset({"visits"})).rows == ((1000,),)


def test_a_domain_whose_server_is_away_does_not_start() -> None:
    with pytest.raises(DatabaseUnfit) as unfit, Postgres("host=/nowhere user=nobody password=hunter2", BOTH, LIMITS):
        pass

    assert unfit.value.args == ("UNREACHABLE",)
    assert unfit.value.__cause__ is None


def test_a_server_that_is_away_is_one_code_and_no_address(database: Database) -> None:
    with Postgres(database.reader, BOTH, LIMITS) as engine:
        engine._conninfo = "host=/nowhere user=nobody password=hunter2"
        with pytest.raises(EngineRefused) as refused:
            engine.run(COUNT, frozenset({"visits"}))

    assert refused.value.code == EngineCode.FAILED
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    "sql",
    ["SELECT count(*) FROM pg_catalog.pg_class", "SELECT pg_read_file('/etc/passwd') FROM visits",
     "SELECT CAST(salary AS BIGINT) FROM salaries", "SELECT setval('x', 1) FROM visits", "SELECT 1; SELECT 2"],
)  # fmt: skip
def test_sql_past_the_analyser_gets_one_code(database: Database, sql: str) -> None:
    with Postgres(database.reader, BOTH, LIMITS) as engine, pytest.raises(EngineRefused) as refused:
        engine.run(sql, BOTH)

    assert refused.value.args == ("FAILED",)


def test_a_query_never_reads_from_two_engines(database: Database) -> None:
    one = Postgres(database.reader, BOTH, LIMITS)

    with Routed([(frozenset({"visits"}), one), (frozenset({"salaries"}), one)]) as engine:
        assert engine.run(COUNT, frozenset({"visits"})).rows == ((1000,),)
        assert engine.run("SELECT count(*) FROM salaries", frozenset({"salaries"})).rows == ((100,),)
        with pytest.raises(EngineRefused):
            engine.run(COUNT, BOTH)
