"""Rulebook S04: a count of people by diagnosis at k = 20, whose total the provider publishes, bought and answered."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from exchange.ledger import tables
from exchange.ledger.store import Store
from tests.provider import LOAD, SPEC, Provider
from tests.scenarios.approving import Approving
from tests.scenarios.test_query_templates import run, submitted
from workers.assets import AssetSpec

SQL = "SELECT district AS diagnosis, count(*) AS n FROM load GROUP BY district ORDER BY district"


class Clinic(Provider):
    """Its groups, and whether it publishes how many people there are in all."""

    cells: Mapping[str, int]

    def sources(self, folder: Path) -> Mapping[str, Path]:
        folder.mkdir()
        source, people = folder / "load.parquet", [sign for sign, count in self.cells.items() for _ in range(count)]
        rows = "SELECT 'm' || row_number() OVER () AS meter, d AS district, 100 AS kwh FROM (SELECT unnest(?) AS d)"
        with duckdb.connect(":memory:") as connection:
            connection.execute("CREATE TABLE load AS " + rows, [people])
            connection.execute(f"COPY load TO '{source}' (FORMAT parquet)")
        return {"load": source}


def market_of(store: Store, home: Path, cells: Mapping[str, int], margins: list[list[str]]) -> Approving:
    table = AssetSpec.model_validate({**LOAD.model_dump(mode="json"), "margins": margins})
    named = {"cells": cells, "spec": SPEC.model_copy(update={"tables": (table,)})}
    supplied = type("ThisClinic", (Clinic,), named)
    made: Approving = type("ThisMarket", (Approving,), {"supplied_by": supplied})(store, home, "G4")
    return made


@pytest.mark.parametrize(
    ("cells", "margins", "rows", "suppressed_cells"),
    [
        ({"A": 153, "B": 47, "C": 19, "D": 22}, [[]], (("A", 153), ("B", 47)), 2),
        ({"A": 153, "B": 47, "C": 19, "D": 22}, [], (("A", 153), ("B", 47), ("D", 22)), 0),
        ({"A": 31, "B": 12, "C": 88, "D": 64, "E": 40}, [[]], (("C", 88), ("D", 64), ("E", 40)), 2),
    ],
)
def test_beside_a_published_total_a_second_cell_is_hidden_and_both_are_counted(
    tmp_path: Path,
    cells: Mapping[str, int],
    margins: list[list[str]],
    rows: tuple[Any, ...],
    suppressed_cells: int,
) -> None:
    store = Store(f"sqlite:///{tmp_path}/log.db")
    tables.create(store)
    market = market_of(store, tmp_path / "home", cells, margins)
    licence_id = market.licence()
    template_id, approval_id = submitted(market, sql=SQL, parameters={})
    market.provider.approve(approval_id)
    market.staff["first compliance officer"].approvals.approve(approval_id)

    with market.provider.engine() as engine:
        order = run(market, licence_id, template_id)
        market.works(engine)

    answer = market.answer(str(order["id"]))
    assert (answer.mode, answer.k_min, answer.rows) == ("exact", 20, rows)
    assert answer.suppressed_cells == suppressed_cells
    store.close()
