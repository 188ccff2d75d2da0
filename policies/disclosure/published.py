"""The rules for SQL as a page for people: each rule in one line, and the list of R02 as the analyser itself holds it.

`docs/sql.md` is this text. It decides nothing: what is not on the list of `words` is refused whatever stands here.
"""

from sqlglot import exp

from policies.disclosure.functions import CASTS, PARTS
from policies.disclosure.words import forms

RULES = {
    "R01": "One statement, a SELECT, of at most 8,000 characters, 400 nodes and depth 40, without hidden characters.",
    "R02": "Every node, clause and function is on the list below.",
    "R03": "Sources are registered assets or the query's own CTEs, by bare name; each column belongs to exactly one.",
    "R04": "No star but in count(*); outputs have distinct names.",
    "R05": "An output is a key, an allowed aggregate or arithmetic over these; a column's uses cover its place.",
    "R06": "Aggregates are count, count(DISTINCT privacy unit), sum and avg; nothing that returns somebody's value.",
    "R07": "A subquery keeps the privacy unit; an inner GROUP BY contains it; inside it min and max are fine.",
    "R08": "Joins are INNER or LEFT equalities: protected tables on the unit, a public table on its unique key.",
    "R09": "Conditions compare one filterable column, or an expression of such, with literals; never the unit.",
    "R10": "HAVING compares released columns; what was added up per unit is no condition of an exact answer.",
    "R11": "ORDER BY, LIMIT and OFFSET on released columns, outermost only.",
    "R12": "No window functions, no QUALIFY.",
    "R13": "No subquery in an expression or a condition, no recursion, at most three nested relations.",
    "R14": "No function that varies, waits, fails on purpose, or is unknown.",
    "R15": "Nothing that can fail on some rows: same types on both sides, casts that cannot fail, divisors never zero.",
    "R16": "CASE outermost only, both sides size-checked; inside an exact aggregate a column or an affine combination, "
    "and any other function only on filterable columns with its break size-checked.",
    "R17": "FILTER, coalesce, NULL tests and optional sides of joins are size-checked on both sides.",
    "R18": "Keys need the use group; dates no finer than the column's grain, in keys, conditions or joins; no margins.",
    "R19": "No set operations.",
    "R20": "No DISTINCT rows.",
    "R21": "Arithmetic needs bounds and stays under 1e15, literals under 1e12, sums under 2^53; no pow, exp, ln.",
    "R22": "At most 12 aggregates, 4 keys, 4 joins, 50 list items.",
    "R23": "Errors of the engine reach the buyer as one code; what was reserved stays spent.",
    "R24": "What leaves lies on its grid: counts are whole, sums multiples of 1/10,000 of their widest value.",
}


def page() -> str:
    """The page, whole."""
    listed = forms()
    functions = sorted(node.sql_names()[0].lower() for node in listed if issubclass(node, exp.Func))
    nodes = sorted((node.__name__, ", ".join(sorted(parts)) or "–") for node, parts in listed.items())
    lines = [
        "# SQL that may be asked", "",
        "Written by `dex policy sql > docs/sql.md`; a test keeps it in step. Of one query: `dex explain`.", "",
        "| rule | text |", "|---|---|",
        *(f"| {rule} | {text} |" for rule, text in RULES.items()), "",
        "## The list of R02", "",
        f"Functions and aggregates: {', '.join(functions)}.",
        f"Casts, where they cannot fail: {', '.join(sorted(CASTS))}. Parts of dates: {', '.join(sorted(PARTS))}.", "",
        "Names as in sqlglot's tree; a part that is not named here is refused too.", "",
        "| node | parts |", "|---|---|",
        *(f"| {name} | {parts} |" for name, parts in nodes),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"
