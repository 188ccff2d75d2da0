"""The list of R02: every node of a query that may pass, with the parts it may have. Anything else is refused.

The documentation's list is generated from here. A node off the list is named by the rule that best explains it.
"""

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

Node = exp.Expression

_BINARY = frozenset({"this", "expression"})
_THIS = frozenset({"this"})
_LISTED: Mapping[type[Any], frozenset[str]] = {
    exp.Select: frozenset({"expressions", "from_", "joins", "where", "group", "having", "order", "limit", "offset", "with_"}),  # noqa: E501
    exp.From: _THIS, exp.Where: _THIS, exp.Having: _THIS, exp.Paren: _THIS, exp.Neg: _THIS, exp.Not: _THIS,
    exp.Join: frozenset({"this", "on", "using", "kind", "side"}),
    exp.Table: frozenset({"this", "alias"}), exp.Subquery: frozenset({"this", "alias"}),
    exp.TableAlias: _THIS, exp.With: frozenset({"expressions"}), exp.CTE: frozenset({"this", "alias"}),
    exp.Group: frozenset({"expressions", "all"}), exp.Order: frozenset({"expressions"}),
    exp.Ordered: frozenset({"this", "desc", "nulls_first"}),
    exp.Limit: frozenset({"expression"}), exp.Offset: frozenset({"expression"}),
    exp.Alias: frozenset({"this", "alias"}), exp.Column: frozenset({"this", "table"}),
    exp.Identifier: frozenset({"this", "quoted"}), exp.Literal: frozenset({"this", "is_string"}),
    exp.Star: frozenset(), exp.Boolean: _THIS, exp.Null: frozenset(), exp.Var: _THIS,
    exp.Add: _BINARY, exp.Sub: _BINARY, exp.Mul: _BINARY, exp.Div: _BINARY | {"typed", "safe"},
    exp.And: _BINARY, exp.Or: _BINARY, exp.EQ: _BINARY, exp.NEQ: _BINARY, exp.Is: _BINARY,
    exp.LT: _BINARY, exp.LTE: _BINARY, exp.GT: _BINARY, exp.GTE: _BINARY,
    exp.Between: frozenset({"this", "low", "high"}), exp.In: frozenset({"this", "expressions", "query"}),
    exp.Case: frozenset({"this", "ifs", "default"}), exp.If: frozenset({"this", "true", "false"}),
    exp.Cast: frozenset({"this", "to"}), exp.DataType: frozenset({"this", "nested"}),
    exp.Count: frozenset({"this", "big_int"}), exp.Sum: _THIS, exp.Avg: _THIS, exp.Min: _THIS, exp.Max: _THIS,
    exp.Distinct: frozenset({"expressions"}), exp.Filter: _BINARY, exp.Interval: frozenset({"this", "unit"}),
    exp.Coalesce: frozenset({"this", "expressions"}), exp.Nullif: _BINARY, exp.Abs: _THIS,
    exp.Least: frozenset({"this", "expressions", "ignore_nulls"}),
    exp.Greatest: frozenset({"this", "expressions", "ignore_nulls"}),
    exp.Round: frozenset({"this", "decimals"}), exp.Floor: _THIS, exp.Ceil: _THIS,
    exp.TimestampTrunc: frozenset({"this", "unit"}), exp.DateTrunc: frozenset({"this", "unit"}),
    exp.Extract: _BINARY, exp.Year: _THIS, exp.Quarter: _THIS, exp.Month: _THIS,
}  # fmt: skip

# Parts of a SELECT that have a rule of their own.
_CLAUSES = {"distinct": "R20", "qualify": "R12", "windows": "R12", "sample": "R08", "recursive": "R13", "pivots": "R02"}
_UNBOUNDED = (exp.Pow, exp.Exp, exp.Ln, exp.Log, exp.Sqrt, exp.Cbrt)
_JOINED = (exp.TableSample, exp.Lateral, exp.Values, exp.Unnest)
_BITS = (exp.BitwiseXorAgg, exp.BitwiseAndAgg, exp.BitwiseOrAgg)
_CLOCK = (exp.Rand, exp.CurrentDate, exp.CurrentTime, exp.CurrentTimestamp, exp.CurrentUser, exp.Uuid)
_SOMEBODYS = frozenset({
    "first", "last", "any_value", "arg_min", "arg_max", "min_by", "max_by", "list", "array_agg", "string_agg",
    "listagg", "median", "mad", "mode", "quantile", "quantile_cont", "quantile_disc", "approx_quantile",
    "approx_count_distinct", "approx_top_k", "stddev", "variance", "entropy", "kurtosis", "skewness",
    "reservoir_quantile",
})  # fmt: skip
_DIGESTS = frozenset({"hash", "sha1", "sha256", "md5_number", "crc32"})


def forms() -> Mapping[type[Any], frozenset[str]]:
    """The whole list, for whoever publishes it."""
    return _LISTED


def listed(node: Node) -> bool:
    return type(node) in _LISTED


def stray_part(node: Node) -> str | None:
    """The rule a node breaks by a part it should not have, or None."""
    if isinstance(node, exp.Column) and isinstance(node.this, exp.Star):
        return "R04"
    for name, part in node.args.items():
        if part in (None, False, []) or name in _LISTED[type(node)]:
            continue
        if isinstance(node, exp.Join) and name == "method":
            return "R08"
        if isinstance(node, exp.Star):
            return "R04"
        return _CLAUSES.get(name, "R02")
    return None


def rule_of_stranger(node: Node) -> str:
    """Which rule a node off the list breaks: a reason for people; refused it is in any case."""
    if isinstance(node, exp.DML | exp.DDL | exp.Command):
        return "R01"
    if isinstance(node, exp.SetOperation):
        return "R19"
    if isinstance(node, exp.Window):
        return "R12"
    if isinstance(node, exp.Cube | exp.Rollup | exp.GroupingSets):
        return "R18"
    for kinds, rule in ((_JOINED, "R08"), (_UNBOUNDED, "R21"), (_CLOCK, "R14"), (_BITS, "R02")):
        if isinstance(node, kinds):
            return rule
    if isinstance(node, exp.Exists):
        return "R13"
    if isinstance(node, exp.TryCast):
        return "R15"
    if isinstance(node, exp.Anonymous):
        name = str(node.this).lower()
        return "R06" if name in _SOMEBODYS else "R02" if name in _DIGESTS else "R14"
    if isinstance(node, exp.AggFunc | exp.IgnoreNulls | exp.RespectNulls | exp.WithinGroup):
        return "R06"
    return "R02"
