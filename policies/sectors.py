"""A sector's own negative list in its published form: seven columns a row, one kind of data a row (rulebook 4.3).

Reads strictly: one strange word, gap or double row and nothing is read at all. It decides one thing, whether a kind of
data is barred from opening and sharing both; what follows from that is row N20 of the negative list.
"""

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from policies.engine.refused import Fault, PolicyRefused

COLUMNS = {
    "序号": "number",
    "类别": "kind",
    "子类": "subkind",
    "开放类型": "opening",
    "共享类型": "sharing",
    "清单类型": "list_type",
    "数据特征": "features",
}
ROWS_MAX = 10_000
_Words = Annotated[str, Field(min_length=1, max_length=200)]


class Opening(StrEnum):
    UNCONDITIONAL = "无条件开放"
    CONDITIONAL = "有条件开放"
    NOT_OPEN = "不予开放"


class Sharing(StrEnum):
    UNCONDITIONAL = "无条件共享"
    CONDITIONAL = "有条件共享"
    NOT_SHARED = "不予共享"


class SectorRow(BaseModel):
    """One kind of data, and to whom it may go."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    number: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,4}$")]
    kind: _Words
    subkind: _Words
    opening: Opening
    sharing: Sharing
    list_type: _Words
    features: Annotated[str, Field(max_length=2_000)]

    @property
    def is_barred(self) -> bool:
        return self.opening is Opening.NOT_OPEN and self.sharing is Sharing.NOT_SHARED


class SectorList(BaseModel):
    """A whole list, known by the digest of what it says."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    rows: Annotated[tuple[SectorRow, ...], Field(min_length=1, max_length=ROWS_MAX)]

    @property
    def digest(self) -> str:
        said = [row.model_dump(mode="json") for row in self.rows]
        return hashlib.sha256(json.dumps(said, ensure_ascii=False, sort_keys=True).encode()).hexdigest()

    def bars(self, kind: str, subkind: str) -> bool:
        """Whether the list bars this kind of data. One it does not name is not its to bar."""
        return any(row.is_barred for row in self.rows if (row.kind, row.subkind) == (kind, subkind))


def read_sector_list(text: str) -> SectorList:
    """The list in a CSV file with the seven columns of the published form, in that order."""
    rows = tuple(_rows(text))
    for what in ({row.number for row in rows}, {(row.kind, row.subkind) for row in rows}):
        if len(what) != len(rows):
            raise PolicyRefused(Fault.DUPLICATE_ID, "sector list")
    if not 1 <= len(rows) <= ROWS_MAX:
        raise PolicyRefused(Fault.SHAPE, "sector list: rows")
    return SectorList(rows=rows)


def _rows(text: str) -> Iterator[SectorRow]:
    lines = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        if next(lines, None) != list(COLUMNS):
            raise PolicyRefused(Fault.SHAPE, "sector list: columns")
        for place, cells in enumerate(lines, 1):
            if len(cells) != len(COLUMNS) or place > ROWS_MAX:
                raise PolicyRefused(Fault.SHAPE, f"sector list row {place}")
            yield _row(place, cells)
    except csv.Error:
        raise PolicyRefused(Fault.SHAPE, "sector list: CSV") from None


def _row(place: int, cells: list[str]) -> SectorRow:
    try:
        return SectorRow.model_validate(dict(zip(COLUMNS.values(), cells, strict=True)))
    except ValidationError as error:
        raise PolicyRefused(Fault.VALUE, f"sector list row {place}: {error.errors()[0]['loc'][0]}") from None
