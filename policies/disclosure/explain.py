"""The dry run as one JSON object: the verdict, and for a refusal the rule, the column, the reason and the way out."""

from typing import Any

from policies.disclosure.columns import Controls
from policies.disclosure.errors import expected
from policies.disclosure.refusals import Denied
from policies.disclosure.shape import analyse


def explain(sql: str, controls: Controls, rho_nrho: int | None = None) -> dict[str, Any]:
    """What would become of this query, said before anything is spent; at a price in rho, also how good the answer is.

    The first six keys are always these. Of an answer with noise `rho_nrho`, `delta_e15`, `rows_told_from` and `errors`
    follow.
    """
    try:
        plan = analyse(sql, controls)
    except Denied as no:
        return {"verdict": "refuse", "rule": no.rule, "column": no.column, "why": no.why, "fix": no.fix, "sql": None}
    told = {"verdict": "answer", "rule": None, "column": None, "why": None, "fix": None, "sql": plan.sql}
    if plan.mode == "exact" or rho_nrho is None:
        return told
    return {**told, **expected(plan, rho_nrho).model_dump(mode="json")}
