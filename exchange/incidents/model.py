"""An incident (安全事件): what went wrong, to what, and that the authority was told. Pure; describes nothing.

What happened is written in a report that stays with its author and the authority; the log holds its digest.
"""

from enum import StrEnum

from exchange.kernel.clock import SECOND
from exchange.kernel.entity import Entity, Event

REPORT_WITHIN_US = 24 * 3_600 * SECOND
"""The longest the rules allow (网络数据安全管理条例 第10条); what must be reported at once is also overdue after it."""


class IncidentKind(StrEnum):
    DATA_BREACH = "DATA_BREACH"
    PRODUCT_FLAW = "PRODUCT_FLAW"
    CUSTODY_MISMATCH = "CUSTODY_MISMATCH"
    RAW_EXPORT = "RAW_EXPORT"
    OTHER = "OTHER"


class IncidentOpened(Event):
    kind: IncidentKind
    about: str
    """The id of the thing it happened to."""
    details_sha256: str
    reporter_id: str
    report_due_at: int
    by: str


class IncidentReportMissed(Event):
    """Twenty-four hours passed and the authority was not told."""

    report_due_at: int


class IncidentReported(Event):
    """The authority was told, in time or late."""

    report_sha256: str
    is_late: bool
    by: str


class IncidentClosed(Event):
    outcome_sha256: str
    by: str


class Incident(Entity):
    """One case, from its discovery to its end."""

    NEXT = {
        ("NEW", IncidentOpened): "OPEN",
        ("OPEN", IncidentReportMissed): "OVERDUE",
        ("OPEN", IncidentReported): "REPORTED",
        ("OVERDUE", IncidentReported): "REPORTED",
        ("REPORTED", IncidentClosed): "CLOSED",
    }
    kind: IncidentKind | None = None
    about: str = ""
    details_sha256: str = ""
    reporter_id: str = ""
    report_due_at: int = 0
    report_sha256: str = ""
    is_late: bool = False
    outcome_sha256: str = ""
    opened_by: str = ""

    def learned(self, event: Event) -> dict[str, object]:
        kept = super().learned(event)
        return {**kept, "opened_by": event.by} if isinstance(event, IncidentOpened) else kept
