"""Values put into a query's tree in the place of its parameters: as literal nodes, never as text that is read."""

from collections.abc import Mapping
from datetime import date

from sqlglot import exp

from policies.disclosure.words import Node

Literals = Mapping[str, int | str | date]
NO_LITERALS: Literals = {}


def filled(tree: Node, literals: Literals) -> Node:
    """The tree with a literal for each `:name` that has one. What has none stays, and is on nobody's list."""
    for node in list(tree.find_all(exp.Placeholder)):
        bare = not any(part for name, part in node.args.items() if name != "this")
        if bare and isinstance(node.this, str) and node.this in literals:
            node.replace(_node(literals[node.this]))
    return tree


def _node(value: int | str | date) -> Node:
    if isinstance(value, date):
        return exp.cast(exp.Literal.string(value.isoformat()), "date")
    if isinstance(value, str):
        return exp.Literal.string(value)
    return exp.Literal.number(value) if value >= 0 else exp.Neg(this=exp.Literal.number(-value))
