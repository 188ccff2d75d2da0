"""What the disclosure calculus says of a query over declared controls, kept: a buyer asks the same question many times.

Pure: the answer follows from the controls' digest, k, the share and the text, so a kept one is as good as a new one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any, Literal

from policies.disclosure import Controls, Denied, Grant, Plan, analyse, load_controls, needed


@dataclass(frozen=True, slots=True)
class Declared:
    """Controls as an asset registered them. `tables` is what the digest is of, and so has no part in comparing."""

    digest: str
    k_min: int
    dominance_bp_max: int
    mode: Literal["exact", "noise"]
    tables: Mapping[str, Any] = field(compare=False, repr=False)


@lru_cache(maxsize=256)
def _controls(declared: Declared) -> Controls:
    floors = {"k_min": declared.k_min, "dominance_bp_max": declared.dominance_bp_max}
    return load_controls({"tables": declared.tables, "mode": declared.mode, **floors})


@lru_cache(maxsize=1_024)
def planned(declared: Declared, sql: str, literals: tuple[tuple[str, int | str | date], ...] = ()) -> Plan | Denied:
    """The plan of a permitted query, or why it is denied: a value here, for somebody who asks and runs nothing."""
    try:
        return analyse(sql, _controls(declared), dict(literals))
    except Denied as denied:
        return denied.with_traceback(None)


def needs(declared: Declared, sql: str) -> tuple[Grant, ...]:
    """The uses of columns by which a refused query would be answered, for a buyer to ask its provider for."""
    floors = {"k_min": declared.k_min, "dominance_bp_max": declared.dominance_bp_max}
    return needed(sql, {"tables": declared.tables, "mode": declared.mode, **floors})
