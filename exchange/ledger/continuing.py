"""A log that was frozen goes on in another database, under another name: all that was logged, again, behind entry 0.

The new tree holds the old leaves in their old order, byte for byte, so anybody can see that nothing was left out. The
old database is only read. Nothing is signed here.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, func, insert, select, update
from sqlmodel import SQLModel

TREE = ("event_index", "pending", "tile", "head", "checkpoint", "cosignature")
"""What belongs to the old tree alone, and stays there."""
NUMBERED = ("event", "dek")
"""Tables whose rows are numbered by the database, in order of arrival."""
_ROWS = 500


class NotToBeContinued(Exception):
    """Something is not logged yet, or the other database is not an empty one with entry 0."""


def carry_over(old: Connection, new: Connection) -> int:
    """Copy everything but the tree; answers how many facts. The sequencer then places them behind entry 0."""
    tables = SQLModel.metadata.tables
    if old.execute(select(func.count()).select_from(tables["pending"])).scalar_one():
        raise NotToBeContinued("facts wait to be logged")
    if new.execute(select(func.count()).select_from(tables["event"])).scalar_one() != 1:
        raise NotToBeContinued("the other database does not begin with entry 0")
    carried = 0
    for table in SQLModel.metadata.sorted_tables:
        if table.name in TREE:
            continue
        for rows in _rows(old, table.name):
            new.execute(insert(table), rows)
            carried += len(rows) if table.name == "event" else 0
    # Followers stand behind entry 0 where they stood before it.
    cursor = tables["cursor"]
    new.execute(update(cursor).where(cursor.c.idx >= 0).values(idx=cursor.c.idx + 1))
    return carried


def _rows(old: Connection, name: str) -> Iterator[list[Mapping[str, Any]]]:
    table, place = SQLModel.metadata.tables[name], SQLModel.metadata.tables["event_index"]
    columns = [column for column in table.c if not (name in NUMBERED and column.name == "n")]
    query = select(*columns)
    if name == "event":
        query = query.join(place, place.c.n == table.c.n).order_by(place.c.idx)
    elif name in NUMBERED:
        query = query.order_by(table.c.n)
    for part in old.execute(query).mappings().partitions(_ROWS):
        yield [dict(row) for row in part]
