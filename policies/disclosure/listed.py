"""Keys a provider declared: an answer with noise has a row for each of them, whether anybody has it or not.

Nothing about the data is told by which rows there are, so no threshold and no delta are needed.
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from math import prod
from typing import Any

from policies.disclosure.plan import Post
from policies.disclosure.refusals import Denied
from policies.disclosure.values import Value, constant, text, truth

CELLS_MAX = 1_024
"""Of a longer product the keys are told of by the threshold, as keys that nobody declared."""
Keys = tuple[tuple[bool | int | str, ...], ...]


def declared(keys: Sequence[Value], where: list[str]) -> Keys:
    """The lists of all keys of a query; none unless every key is a column with a list.

    Rows of other keys are left out before anything is added up: `where` is told so.
    """
    lists = tuple(key.listed for key in keys)
    if not lists or not all(lists) or prod(len(one) for one in lists) > CELLS_MAX:
        return ()
    where += [_within(key) for key in keys]
    return lists


def _within(key: Value) -> str:
    return f"{key.bare or key.sql} IN ({', '.join(sorted(_written(one) for one in key.listed))})"


def filled(post: Post, rows: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
    """The engine's rows and, behind them, one of zeros for each declared key that nobody has."""
    if not post.key_lists:
        return list(rows)
    width, wanted = len(post.keys), set(product(*post.key_lists))
    found = [tuple(row[:width]) for row in rows]
    if len(set(found)) != len(found) or not wanted.issuperset(found):
        raise Denied("R24", "a key that was not declared")
    missing = (one for one in product(*post.key_lists) if one not in set(found))
    return [*rows, *([*one, *[0] * len(post.measures)] for one in missing)]


def _written(key: bool | int | str) -> str:
    known = truth(key) if isinstance(key, bool) else constant(Fraction(key)) if isinstance(key, int) else text(key)
    return known.sql
