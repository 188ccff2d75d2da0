"""Text to a tree of listed nodes: one SELECT, of bounded size, without hidden characters (R01, R02 and their kin).

It never runs anything and never trusts the parser: what it cannot read is refused.
"""

import logging
import unicodedata

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import SqlglotError
from sqlglot.parsers.duckdb import DuckDBParser
from sqlglot.tokenizer_core import Token, TokenType

from policies.disclosure.literals import NO_LITERALS, Literals, filled
from policies.disclosure.refusals import Denied
from policies.disclosure.words import Node, listed, rule_of_stranger, stray_part

# The parser logs texts it cannot read; a buyer's text belongs in nobody's log.
logging.getLogger("sqlglot").disabled = True
CHARACTERS_MAX = 8_000
TOKENS_MAX = 1_000
STEPS_MAX = 2_000
NODES_MAX = 400
DEPTH_MAX = 40
_OPENERS = {TokenType.SELECT, TokenType.WITH, TokenType.FROM, TokenType.L_PAREN}
_DEEPER = {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE, TokenType.CASE}
_SHALLOWER = {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE, TokenType.END}
_REASONS = {
    "R01": ("a statement that changes something", "send one SELECT"),
    "R02": ("a clause or function that is not on the list", "use the listed functions only"),
    "R04": ("a star outside count(*)", "name the columns"),
    "R06": ("a function that returns somebody's value or a list of values", "use count, sum or avg"),
    "R08": ("a source that is sampled, written out or joined without keys", "join registered tables on their keys"),
    "R12": ("a window function", "leave the window out"),
    "R13": ("a nested or recursive query where none is allowed", "join the tables, or ask twice"),
    "R14": ("a function that is unknown, varies, or can tell by time or error", "leave the function out"),
    "R15": ("a cast that can fail on some rows", "use the column as it is"),
    "R18": ("margins beside the groups", "group by the columns alone"),
    "R19": ("a set operation", "send the queries one by one"),
    "R20": ("a list of distinct rows", "group by the column and count"),
    "R21": ("arithmetic without bounds", "use +, -, * and / on bounded columns"),
}


class _Counting(DuckDBParser):
    """Some texts make the parser go back and try again without end, so its steps are counted."""

    steps = 0

    def _advance(self, times: int = 1) -> None:
        self.steps += 1
        if self.steps > STEPS_MAX:
            raise Denied("R01", "the text takes too many steps to read", fix="write it flatter")
        super()._advance(times)


def parse(sql: str, literals: Literals = NO_LITERALS) -> exp.Select:
    """The one SELECT in this text, every node of it on the list. A `:name` stands for the literal of that name."""
    words = _tokens(sql)
    if words and words[0].text.upper() == "EXPLAIN":
        raise Denied("R14", "row counts of each operator tell about rows", fix="send the SELECT alone")
    if not words or words[0].token_type not in _OPENERS:
        raise Denied("R01", "not a SELECT", fix="send one SELECT")
    tree = filled(_tree(words, sql), literals)
    _bound(tree)
    _sources_are_names(tree)
    for node in _preorder(tree):
        if not listed(node):
            _refuse(rule_of_stranger(node))
        if (rule := stray_part(node)) is not None:
            _refuse(rule)
    if not isinstance(tree, exp.Select):
        raise Denied("R02", "the query is not written as a plain SELECT", fix="leave the outer brackets out")
    return tree


def _tokens(sql: str) -> list[Token]:
    if len(sql) > CHARACTERS_MAX:
        raise Denied("R01", "the text is too long", fix=f"at most {CHARACTERS_MAX} characters")
    if any(unicodedata.category(one) in ("Cc", "Cf", "Cs", "Co", "Cn") and one not in "\t\r\n" for one in sql):
        raise Denied("R01", "the text has hidden characters", fix="leave control and direction marks out")
    try:
        words = DuckDB().tokenize(sql)
    except SqlglotError:
        raise Denied("R01", "the text does not parse", fix="send one SELECT") from None
    while words and words[-1].token_type == TokenType.SEMICOLON:
        words.pop()
    if any(word.token_type == TokenType.SEMICOLON for word in words):
        raise Denied("R01", "more than one statement", fix="send one SELECT")
    depth = deepest = 0
    for word in words:
        depth += (word.token_type in _DEEPER) - (word.token_type in _SHALLOWER)
        deepest = max(deepest, depth)
    if len(words) > TOKENS_MAX or deepest > DEPTH_MAX:
        raise Denied("R01", "the text is too large or too deep", fix=f"at most {DEPTH_MAX} levels")
    return words


def _tree(words: list[Token], sql: str) -> Node:
    try:
        trees = _Counting(dialect=DuckDB()).parse(words, sql)
    except (SqlglotError, RecursionError, ValueError, TypeError, KeyError, AttributeError, IndexError):
        # The parser is not ours: whatever it trips over, the text is not a query we can vouch for.
        raise Denied("R01", "the text does not parse", fix="send one SELECT") from None
    if len(trees) != 1 or not isinstance(trees[0], exp.Expression):
        raise Denied("R01", "not exactly one statement", fix="send one SELECT")
    return trees[0]


def _bound(tree: Node) -> None:
    count, stack = 0, [(tree, 1)]
    while stack:
        node, depth = stack.pop()
        count += 1
        if count > NODES_MAX or depth > DEPTH_MAX:
            raise Denied("R01", "the query is too large or too deep", fix=f"at most {NODES_MAX} nodes")
        stack.extend((child, depth + 1) for child in node.iter_expressions() if not isinstance(child, exp.Identifier))


def _preorder(tree: Node) -> list[Node]:
    found, stack = [], [tree]
    while stack:
        node = stack.pop()
        found.append(node)
        # A refused shape is judged by its outside: what is inside a window or a sample does not matter.
        stack.extend(reversed(list(node.iter_expressions())))
    return found


def _sources_are_names(tree: Node) -> None:
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier) or table.args.get("db") or table.args.get("catalog"):
            raise Denied("R03", "a source is not the bare name of an asset", fix="use the asset's name alone")


def _refuse(rule: str) -> None:
    why, fix = _REASONS.get(rule, _REASONS["R02"])
    raise Denied(rule, why, fix=fix)
