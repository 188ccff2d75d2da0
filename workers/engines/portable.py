"""A plan's portable text, written for PostgreSQL: the traps that pass without a word are taken out one by one.

It reads text our own analyser wrote, never a buyer's. Each table is given its schema, so that no catalogue answers to
its name.
"""

from collections.abc import Set as AbstractSet

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from workers.engines import EngineCode, EngineRefused


def written(sql: str, tables: AbstractSet[str], schema: str) -> str:
    """The same query for PostgreSQL, reading only `tables` of `schema`; raises `EngineRefused`."""
    try:
        trees = sqlglot.parse(sql, read="duckdb")
    except SqlglotError:
        raise EngineRefused(EngineCode.FAILED) from None
    if len(trees) != 1 or not isinstance(trees[0], exp.Select):
        raise EngineRefused(EngineCode.FAILED)
    tree = trees[0]
    own = {cte.alias for cte in tree.find_all(exp.CTE)}
    for table in list(tree.find_all(exp.Table)):
        _placed(table, own, tables, schema)
    # The innermost first: what a rounding is of has been translated when its turn comes.
    for node in reversed(list(tree.find_all(exp.Round))):
        node.replace(_half_away(node))
    for kind in list(tree.find_all(exp.DataType)):
        if kind.this is exp.DataType.Type.INT128:
            kind.replace(exp.DataType.build("DECIMAL(38, 0)", dialect="postgres"))
    return tree.sql(dialect="postgres")


def _placed(table: exp.Table, own: AbstractSet[str], tables: AbstractSet[str], schema: str) -> None:
    if not isinstance(table.this, exp.Identifier) or table.args.get("db") or table.args.get("catalog"):
        raise EngineRefused(EngineCode.FAILED)
    if table.name in own:
        return
    if table.name not in tables:
        raise EngineRefused(EngineCode.FAILED)
    table.set("this", exp.to_identifier(table.name, quoted=True))
    table.set("db", exp.to_identifier(schema, quoted=True))


def _half_away(node: exp.Round) -> exp.Expr:
    """Halves away from zero: PostgreSQL rounds a double's to even. The difference to a whole number is exact."""
    digits = node.args.get("decimals")
    power = "1" if digits is None else str(10 ** int(digits.name))
    inner = node.this.sql(dialect="postgres")
    x = f"(CAST({inner} AS DOUBLE PRECISION) * {power})"
    whole = f"CASE WHEN abs({x} - trunc({x})) = 0.5 THEN trunc({x}) + sign({x}) ELSE round({x}) END"
    return sqlglot.parse_one(f"(({whole}) / CAST({power} AS DOUBLE PRECISION))", read="postgres")
