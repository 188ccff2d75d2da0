"""The outermost query: an aggregate over privacy units, whose HAVING, ORDER BY and LIMIT wait for the released rows.

It turns one checked SELECT into a plan, or refuses it with the rule it breaks. It runs nothing.
"""

from collections.abc import Sequence

from sqlglot import exp

from policies.disclosure.columns import Controls, folded
from policies.disclosure.conditions import AND, Condition, conjunction
from policies.disclosure.dominance import Dominance, portable_statement, statement
from policies.disclosure.expressions import AGGREGATES, condition, value
from policies.disclosure.floor import Aggregate, unfloored
from policies.disclosure.functions import whole_number
from policies.disclosure.listed import Keys, declared
from policies.disclosure.literals import NO_LITERALS, Literals
from policies.disclosure.margins import lines_of, looked_along
from policies.disclosure.measures import Measures
from policies.disclosure.parse import parse
from policies.disclosure.plan import Ordering, OutputColumn, OutputKind, Plan, Post, Term
from policies.disclosure.refusals import Denied
from policies.disclosure.relations import Scope, resolve
from policies.disclosure.subqueries import GROUPS_MAX, Reader, groupable
from policies.disclosure.terms import Terms
from policies.disclosure.types import type_of
from policies.disclosure.values import Value
from policies.disclosure.words import Node

AGGREGATES_MAX = 12
OUTPUTS_MAX = 32


def analyse(sql: str, controls: Controls, literals: Literals = NO_LITERALS) -> Plan:
    """The plan of a query these controls permit; else `Denied`. Pure, and bounded whatever the text.

    `literals` are put in for the parameters of a template.
    """
    select = parse(sql, literals)
    try:
        return _planned(select, controls)
    except RecursionError:
        raise Denied("R01", "the query is too deep", fix="write it flatter") from None


def _planned(select: exp.Select, controls: Controls) -> Plan:
    reader = Reader.of(controls)
    sources = reader.sources(select, reader.assets, outermost=True)
    if sources.unit is None:
        raise Denied("R03", "a query over public tables alone", fix="download the public table")
    _limits(select)
    scope = Scope(sources, reader.exact, True, reader.calendar)
    where, kept = _where(select, scope)
    measures = Measures(scope, sources.unit, Dominance.within(controls, kept), kept)
    measures.start()
    keys = _keys(select, scope)
    listed = () if reader.exact else declared(keys, where)
    if keys and not reader.exact and not listed:
        measures.count_rows(None)  # The first measure: of a key no more may be known than that many rows have it.
    terms = Terms(keys, measures)
    names, outputs = _outputs(select, terms)
    measures.close()
    if not any(place >= len(keys) for term in outputs for place in term.places):
        raise Denied("R05", "a query without an aggregate", fix="add count(*)")
    terms.aliases = {folded(name): term for name, term in zip(names, outputs, strict=True)}
    having = _having(select, terms, set(outputs))
    order = _order(select, terms, outputs, set(outputs))
    reader.calendar.close()
    post = _post(keys, measures, listed).model_copy(update={
        "terms": tuple(outputs), "having": having, "order": order,
        "limit": _cut(select, "limit"), "offset": _cut(select, "offset") or 0,
        "lines": lines_of(controls, sources, keys),
    })  # fmt: skip
    _typed(having, order, post)
    columns = _columns(names, post)
    aggregate = measures.dominance.watching(
        Aggregate(sources, sources.unit.bare, keys, list(measures.found), measures.checks, where)
    )
    sql, portable = (_text(aggregate, controls, post, kept, portable=one) for one in (False, True))
    return Plan.of(
        sql=sql, portable=portable, post=post,
        outputs=columns, tables=tuple(sorted(sources.tables)), controls_mode=controls.mode, k_min=controls.k_min,
    )  # fmt: skip


def _typed(having: Term | None, order: tuple[Ordering, ...], post: Post) -> None:
    for one in order:
        type_of(one.term, post)
    if having is not None and type_of(having, post) != "bool":
        raise Denied("R10", "a HAVING that is neither true nor false", fix="compare a released column")


def _text(aggregate: Aggregate, controls: Controls, post: Post, kept: Condition | None, *, portable: bool) -> str:
    if controls.mode == "noise":
        return unfloored(aggregate)
    told = (portable_statement if portable else statement)(aggregate, controls.k_min)
    return told if post.lines is None else looked_along(told, aggregate, post.lines, kept.sql if kept else None)


def _post(keys: Sequence[Value], measures: Measures, listed: Keys) -> Post:
    """The engine's columns, and of an answer with noise how far one unit reaches: it has no checks to tell of."""
    exact = measures.scope.exact
    return Post(
        keys=tuple(key.kind for key in keys if key.kind != "null"), measures=tuple(measures.found.values()),
        checks=tuple(measures.checks.values()) if exact else (), terms=(), having=None, order=(), limit=None, offset=0,
        keys_by=0 if keys and not exact and not listed else None, key_lists=listed,
        unit_groups_max=None if exact else measures.scope.sources.unit_rows_max,
        dominances=measures.dominance.hidden(list(measures.found)),
    )  # fmt: skip


def _limits(select: exp.Select) -> None:
    count = sum(1 for item in select.expressions for _ in item.find_all(exp.Count, exp.Sum, exp.Avg))
    if count > AGGREGATES_MAX or len(select.expressions) > OUTPUTS_MAX:
        raise Denied("R22", "too many aggregates in one query", fix=f"at most {AGGREGATES_MAX}")


def _where(select: exp.Select, scope: Scope) -> tuple[list[str], Condition | None]:
    """Conditions that stay in WHERE, and those with NULL tests, which move to where both sides can be counted."""
    stay = list(scope.sources.conditions)
    clause = select.args.get("where")
    if clause is None:
        return stay, None
    whole = condition(clause.this, scope)
    parts = whole.parts if whole.word == AND else (whole,)
    moved = [part for part in parts if part.nulls and scope.exact]
    stay += [part.sql for part in parts if part not in moved]
    return stay, conjunction(moved) if moved else None


def _keys(select: exp.Select, scope: Scope) -> list[Value]:
    clause = select.args.get("group")
    if clause is None:
        return []
    items = list(clause.expressions)
    if clause.args.get("all"):
        items = [one.unalias() for one in select.expressions if one.find(*AGGREGATES) is None]
    if len(items) > GROUPS_MAX:
        raise Denied("R22", "too many keys", fix=f"at most {GROUPS_MAX}")
    keys: dict[str, Value] = {}
    for item in items:
        key = groupable(value(_meant(item, select, scope), scope), scope)
        keys.setdefault(key.sql, key)
    return list(keys.values())


def _meant(item: Node, select: exp.Select, scope: Scope) -> Node:
    """The expression a GROUP BY item stands for: an ordinal, a column, or else an alias."""
    if isinstance(item, exp.Paren):
        return _meant(item.this, select, scope)
    if (index := whole_number(item)) is not None:
        if not 1 <= index <= len(select.expressions):
            raise Denied("R18", "a key that is no output", fix="name the key")
        return _row_level(select.expressions[index - 1].unalias())
    if isinstance(item, exp.Column) and not item.args.get("table"):
        try:
            resolve(item, scope.sources)
        except Denied:
            for one in select.expressions:
                if one.alias and folded(one.alias) == folded(item.name):
                    return _row_level(one.unalias())
            raise
    return item


def _row_level(node: Node) -> Node:
    if node.find(*AGGREGATES) is not None:
        raise Denied("R18", "an aggregate as a key", fix="group by columns")
    return node


def _outputs(select: exp.Select, terms: Terms) -> tuple[list[str], list[Term]]:
    names: list[str] = []
    outputs: list[Term] = []
    for item in select.expressions:
        node = item.unalias()
        if isinstance(node, exp.Star):
            raise Denied("R04", "a star outside count(*)", fix="name the columns")
        name = item.alias or (node.name if isinstance(node, exp.Column) else "")
        if name and folded(name) in {folded(one) for one in names}:
            raise Denied("R04", "two outputs of one name", fix="give each output its own alias")
        names.append(name or _unnamed(type(node).__name__.lower(), names))
        outputs.append(terms.term(node))
    return names, outputs


def _unnamed(word: str, names: Sequence[str]) -> str:
    taken = {folded(name) for name in names}
    return next(name for name in (word, *(f"{word}_{index}" for index in range(2, 99))) if name not in taken)


def _released(term: Term, released: set[Term]) -> bool:
    if term in released:
        return True
    return term.op != "column" and all(_released(arg, released) for arg in term.args)


def _having(select: exp.Select, terms: Terms, released: set[Term]) -> Term | None:
    clause = select.args.get("having")
    if clause is None:
        return None
    terms.place = "having"
    term = terms.term(clause.this)
    if not _released(term, released) or not term.places:
        raise Denied("R10", "a condition on what is not released", fix="make it an output")
    return term


def _order(select: exp.Select, terms: Terms, outputs: list[Term], released: set[Term]) -> tuple[Ordering, ...]:
    clause = select.args.get("order")
    terms.place = "order"
    found = []
    for item in clause.expressions if clause else ():
        node = item.this
        if (ordinal := whole_number(node)) is not None and 1 <= ordinal <= len(outputs):
            term = outputs[ordinal - 1]
        else:
            term = terms.term(node)
        if not _released(term, released) or not term.places:
            raise Denied("R11", "an order of what is not released", fix="order by an output")
        found.append(Ordering(
            term=term, descending=bool(item.args.get("desc")), nulls_first=bool(item.args.get("nulls_first")),
        ))  # fmt: skip
    return tuple(found)


def _cut(select: exp.Select, clause: str) -> int | None:
    node = select.args.get(clause)
    if node is None:
        return None
    number = whole_number(node.expression)
    if number is None:
        raise Denied("R11", "a LIMIT that is no whole number", fix="write LIMIT 10")
    return number


def _columns(names: Sequence[str], post: Post) -> tuple[OutputColumn, ...]:
    return tuple(
        OutputColumn(name=name, kind=_kind(term, post), type=type_of(term, post))
        for name, term in zip(names, post.terms, strict=True)
    )


def _kind(term: Term, post: Post) -> OutputKind:
    if term.place is not None:
        return "key" if term.place < len(post.keys) else post.measures[term.place - len(post.keys)].kind
    if term.op == "/" and all(one.place is not None and one.place >= len(post.keys) for one in term.args):
        return "mean"
    return "derived"
