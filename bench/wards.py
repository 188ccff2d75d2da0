"""The table the disclosure bench asks about: visits of persons to wards, made by the engine from a fixed seed.

Ten visits a person on average, twenty kept, fifty wards: the shape that `docs/security.md` speaks of. It is onboarded
as a provider onboards its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from policies.disclosure import Column
from workers.assets import AssetSpec, controlled
from workers.onboarding import prepare

WARDS = 50
ASKED = "SELECT ward, count(*) AS visits, sum(cost) AS spent FROM visits GROUP BY ward"
VISITS = AssetSpec(
    table="visits",
    unit="person",
    units_of="person",
    key=(("visit",),),
    unit_rows_kept=20,
    columns={
        "visit": Column.model_validate({"type": "int", "uses": ["join"], "not_null": True}),
        "person": Column.model_validate({"type": "int", "uses": ["join"], "not_null": True}),
        "ward": Column.model_validate({"type": "int", "uses": ["group"], "bounds": (0, WARDS - 1), "not_null": True}),
        "cost": Column.model_validate({"type": "int", "uses": ["aggregate"], "bounds": (0, 999), "not_null": True}),
    },
)
_ROWS = """
    SELECT i AS visit, hash(i) % greatest({rows} // 10, 1) AS person, hash(i * 7 + 1) % {wards} AS ward,
           hash(i * 13 + 5) % 1000 AS cost
    FROM range({rows}) r(i)"""


@dataclass(frozen=True, slots=True)
class Wards:
    """The prepared file, and its controls as a licence names them."""

    file: Path
    tables: Mapping[str, Any]


def wards(folder: Path, rows: int) -> Wards:
    folder.mkdir(parents=True, exist_ok=True)
    source, data = folder / "source.parquet", folder / "data"
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"COPY ({_ROWS.format(rows=rows, wards=WARDS)}) TO '{source}' (FORMAT parquet)")
    profile = prepare(source, VISITS, data)
    source.unlink()
    return Wards(data / "visits.parquet", {"visits": controlled(VISITS, profile).model_dump(mode="json")})
