"""What an auditor finds and hands in: each difference by the row and the entry that differ, in one signed report.

A report that finds nothing is signed too. It never holds the content of a fact beyond the two values that differ.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from exchange.client.audit import AuditRefused
from exchange.wire import canonical
from exchange.wire.envelope import BadEnvelope, Envelope, sign
from exchange.wire.keys import PrivateKey, PublicKey

REPORT_TYPE = "application/vnd.dx.audit-report+json"
FINDINGS_SHOWN_MAX = 50
VALUE_CHARACTERS_MAX = 80


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Finding(_Read):
    """One thing that is not as the log says. `entry` is the fact that says so, `row` the thing that differs."""

    kind: Literal["section", "time", "posting", "row", "decision", "act"]
    row: str
    entry: str
    index: int
    says: str
    shown: str = ""
    folded: str = ""


class AuditReport(_Read):
    """What was looked at, and all that was found (the first ones in full)."""

    origin: str
    size: int
    root: str
    auditor: str
    audited_at_s: int
    sealed: int
    """Sections about persons that nobody was shown, or that were erased."""
    rows: Mapping[str, int]
    unfolded: tuple[str, ...]
    """Rows some fact of which this verifier does not know how to fold."""
    decided_again: int
    not_decided_again: int
    acts_opened: int
    """Signatures, licences, tickets and receipts held against the keys and digests of their place in the log."""
    findings_total: int
    findings: tuple[Finding, ...]

    @property
    def is_clean(self) -> bool:
        return self.findings_total == 0

    def signed(self, key: PrivateKey) -> Envelope:
        return sign(REPORT_TYPE, canonical.encode(self.model_dump(mode="json")), key)


def checked_report(text: str, auditor: PublicKey) -> AuditReport:
    """The report, if this auditor's key signed it."""
    try:
        return AuditReport.model_validate_json(Envelope.parsed(text).opened(REPORT_TYPE, (auditor,)))
    except (BadEnvelope, ValidationError):
        raise AuditRefused("this is not a report of this auditor") from None


def brief(value: object) -> str:
    """A value as a report shows it: what is long is cut, so that one finding cannot fill the report."""
    text = "" if value is None else str(value)
    return text if len(text) <= VALUE_CHARACTERS_MAX else text[:VALUE_CHARACTERS_MAX] + "…"


def in_order(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """As they lie in the log, so that two audits of one log report alike."""
    return tuple(sorted(findings, key=lambda one: (one.index, one.kind, one.row, one.says)))
