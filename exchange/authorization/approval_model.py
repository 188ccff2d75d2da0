"""An approval somebody waits for: of a job, of a query template, of wider controls. One inbox, one machine. Pure."""

from enum import StrEnum

from exchange.kernel.entity import Entity, Event
from exchange.wire.envelope import Envelope


class Kind(StrEnum):
    """What is to be approved; what follows from it is its own slice's business."""

    JOB = "JOB"
    TEMPLATE = "TEMPLATE"
    CONTROLS = "CONTROLS"


class Approver(StrEnum):
    """Whose word is needed, in the order of the controls table."""

    SUPPLIER = "SUPPLIER"
    COMPLIANCE = "COMPLIANCE"
    REGULATOR = "REGULATOR"


class ApprovalRequested(Event):
    """`program_sha256` names what would run: the same again needs no second approval while this one is good."""

    kind: Kind
    about_id: str
    provider_id: str
    requester_id: str
    licence_id: str
    program_sha256: str
    approvers: tuple[Approver, ...]
    due_at: int
    remind_at: int
    by: str


class ApprovalReminded(Event):
    """Said once to whoever has not answered, while there is still time."""

    waiting_for: tuple[Approver, ...]


class ApprovalDelegated(Event):
    """The provider lets somebody else decide in its place: a person of its own house, or another participant."""

    delegate_id: str
    by: str


class ApprovalGiven(Event):
    """One of several whose word is needed said yes; the provider's may have to be signed in its domain."""

    approver: Approver
    envelope: Envelope | None
    by: str


class ApprovalGranted(Event):
    """The last one said yes. `valid_to` (µs): until when it stands for the same program again."""

    approver: Approver
    valid_to: int
    envelope: Envelope | None
    by: str


class ApprovalDenied(Event):
    """Somebody said no, and why: whoever asked is told."""

    approver: Approver
    reason: str
    by: str


class ApprovalLapsed(Event):
    """Nobody said yes in time."""

    waiting_for: tuple[Approver, ...]


class ApprovalWithdrawn(Event):
    """Whoever asked does not want it any more."""

    by: str


class Approval(Entity):
    """Asked for once, answered once. No person speaks twice in it, and nobody for what it asked for itself."""

    NEXT = {
        ("NEW", ApprovalRequested): "REQUESTED",
        ("REQUESTED", ApprovalReminded): "REQUESTED",
        ("REQUESTED", ApprovalDelegated): "REQUESTED",
        ("REQUESTED", ApprovalGiven): "REQUESTED",
        ("REQUESTED", ApprovalGranted): "GRANTED",
        ("REQUESTED", ApprovalDenied): "DENIED",
        ("REQUESTED", ApprovalLapsed): "LAPSED",
        ("REQUESTED", ApprovalWithdrawn): "WITHDRAWN",
    }
    kind: Kind = Kind.JOB
    about_id: str = ""
    provider_id: str = ""
    requester_id: str = ""
    licence_id: str = ""
    program_sha256: str = ""
    approvers: tuple[Approver, ...] = ()
    given: tuple[Approver, ...] = ()
    envelope: Envelope | None = None
    """What the provider's own key signed, where its word has to be signed."""
    persons: tuple[str, ...] = ()
    """Everybody who acted in it, whoever asked included."""
    delegate_id: str = ""
    reason: str = ""
    due_at: int = 0
    remind_at: int = 0
    """When to remind, in microseconds; 0 once it was done."""
    valid_to: int = 0

    @property
    def waiting_for(self) -> tuple[Approver, ...]:
        return tuple(one for one in self.approvers if one not in self.given)

    def learned(self, event: Event) -> dict[str, object]:
        known = super().learned(event)
        match event:
            case ApprovalReminded():
                known["remind_at"] = 0
            case ApprovalRequested():
                known["persons"] = (event.by,)
            case ApprovalGiven() | ApprovalGranted():
                known |= {"given": (*self.given, event.approver), "persons": (*self.persons, event.by)}
                known["envelope"] = event.envelope or self.envelope
        return known
