"""The analyser's "no": a rule, the column it concerns, the reason and the smallest change that would pass.

It never carries a value of anybody's data, and of the buyer's text only a plain column name.
"""

import re

_PLAIN = re.compile(r"\w{1,64}\Z")


class Denied(Exception):
    """One query, refused under one rule. `args` is the rule alone, so a log line cannot say more."""

    def __init__(self, rule: str, why: str, *, fix: str | None = None, column: str | None = None) -> None:
        super().__init__(rule)
        self.rule = rule
        self.why = why
        self.fix = fix
        self.column = column if column is not None and _PLAIN.match(column) else None


class ControlsRefused(Exception):
    """A controls file that says something we do not understand. Unknown is no: nothing is served under it."""

    code = "CONTROLS_REFUSED"
