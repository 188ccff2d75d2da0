"""The closed vocabulary in which a domain says no. Nothing else about a failure ever leaves a domain."""

from enum import StrEnum


class Refusal(StrEnum):
    """Why a ticket brought no answer. A code never depends on a value in the data."""

    BAD_TICKET = "BAD_TICKET"
    NOT_FOR_US = "NOT_FOR_US"
    LICENCE_INVALID = "LICENCE_INVALID"
    TEMPLATE_INVALID = "TEMPLATE_INVALID"
    NOT_LOGGED = "NOT_LOGGED"
    LOG_INCONSISTENT = "LOG_INCONSISTENT"
    STALE = "STALE"
    ALREADY_RUN = "ALREADY_RUN"
    POLICY_DIFFERS = "POLICY_DIFFERS"
    DATA_UNFIT = "DATA_UNFIT"
    NOT_DISCLOSABLE = "NOT_DISCLOSABLE"
    CONSENT_ENDED = "CONSENT_ENDED"
    BUDGET_SPENT = "BUDGET_SPENT"
    NOTHING_RELEASABLE = "NOTHING_RELEASABLE"
    COMPUTATION_FAILED = "COMPUTATION_FAILED"
    INTERRUPTED = "INTERRUPTED"


class Refused(Exception):
    """Raised inside a domain; carries one code and nothing else."""

    def __init__(self, code: Refusal) -> None:
        super().__init__(code.value)
        self.code = code
