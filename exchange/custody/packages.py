"""What is kept for others (资产托管): a package, a key share, a document, as facts. Source: rulebook 3.10.

A release hands out a copy: what is kept stays kept, so a released object is still proved, frozen and asked for again.
Never holds the object itself, nor any key to it.
"""

from datetime import date
from enum import StrEnum
from typing import Any

from exchange.kernel.entity import Entity, Event


class ObjectKind(StrEnum):
    PACKAGE = "PACKAGE"
    KEY_SHARE = "KEY_SHARE"
    CERTIFICATE = "CERTIFICATE"
    REPORT = "REPORT"
    ESCROW_EVIDENCE = "ESCROW_EVIDENCE"


DATA_KINDS = (ObjectKind.PACKAGE, ObjectKind.KEY_SHARE)
"""What carries data, or opens it: given to a buyer, it is a delivery as a file (M1)."""


class ReleaseRule(StrEnum):
    """On what a release may rest."""

    LICENCE = "LICENCE"
    DECISION = "DECISION"
    LICENCE_OR_DECISION = "LICENCE_OR_DECISION"


class CustodyDeposited(Event):
    kind: ObjectKind
    asset_id: str
    depositor_id: str
    custodian_id: str
    object_sha256: str
    object_bytes: int
    is_sealed: bool
    in_vault: bool
    """Whether the exchange keeps the bytes for the custodian; else the custodian keeps them itself."""
    mandate_sha256: str
    by: str


class CustodyVerified(Event):
    object_sha256: str
    by: str


class CustodyActivated(Event):
    release_rule: ReleaseRule
    kept_until: date
    proof_due_at: int
    by: str


class CustodyFrozen(Event):
    """By an order of an authority, or because a proof did not agree."""

    ground: str
    order_sha256: str
    frozen_by: str
    by: str


class CustodyUnfrozen(Event):
    order_sha256: str
    by: str


class ReleaseRequested(Event):
    recipient_id: str
    licence_id: str
    decision_sha256: str
    release_due_at: int
    by: str


class ReleaseApproved(Event):
    """One of the two who must agree did."""

    side: str
    by: str


class ReleaseDenied(Event):
    reason: str
    by: str


class CustodyReleased(Event):
    recipient_id: str
    approvers: tuple[str, ...]
    object_sha256: str


class CustodyReturned(Event):
    by: str


class CustodyProved(Event):
    """The quarterly proof: the custodian hashed the object afresh."""

    object_sha256: str
    proof_due_at: int
    by: str


class CustodyProofMissed(Event):
    """A quarter passed without a proof."""

    missed_at: int


class CustodyProofFailed(Event):
    found_sha256: str
    by: str


class DestructionRequested(Event):
    side: str
    by: str


class DestructionDenied(Event):
    by: str


class CustodyDestroyed(Event):
    """The bytes are gone; how, and who stood by, is attested in a paper whose digest is here."""

    method: str
    witness: str
    attestation_sha256: str
    approvers: tuple[str, ...]
    by: str


KEPT = ("ACTIVE", "RELEASED", "FROZEN")
"""States in which the object lies still: it is proved every quarter."""


class Custody(Entity):
    """One object in the hands of a custodian, for its depositor."""

    NEXT = {
        ("NEW", CustodyDeposited): "DEPOSITED",
        ("DEPOSITED", CustodyVerified): "VERIFIED",
        ("VERIFIED", CustodyActivated): "ACTIVE",
        ("ACTIVE", ReleaseRequested): "RELEASE_PENDING",
        ("RELEASED", ReleaseRequested): "RELEASE_PENDING",
        ("RELEASE_PENDING", ReleaseApproved): "RELEASE_PENDING",
        ("RELEASE_PENDING", CustodyReleased): "RELEASED",
        ("RELEASE_PENDING", ReleaseDenied): "ACTIVE",
        ("RELEASE_PENDING", CustodyFrozen): "FROZEN",
        ("ACTIVE", CustodyFrozen): "FROZEN",
        ("RELEASED", CustodyFrozen): "FROZEN",
        ("DESTROY_PENDING", CustodyFrozen): "FROZEN",
        ("FROZEN", CustodyUnfrozen): "ACTIVE",
        ("ACTIVE", CustodyReturned): "RETURNED",
        ("RELEASED", CustodyReturned): "RETURNED",
        ("ACTIVE", DestructionRequested): "DESTROY_PENDING",
        ("RELEASED", DestructionRequested): "DESTROY_PENDING",
        ("DESTROY_PENDING", DestructionDenied): "ACTIVE",
        ("DESTROY_PENDING", CustodyDestroyed): "DESTROYED",
        **{(state, CustodyProved): state for state in KEPT},
        **{(state, CustodyProofMissed): state for state in KEPT},
        **{(state, CustodyProofFailed): state for state in KEPT},
    }
    kind: ObjectKind | None = None
    asset_id: str = ""
    depositor_id: str = ""
    custodian_id: str = ""
    object_sha256: str = ""
    object_bytes: int = 0
    is_sealed: bool = False
    in_vault: bool = False
    mandate_sha256: str = ""
    release_rule: ReleaseRule | None = None
    kept_until: date | None = None
    proof_due_at: int = 0
    proof_missed: bool = False
    recipient_id: str = ""
    licence_id: str = ""
    decision_sha256: str = ""
    release_due_at: int = 0
    ground: str = ""
    order_sha256: str = ""
    frozen_by: str = ""
    chain: tuple[tuple[str, str], ...] = ()
    """Of the release or destruction under way: which side has acted, and which person."""
    released_to: tuple[str, ...] = ()

    def learned(self, event: Event) -> dict[str, Any]:
        kept = super().learned(event)
        match event:
            case CustodyVerified() | CustodyProved():
                return {**kept, "proof_missed": False}
            case CustodyProofMissed():
                return {**kept, "proof_missed": True}
            case ReleaseRequested():
                return {**kept, "chain": (("REQUEST", event.by),)}
            case DestructionRequested():
                return {**kept, "chain": ((event.side, event.by),)}
            case ReleaseApproved():
                return {**kept, "chain": (*self.chain, (event.side, event.by))}
            case CustodyReleased():
                released_to = tuple(sorted({*self.released_to, event.recipient_id}))
                return {"released_to": released_to, "release_due_at": 0}
            case ReleaseDenied() | CustodyFrozen():
                return {**kept, "chain": (), "recipient_id": "", "release_due_at": 0}
        return kept
