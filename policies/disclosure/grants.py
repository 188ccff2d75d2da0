"""Wider controls: what one use more of a column would allow, and which uses a refused query would need.

A use is all that can be granted: no bound, no floor, no unit, and no table that is not declared.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from policies.disclosure.columns import Controls, folded, load_controls
from policies.disclosure.refusals import ControlsRefused, Denied
from policies.disclosure.shape import analyse

GRANTS_MAX = 12
TRIALS_MAX = 48
"""How often a text is read to find out what it needs: whoever sends a strange one waits no longer than that."""
GrantedUse = Literal["filter", "group", "aggregate", "join"]
USES: tuple[GrantedUse, ...] = ("filter", "group", "aggregate", "join")


class Grant(BaseModel):
    """One column may be used in one way more."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    table: Annotated[str, Field(min_length=1, max_length=63)]
    column: Annotated[str, Field(min_length=1, max_length=63)]
    use: GrantedUse


def widened(tables: Mapping[str, Any], grants: Iterable[Grant]) -> dict[str, Any]:
    """The declared tables with these uses beside their own. Raises `ControlsRefused` for what is not declared."""
    found: dict[str, Any] = {name: {**table, "columns": dict(table["columns"])} for name, table in tables.items()}
    for grant in grants:
        table = found.get(grant.table, {})
        if grant.column not in table.get("columns", {}) or grant.column == table.get("unit"):
            raise ControlsRefused("a column that is not declared, or is the privacy unit")
        column = table["columns"][grant.column]
        table["columns"][grant.column] = {**column, "uses": sorted({*column.get("uses", ()), grant.use})}
    return found


def needed(sql: str, controls: Mapping[str, Any]) -> tuple[Grant, ...]:
    """The uses by which a refused query would be answered; none where it is answered, or no use would help."""
    grants: tuple[Grant, ...] = ()
    denied, trials = _denied(sql, load_controls(controls)), iter(range(TRIALS_MAX))
    while denied is not None and len(grants) < GRANTS_MAX:
        step = _step(sql, controls, grants, denied, trials)
        if step is None:
            return ()
        grants, denied = step
    return grants if denied is None else ()


def _step(
    sql: str, controls: Mapping[str, Any], grants: tuple[Grant, ...], denied: Denied, trials: Iterator[int]
) -> tuple[tuple[Grant, ...], Denied | None] | None:
    """One use more after which the query passes, or else is refused for something else."""
    further: tuple[tuple[Grant, ...], Denied | None] | None = None
    for grant, _ in zip(_candidates(controls, denied, grants), trials, strict=False):
        trial = (*grants, grant)
        now = _denied(sql, load_controls({**controls, "tables": widened(controls["tables"], trial)}))
        if now is None:
            return trial, None
        if further is None and (now.rule, now.column) != (denied.rule, denied.column):
            further = trial, now
    return further


def _candidates(controls: Mapping[str, Any], denied: Denied, grants: tuple[Grant, ...]) -> Iterator[Grant]:
    column = folded(denied.column or "")
    for name, table in controls["tables"].items():
        for own, said in table["columns"].items():
            if folded(own) == column and own != table.get("unit"):
                for use in USES:
                    grant = Grant(table=name, column=own, use=use)
                    if use not in said.get("uses", ()) and grant not in grants:
                        yield grant


def _denied(sql: str, controls: Controls) -> Denied | None:
    try:
        analyse(sql, controls)
    except Denied as denied:
        return denied
    return None
