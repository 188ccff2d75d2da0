"""Which refund a case calls for, by the table; the code that moves money names a case and never a rule.

Never a sum: how much each formula comes to is the exchange's to work out, in integer fen.
"""

from enum import StrEnum
from typing import NamedTuple

from policies.engine import PolicyRefused, PolicySet, decide
from policies.engine.refused import Fault

WHOLE = ("ALL", "DATA_PRICE", "THIS_JOB")
"""The formulas by which all that was held for one computation goes back."""


class RefundCase(StrEnum):
    """Why money goes back, in the words of the table."""

    CANCELLED_BEFORE_DELIVERY = "CANCELLED_BEFORE_DELIVERY"
    NOT_DELIVERED = "NOT_DELIVERED"
    METERED_STOPPED = "METERED_STOPPED"
    SUBSCRIPTION_REVOKED = "SUBSCRIPTION_REVOKED"
    BUYER_BREACH = "BUYER_BREACH"
    QUALITY_DEFECT = "QUALITY_DEFECT"
    OUTPUT_SUPPRESSED = "OUTPUT_SUPPRESSED"
    JOB_ABORTED = "JOB_ABORTED"
    JOB_FAILED = "JOB_FAILED"
    CONSENT_WITHDRAWN = "CONSENT_WITHDRAWN"
    REGULATOR_STOP = "REGULATOR_STOP"
    FORCE_MAJEURE = "FORCE_MAJEURE"


class Refund(NamedTuple):
    """The rule that decides, and what it says of the money and of what else follows."""

    rule: str
    formula: str
    fee_returned: bool
    quota_restored: bool
    supplier_strike: bool
    clawback: bool


def refund(policies: PolicySet, case: RefundCase, *, metered: bool = False) -> Refund:
    """The refund of a case. One the table refuses, or knows no single rule for, is refused here too."""
    decision = decide(policies, "refunds", {"refund_case": case.value, "metered": metered})
    if not decision.permitted or len(decision.rule_ids) != 1:
        raise PolicyRefused(Fault.FACT_VALUE, "refunds: refund_case")
    said = decision.outcome
    return Refund(
        rule=decision.rule_ids[0],
        formula=str(said["refund_formula"]),
        fee_returned=said["fee_returned"] is True,
        quota_restored=said["quota_restored"] is True,
        supplier_strike=said["supplier_strike"] is True,
        clawback=said["clawback"] is True,
    )


def whole(policies: PolicySet, case: RefundCase) -> str:
    """The rule by which everything held for a computation goes back; a case that keeps some of it is refused."""
    found = refund(policies, case)
    if found.formula not in WHOLE:
        raise PolicyRefused(Fault.FACT_VALUE, "refunds: refund_formula")
    return found.rule
