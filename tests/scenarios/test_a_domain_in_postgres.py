"""A provider whose table lies in PostgreSQL of its own: the same trade, the same answer, no file of data."""

from collections.abc import Iterator
from typing import Any

import pytest

from exchange.ledger import tables
from exchange.ledger.store import Store
from tests.market import Market
from tests.provider import FIRMS, LIMITS, Provider
from tests.workers.database import Database, made
from workers.engines import Engine
from workers.engines.postgres import DatabaseUnfit
from workers.held import CONNINFO, OWNER, engine_of, prepared


class InPostgres(Provider):
    """The firms of the other domain, in a database."""

    database: Database

    def prepared(self) -> dict[str, Any]:
        sources = self.domain.folder / "sources"
        sources.mkdir()
        (sources / "load.postgres").write_text("public.meters\n")
        self.domain.keep_secret(CONNINFO, self.database.reader)
        told = prepared(self.domain, self.spec.tables, sources)
        return {"tables": told["tables"], "profiles": told["profiles"]}

    def engine(self) -> Engine:  # type: ignore[override]
        return engine_of(self.domain, LIMITS, self.fitness.held())


@pytest.fixture(scope="module")
def market(pg_market_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    database, home = made(pg_market_url), tmp_path_factory.mktemp("market")
    database.told(
        "CREATE TABLE meters AS SELECT 'm' || i AS meter, 'district ' || i % 2 AS district, 100 + i AS kwh "
        f"FROM generate_series(0, {FIRMS - 1}) i"
    )
    held = type("Held", (InPostgres,), {"database": database})
    store = Store(f"sqlite:///{home}/log.db")
    tables.create(store)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(OWNER, database.owner)
        market = type("InPostgresMarket", (Market,), {"supplied_by": held})(store, home / "home")
    yield market
    store.close()


def test_an_order_is_answered_from_the_providers_own_database(market: Market) -> None:
    order_id = market.ordered()
    with market.provider.engine() as engine:
        market.works(engine)

    answer = market.answer(order_id)
    assert answer.rows == (("district 0", 20, 2380), ("district 1", 20, 2400))
    assert market.buyer.order(order_id)["state"] == "DELIVERED"
    assert list((market.provider.domain.folder / "data").glob("*.parquet")) == []


def test_a_database_that_refuses_is_one_code_and_costs_nothing(market: Market) -> None:
    market.buyer.deposit(250_000, "bank-slip-0002")
    order_id = market.ordered()
    database = market.provider.database  # type: ignore[attr-defined]
    with market.provider.engine() as engine:
        database.told(f"REVOKE SELECT ON dx.load FROM {database.role}")
        market.works(engine)

    order = market.buyer.order(order_id)
    assert (order["state"], order["refusal"]) == ("FAILED", "COMPUTATION_FAILED")
    with pytest.raises(DatabaseUnfit), market.provider.engine():
        pass
