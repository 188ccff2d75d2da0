"""The type of each output, told from its term: what a cell of the answer looks like, before there is any row."""

from policies.disclosure.plan import OutputType, Post, Term
from policies.disclosure.refusals import Denied

LOGICAL = frozenset({"and", "or", "not", "in", "is_null", "=", "<>", "<", "<=", ">", ">="})
_CONSTANTS: dict[str, OutputType] = {"true": "bool", "false": "bool", "text": "text", "date": "date"}
_WHOLE = frozenset({"+", "-", "*", "neg", "abs", "least", "greatest", "coalesce", "nullif", "case"})


def type_of(term: Term, post: Post) -> OutputType:
    """int stays int under + - *; every quotient is a decimal."""
    if term.place is not None:
        return _column(term.place, post)
    if term.op == "number":
        return "decimal" if "/" in (term.text or "") else "int"
    if term.op in _CONSTANTS:
        return _CONSTANTS[term.op]
    parts = [type_of(arg, post) for arg in term.args if arg.op != "null"]
    if term.op in LOGICAL:
        _same(term, parts)
        return "bool"
    if term.op == "case":
        kinds = [type_of(arg, post) for arg in _branches(term) if arg.op != "null"]
        if any(one != "bool" for one in (type_of(arg, post) for arg in term.args[:-1:2])):
            raise Denied("R15", "a condition that is neither true nor false", fix="compare with a literal")
        return _one(kinds)
    if term.op in ("floor", "ceil"):
        _numbers(parts)
        return "int"
    if term.op in ("coalesce", "nullif"):
        return _one(parts)
    _numbers(parts)
    return "int" if term.op in _WHOLE and set(parts) == {"int"} else "decimal"


def _column(place: int, post: Post) -> OutputType:
    if place < len(post.keys):
        kind = post.keys[place]
        return "decimal" if kind == "number" else kind
    measure = post.measures[place - len(post.keys)]
    return "int" if measure.kind == "count" or (measure.scale == 0 and "/" not in measure.grid) else "decimal"


def _branches(term: Term) -> list[Term]:
    return [*term.args[1:-1:2], term.args[-1]]


def _numbers(parts: list[OutputType]) -> None:
    if not set(parts) <= {"int", "decimal"}:
        raise Denied("R15", "arithmetic on something that is no number", fix="use released numbers")


def _one(parts: list[OutputType]) -> OutputType:
    kinds = set(parts)
    if kinds <= {"int", "decimal"} and kinds:
        return "int" if kinds == {"int"} else "decimal"
    if len(kinds) != 1:
        raise Denied("R15", "branches of two types", fix="give every branch the same type")
    return parts[0]


def _same(term: Term, parts: list[OutputType]) -> None:
    if term.op in ("and", "or", "not"):
        if set(parts) - {"bool"}:
            raise Denied("R15", "a condition that is neither true nor false", fix="compare with a literal")
    elif term.op != "is_null":
        _one(parts)
