"""From the outermost query's expressions to terms: arithmetic over released values, done after release (R05, R10, R11).

A term stands on keys and measures only; a row's own value has no way in.
"""

from dataclasses import dataclass, field
from fractions import Fraction

from sqlglot import exp

from policies.disclosure.columns import folded
from policies.disclosure.conditions import LIST_MAX, Condition
from policies.disclosure.expressions import AGGREGATES, COMPARED, value
from policies.disclosure.functions import counts_rows, literal
from policies.disclosure.measures import Measures
from policies.disclosure.plan import Term
from policies.disclosure.refusals import Denied
from policies.disclosure.relations import resolve
from policies.disclosure.values import Value
from policies.disclosure.words import Node

_OPS: dict[type[Node], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.And: "and", exp.Or: "or"}
_OPS |= COMPARED
_UNARY: dict[type[Node], str] = {exp.Neg: "neg", exp.Not: "not", exp.Abs: "abs", exp.Floor: "floor", exp.Ceil: "ceil"}
_MANY: dict[type[Node], str] = {exp.Coalesce: "coalesce", exp.Least: "least", exp.Greatest: "greatest"}
LOGICAL = frozenset({"and", "or", "not", "in", "is_null", *COMPARED.values()})


@dataclass(slots=True)
class Terms:
    """Reads terms; `place` says whose rule speaks when something is not released."""

    keys: list[Value]
    measures: Measures
    aliases: dict[str, Term] = field(default_factory=dict)
    place: str = "output"

    def term(self, node: Node) -> Term:
        if isinstance(node, exp.Paren):
            return self.term(node.this)
        if (known := literal(node)) is not None:
            return _constant(known)
        if isinstance(node, exp.Subquery | exp.Select):
            raise Denied("R13", "a query inside an expression", fix="ask twice")
        if isinstance(node, AGGREGATES):
            return self._aggregate(node)
        if (key := self._key(node)) is not None:
            return key
        return self._operation(node)

    def _operation(self, node: Node) -> Term:
        if type(node) in _OPS:
            return Term(op=_OPS[type(node)], args=(self.term(node.this), self.term(node.expression)))
        if type(node) in _UNARY:
            return Term(op=_UNARY[type(node)], args=(self.term(node.this),))
        if type(node) in _MANY:
            return Term(op=_MANY[type(node)], args=tuple(self.term(one) for one in (node.this, *node.expressions)))
        if isinstance(node, exp.Nullif):
            return Term(op="nullif", args=(self.term(node.this), self.term(node.expression)))
        if isinstance(node, exp.Round):
            return self._round(node)
        if isinstance(node, exp.Case) and node.this is None:
            parts = [self.term(part) for arm in node.args["ifs"] for part in (arm.this, arm.args["true"])]
            default = node.args.get("default")
            return Term(op="case", args=(*parts, Term(op="null") if default is None else self.term(default)))
        if isinstance(node, exp.Between):
            low, high = (Term(op=op, args=(self.term(node.this), self.term(node.args[end])))
                         for op, end in ((">=", "low"), ("<=", "high")))  # fmt: skip
            return Term(op="and", args=(low, high))
        if isinstance(node, exp.In) and node.expressions and len(node.expressions) <= LIST_MAX:
            return Term(op="in", args=tuple(self.term(one) for one in (node.this, *node.expressions)))
        if isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
            return Term(op="is_null", args=(self.term(node.this),))
        if isinstance(node, exp.Cast) and str(getattr(node.args["to"].this, "value", "")) in ("DOUBLE", "FLOAT"):
            return self.term(node.this)
        raise Denied("R02", "a form that is not on the list", fix="use arithmetic over the released values")

    def _round(self, node: exp.Round) -> Term:
        digits = node.args.get("decimals")
        places = None if digits is None else literal(digits)
        number = Fraction(0) if places is None else places.literal
        if not isinstance(number, Fraction) or number not in range(7):
            raise Denied("R02", "round to other than 0 to 6 digits", fix="use round(x, 2)")
        return Term(op="round", args=(self.term(node.this), Term(op="number", text=str(number))))

    def _key(self, node: Node) -> Term | None:
        """The key this expression is, or None where it is made of keys and measures further down."""
        if isinstance(node, exp.Column):
            return self._column(node)
        if node.find(*AGGREGATES, exp.Subquery) is not None or node.find(exp.Column) is None:
            return None
        if type(node) in COMPARED or isinstance(node, exp.And | exp.Or | exp.Not | exp.In | exp.Between | exp.Is):
            return None
        if self.place != "output" and any(self._alias(one) is not None for one in node.find_all(exp.Column)):
            return None
        return self._place_of(value(node, self.measures.scope))

    def _alias(self, node: exp.Column) -> Term | None:
        return None if node.args.get("table") else self.aliases.get(folded(node.name))

    def _column(self, node: exp.Column) -> Term:
        if self.place == "order" and (alias := self._alias(node)) is not None:
            return alias
        try:
            found = resolve(node, self.measures.scope.sources)
        except Denied:
            if self.place != "output" and (alias := self._alias(node)) is not None:
                return alias
            raise
        if (key := self._place_of(found)) is not None:
            return key
        if self.place != "output" and (alias := self._alias(node)) is not None:
            return alias
        rule = {"output": "R05", "having": "R10", "order": "R11"}[self.place]
        raise Denied(rule, "a row's own value", column=found.column, fix="group by it, or aggregate it")

    def _place_of(self, found: Value) -> Term | None:
        places = [index for index, key in enumerate(self.keys) if key.sql == found.sql]
        return Term(op="column", place=places[0]) if places else None

    def _aggregate(self, node: Node) -> Term:
        when: Condition | None = None
        if isinstance(node, exp.Filter):
            when, node = self.measures.condition(node.expression.this), node.this
        if not isinstance(node, exp.Count | exp.Sum | exp.Avg):
            raise Denied({"output": "R06", "having": "R10", "order": "R11"}[self.place],
                         "an aggregate that returns somebody's value", fix="use count, sum or avg")  # fmt: skip
        before = (len(self.measures.found), len(self.measures.checks))
        term = self._measured(node, when)
        if self.place != "output" and before != (len(self.measures.found), len(self.measures.checks)):
            rule = "R10" if self.place == "having" else "R11"
            raise Denied(rule, "a condition or an order on what is not released", fix="make it an output")
        return term

    def _measured(self, node: Node, when: Condition | None) -> Term:
        arg, measures = node.this, self.measures
        if isinstance(node, exp.Count):
            if counts_rows(node):
                return self._of(measures.count_rows(when))
            if isinstance(arg, exp.Distinct):
                return self._of(measures.count_units(arg, when))
            return self._of(measures.count_of(measures.argument(arg), when))
        if isinstance(arg, exp.Distinct):
            raise Denied("R06", "a sum of distinct values", fix="use the plain aggregate")
        found = measures.argument(arg)
        total = self._of(measures.sum_of(found, when))
        if isinstance(node, exp.Sum):
            return total
        # A mean is a quotient of two released numbers, taken after release.
        return Term(op="/", args=(total, self._of(measures.count_of(found, when))))

    def _of(self, name: str) -> Term:
        return Term(op="column", place=len(self.keys) + self.measures.index(name))


def _constant(known: Value) -> Term:
    if known.kind == "null":
        return Term(op="null")
    if isinstance(known.literal, bool):
        return Term(op="true" if known.literal else "false")
    if isinstance(known.literal, Fraction):
        return Term(op="number", text=str(known.literal))
    return Term(op="text" if isinstance(known.literal, str) else "date", text=str(known.literal))
