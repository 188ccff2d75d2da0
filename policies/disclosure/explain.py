"""The dry run as one JSON object: the verdict, and for a refusal the rule, the column, the reason and the way out."""

from policies.disclosure.columns import Controls
from policies.disclosure.refusals import Denied
from policies.disclosure.shape import analyse


def explain(sql: str, controls: Controls) -> dict[str, str | None]:
    """What would become of this query, said before anything is spent."""
    try:
        plan = analyse(sql, controls)
    except Denied as no:
        return {"verdict": "refuse", "rule": no.rule, "column": no.column, "why": no.why, "fix": no.fix, "sql": None}
    return {"verdict": "answer", "rule": None, "column": None, "why": None, "fix": None, "sql": plan.sql}
