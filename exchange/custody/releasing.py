"""Letting a kept object go: to whom a licence or a decision names, or out of existence. Never on one person's word.

Two sides must agree, the custodian and the depositor (or an arbiter in its place), and no person acts twice.
"""

from exchange.classification import service as classification
from exchange.custody import keeping, package_views, vault
from exchange.custody.asks import DestructionAsk, ReleaseAsk
from exchange.custody.packages import (
    DATA_KINDS,
    Custody,
    CustodyDestroyed,
    CustodyReleased,
    DestructionDenied,
    DestructionRequested,
    ReleaseApproved,
    ReleaseDenied,
    ReleaseRequested,
    ReleaseRule,
)
from exchange.kernel.caller import Role
from exchange.kernel.errors import Guarded, IllegalTransition, Malformed, NotFound
from exchange.kernel.unit import Unit
from exchange.licensing.model import Licence
from exchange.registration import service as registration
from exchange.wire.licences import Mode

RELEASE_WORKING_DAYS = 3


def request(unit: Unit, custody_id: str, ask: ReleaseAsk) -> Custody:
    """The mandate holder asks: a buyer under its licence, or an arbiter by a decision."""
    kept = unit.get(Custody, custody_id)
    if ask.licence_id is not None and ask.recipient_id is None and ask.decision_sha256 is None:
        unit.caller.require(Role.BUYER)
        _licensed(unit, kept, ask.licence_id, unit.caller.participant_id)
        recipient_id, needed = unit.caller.participant_id, ReleaseRule.LICENCE
    elif ask.licence_id is None and ask.recipient_id is not None and ask.decision_sha256 is not None:
        unit.caller.require(Role.ARBITER)
        recipient_id, needed = ask.recipient_id, ReleaseRule.DECISION
    else:
        raise Malformed("a release rests on a licence, or on a decision that names a recipient")
    if kept.release_rule not in (None, needed, ReleaseRule.LICENCE_OR_DECISION):
        raise Guarded("it is not released on such a ground", code="E_RELEASE_RULE")
    last_day = unit.calendar.after(unit.calendar.today(unit.now), RELEASE_WORKING_DAYS)
    requested = ReleaseRequested(
        recipient_id=recipient_id,
        licence_id=ask.licence_id or "",
        decision_sha256=ask.decision_sha256 or "",
        release_due_at=unit.calendar.end_of(last_day),
        by=unit.caller.person_id,
    )
    return unit.record(kept, requested)


def approve(unit: Unit, custody_id: str) -> Custody:
    """One side agrees; with the second, it is released. The licence must hold at that very instant."""
    kept = unit.get(Custody, custody_id)
    side = _other_side(unit, kept, "RELEASE_PENDING")
    if unit.now >= kept.release_due_at:
        raise Guarded("the three working days have passed", code="E_WINDOW")
    if kept.licence_id:
        _licensed(unit, kept, kept.licence_id, kept.recipient_id)
    kept = unit.record(kept, ReleaseApproved(side=side, by=unit.caller.person_id))
    sides = {one for one, _ in kept.chain}
    if "CUSTODIAN" not in sides or not sides & {"DEPOSITOR", "ARBITER"}:
        return kept
    object_sha256 = keeping.stated_sha256(unit, kept)
    if object_sha256 != kept.object_sha256:
        raise Guarded("what is kept is not what was deposited", code="E_CUSTODY_HASH")
    approvers = tuple(person for step, person in kept.chain if step != "REQUEST")
    released = CustodyReleased(recipient_id=kept.recipient_id, approvers=approvers, object_sha256=object_sha256)
    return unit.record(kept, released)


def deny(unit: Unit, custody_id: str, reason: str) -> Custody:
    """Either of the two whose agreement is needed says no: to a release, or to a destruction."""
    kept = unit.get(Custody, custody_id)
    keeping.side_of(unit, kept)
    if kept.state == "DESTROY_PENDING":
        return unit.record(kept, DestructionDenied(by=unit.caller.person_id))
    return unit.record(kept, ReleaseDenied(reason=reason, by=unit.caller.person_id))


def unanswered(unit: Unit) -> list[str]:
    """For the timer: requests that three working days have passed over."""
    return package_views.unanswered(unit.connection, unit.now)


def lapse(unit: Unit, custody_id: str) -> Custody:
    """For the timer: nobody released it in time."""
    kept = unit.get(Custody, custody_id)
    if kept.state != "RELEASE_PENDING" or unit.now < kept.release_due_at:
        return kept
    return unit.record(kept, ReleaseDenied(reason="E_WINDOW", by=unit.caller.person_id))


def destroy(unit: Unit, custody_id: str, ask: DestructionAsk) -> Custody:
    """Once its time is over: one side asks, the other agrees, and both sign the same attestation."""
    kept = unit.get(Custody, custody_id)
    if kept.kept_until is not None and unit.calendar.today(unit.now) <= kept.kept_until:
        raise Guarded("it is still to be kept", code="E_RETENTION")
    if kept.state != "DESTROY_PENDING":
        requested = DestructionRequested(side=keeping.side_of(unit, kept), by=unit.caller.person_id)
        return unit.record(kept, requested)
    _other_side(unit, kept, "DESTROY_PENDING")
    person = unit.caller.person_id
    approvers = (*(one for _, one in kept.chain), person)
    vault.empty(unit.connection, kept.id)
    return unit.record(kept, CustodyDestroyed(**ask.model_dump(), approvers=approvers, by=person))


def content(unit: Unit, custody_id: str) -> tuple[Custody, bytes]:
    """The bytes, for whoever they were released to, as long as they are kept and not frozen."""
    kept = unit.get(Custody, custody_id)
    if unit.caller.participant_id not in kept.released_to or unit.caller.roles <= {Role.NODE}:
        raise NotFound("no such thing")
    if kept.state == "FROZEN":
        raise IllegalTransition("it is frozen")
    found = vault.lying(unit.connection, kept.id)
    if found is None or kept.state == "RETURNED" or keeping.stated_sha256(unit, kept) != kept.object_sha256:
        raise NotFound("no such thing")
    return kept, found


def _other_side(unit: Unit, kept: Custody, state: str) -> str:
    """The side the caller speaks for, which has not spoken yet, by a person who has not acted yet."""
    if kept.state == state and unit.caller.person_id in (person for _, person in kept.chain):
        raise Guarded("one person does not act twice", code="E_DUAL_CONTROL")
    side = keeping.side_of(unit, kept)
    if kept.state != state:
        raise IllegalTransition("there is nothing to agree to")
    if side in (one for one, _ in kept.chain):
        raise Guarded("the other side agrees now", code="E_DUAL_CONTROL")
    return side


def _licensed(unit: Unit, kept: Custody, licence_id: str, recipient_id: str) -> None:
    """A licence of the recipient over this asset, in force now; for what carries data, one that names files (M1)."""
    licence = unit.get(Licence, licence_id)
    if licence.buyer_id != recipient_id or licence.asset_id != kept.asset_id:
        raise NotFound("no such licence")
    if not licence.covers(unit.now_s):
        raise Guarded("the licence is not in force", code="E_LICENCE_STATE")
    asset = registration.certified(unit, kept.asset_id)
    if barred := registration.barred(unit, asset):
        raise Guarded("the negative list bars it", code=barred[0])
    if kept.kind in DATA_KINDS:
        grading = classification.confirmed(unit, asset.id)
        if Mode.FILE not in licence.agreed_terms.modes or Mode.FILE not in grading.modes:
            raise Guarded("neither licence nor grade may be stretched to a file (M1)", code="E_MODE")
