"""Lists in pages: keyset cursors, opaque to the caller, with a `Link` to the next page (RFC 8288)."""

from base64 import b64decode, urlsafe_b64encode
from binascii import Error as BadBase64
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, TypeVar

import orjson
from fastapi import Query, Response
from pydantic import BaseModel
from sqlalchemy import Connection, Select, Table
from sqlmodel import SQLModel

from exchange.kernel.errors import Malformed

Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str | None, Query(max_length=200)]
Shown = TypeVar("Shown", bound=BaseModel)


def of_row(view: type[Shown]) -> Callable[[Mapping[Any, Any]], Shown]:
    """How a row is shown where each field of the view is a column of that name."""
    return lambda row: view(**{name: row[name] for name in view.model_fields})


def page(
    connection: Connection,
    query: Select[Any],
    table: type[SQLModel],
    *,
    path: str,
    limit: int,
    cursor: str | None,
    view: Callable[[Any], BaseModel],
) -> Response:
    """One page of a view, ordered by its `id` column, as a JSON list."""
    column = _table(table).c.id
    if cursor is not None:
        query = query.where(column > _opened(cursor))
    rows = connection.execute(query.order_by(column).limit(limit + 1)).mappings().all()
    shown: Sequence[Any] = rows[:limit]
    response = Response(
        orjson.dumps([view(row).model_dump(mode="json") for row in shown]), media_type="application/json"
    )
    if len(rows) > limit:
        mark = "&" if "?" in path else "?"
        response.headers["Link"] = f'<{path}{mark}limit={limit}&cursor={_sealed(shown[-1]["id"])}>; rel="next"'
    return response


def _table(model: type[SQLModel]) -> Table:
    return SQLModel.metadata.tables[str(model.__tablename__)]


def _sealed(last: str) -> str:
    return urlsafe_b64encode(last.encode()).decode().rstrip("=")


def _opened(cursor: str) -> str:
    try:
        last = b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (BadBase64, ValueError):
        last = ""
    if not last or not last.isprintable():
        raise Malformed("not a cursor of ours", code="E_CURSOR")
    return last
