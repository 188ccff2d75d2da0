"""The one who slips a row into a prepared file: it is never answered from, and the refusal tells nothing of it.

The row makes a sum that bounds were to keep small; whoever put it there asks through the market like any buyer.
"""

import os
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path

import duckdb
import pytest
import structlog

from exchange.ledger import tables
from exchange.ledger.store import Store
from tests.market import Market, Ready
from workers.domain import Domain
from workers.engines import Answered
from workers.fitness import Fitness

SUM = {"kind": "sql", "sql": "SELECT district, sum(kwh) AS kwh FROM load GROUP BY district"}
EXTREME = 4_999_999


def slipped(file: Path, row: str) -> None:
    """One row more in the file, as quietly as its owner can: same name, same times."""
    before, scratch = file.stat(), file.with_suffix(".scratch")
    with duckdb.connect(":memory:") as connection:
        rows = f"SELECT * FROM '{file}' UNION ALL BY NAME SELECT {row}"
        connection.execute(f"COPY ({rows}) TO '{scratch}' (FORMAT parquet)")
    file.write_bytes(scratch.read_bytes())
    scratch.unlink()
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def extreme(file: Path) -> None:
    slipped(file, f"'m99' AS meter, 'district 1' AS district, {EXTREME} AS kwh, 1 AS _r")


def hole(file: Path) -> None:
    slipped(file, "'m99' AS meter, NULL AS district, 100 AS kwh, 1 AS _r")


def meter_twice(file: Path) -> None:
    slipped(file, "'m1' AS meter, 'district 1' AS district, 100 AS kwh, 2 AS _r")


def one_firm_more(file: Path) -> None:
    slipped(file, "'m99' AS meter, 'district 1' AS district, 100 AS kwh, 1 AS _r")


def firm_replaced(file: Path) -> None:
    scratch = file.with_suffix(".scratch")
    with duckdb.connect(":memory:") as connection:
        rows = f"SELECT * REPLACE (if(meter = 'm1', 'm99', meter) AS meter) FROM '{file}'"
        connection.execute(f"COPY ({rows}) TO '{scratch}' (FORMAT parquet)")
    os.replace(scratch, file)


def garbage(file: Path) -> None:
    file.write_bytes(b"PAR1 and nothing of the kind")


def gone(file: Path) -> None:
    file.unlink()


class ChangesTheFile(Ready):
    """An engine during whose work the row is slipped in."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file

    def run(self, sql: str, named: AbstractSet[str]) -> Answered:
        extreme(self._file)
        return super().run(sql, named)


WAYS: dict[str, tuple[Callable[[Path], None], str]] = {
    "a row beyond the bounds": (extreme, "BOUNDS:kwh"),
    "a hole in a whole column": (hole, "NULLS:district"),
    "a key that is there already": (meter_twice, "KEY:meter"),
    "a row too many": (one_firm_more, "ROWS"),
    "another row in the place of one": (firm_replaced, "CHANGED"),
    "no table at all": (garbage, "UNREADABLE"),
    "no file": (gone, "UNREADABLE"),
}


def kept(market: Market) -> Path:
    return market.provider.domain.folder / "data" / "load.parquet"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    home = tmp_path_factory.mktemp("slipped")
    store = Store(f"sqlite:///{home}/log.db")
    tables.create(store)
    market = Market(store, home / "home")
    market.buyer.deposit(2_500_000, "bank-slip-0002")
    yield market
    store.close()


@pytest.fixture
def market(town: Market) -> Iterator[Market]:
    """The market with the file as it was prepared, before each test and after it."""
    whole = kept(town).read_bytes()
    town.provider.fitness = Fitness(town.provider.domain)
    yield town
    kept(town).write_bytes(whole)


@pytest.mark.parametrize("way", WAYS)
def test_what_was_slipped_in_under_a_running_worker_is_never_answered_from(market: Market, way: str) -> None:
    change, reason = WAYS[way]
    order_id = market.buyer.place_order(market.ask(market.licence(), computation=SUM))["id"]

    with market.provider.engine() as engine, structlog.testing.capture_logs() as said:
        change(kept(market))
        market.works(engine)

    order = market.buyer.order(order_id)
    assert (order["state"], order["refusal"], order["refund_rule"]) == ("FAILED", "DATA_UNFIT", "R8")
    assert order["price_fen"] == 0
    assert market.buyer.escrow()["held_fen"] == 0
    assert [(one["table"], one["code"]) for one in said if one["event"] == "data.unfit"] == [("load", reason)]
    assert str(EXTREME) not in f"{order}{said}"


def test_the_asset_is_served_until_the_change_and_again_after_it_was_prepared_anew(market: Market) -> None:
    licence_id = market.licence()
    with market.provider.engine() as engine:
        first = market.buyer.place_order(market.ask(licence_id, computation=SUM))["id"]
        market.works(engine)
        whole = kept(market).read_bytes()
        extreme(kept(market))
        second = market.buyer.place_order(market.ask(licence_id, computation=SUM))["id"]
        market.works(engine)
        kept(market).write_bytes(whole)
        third = market.buyer.place_order(market.ask(licence_id, computation=SUM))["id"]
        market.works(engine)

    assert market.buyer.order(second)["refusal"] == "DATA_UNFIT"
    assert market.answer(third).rows == market.answer(first).rows


def test_a_file_changed_while_it_is_read_is_not_answered_from(market: Market) -> None:
    order_id = market.ordered()

    market.works(ChangesTheFile(kept(market)))

    assert market.buyer.order(order_id)["refusal"] == "DATA_UNFIT"


def test_a_domain_opens_no_file_that_changed_while_it_was_away(market: Market) -> None:
    domain: Domain = market.provider.domain
    assert list(Fitness(domain).held()) == ["load"]
    garbage(kept(market))

    started = Fitness(domain)

    assert started.held() == {}
    assert started.look() == {"load": "UNREADABLE"}
