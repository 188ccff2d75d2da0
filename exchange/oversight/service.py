"""Findings and what follows from them: by the oversight table, step by step, with a way to object. Never by whim.

The table decides what is done; whoever imposes it names the ground and the finding, and does not hear the appeal.
"""

from exchange.access import oversight as participants
from exchange.access.model import Participant
from exchange.access.service import OVERSEERS, own
from exchange.incidents import service as incidents
from exchange.incidents.model import IncidentKind
from exchange.kernel import ids
from exchange.kernel.caller import Role
from exchange.kernel.errors import Forbidden, Guarded, Malformed, NotFound
from exchange.kernel.unit import Unit
from exchange.licensing import authority
from exchange.licensing.model import Licence, Listing
from exchange.oversight import measures, views
from exchange.oversight.asks import SanctionAsk
from exchange.oversight.model import (
    AppealDismissed,
    AppealUpheld,
    RectificationAccepted,
    RectificationOrdered,
    RectificationRejected,
    RectificationReported,
    Sanction,
    SanctionAppealed,
    SanctionEscalated,
    SanctionImposed,
    SanctionLifted,
)
from policies.engine import Decision, decide

ACTIONS = ("listing_action", "party_action", "licence_action")
INCIDENTS = {"DATA_BREACH": IncidentKind.DATA_BREACH, "PRODUCT_FLAW": IncidentKind.PRODUCT_FLAW}
DAY_S = 86_400


def impose(unit: Unit, ask: SanctionAsk) -> Sanction:
    """A finding against a participant: what the table says of it happens in the same unit."""
    unit.caller.require(*authority.STOPPERS)
    participant = _target(unit, ask)
    decision = _decided(unit, ask.ground, participant.id, again=views.found_before(unit, participant.id, ask.ground))
    actions, until_s = _actions(unit, ask, decision), _until_s(unit, ask, decision)
    incident_id = ""
    if decision.outcome["report_due"] != "NONE":
        kind = INCIDENTS.get(ask.ground, IncidentKind.OTHER)
        incident_id = incidents.raise_incident(unit, kind, participant.id, ask.finding_sha256).id
    acting, refund_rule = authority.of(unit.caller), str(decision.outcome["refund_due"])
    listing_id, licence_id = ask.listing_id or "", ask.licence_id or ""
    applied = measures.take(
        unit, actions, ground=ask.ground, authority=acting, participant_id=participant.id, listing_id=listing_id,
        licence_id=licence_id, refund_rule=refund_rule, until_s=until_s,
    )  # fmt: skip
    imposed = SanctionImposed(
        ground=ask.ground,
        participant_id=participant.id,
        listing_id=listing_id,
        licence_id=licence_id,
        finding_sha256=ask.finding_sha256,
        decision=decision,
        applied=applied,
        suspended_until_s=until_s,
        appeal_due_at=_in_working_days(unit, decision, "appeal_working_days"),
        incident_id=incident_id,
        authority=acting,
        by=unit.caller.person_id,
        **actions,
    )
    sanction = unit.record(Sanction(id=ids.fresh("san")), imposed, refs=(participant.head,))
    due_at = _in_working_days(unit, decision, "rectify_working_days")
    return unit.record(sanction, RectificationOrdered(rectify_due_at=due_at)) if due_at else sanction


def report_rectified(unit: Unit, sanction_id: str, evidence_sha256: str) -> Sanction:
    """The participant says that it has put it right, in time."""
    sanction = _own(unit, sanction_id)
    if sanction.state == "RECTIFYING" and unit.now >= sanction.rectify_due_at:
        raise Guarded("the time to rectify is over", code="E_WINDOW")
    return unit.record(sanction, RectificationReported(evidence_sha256=evidence_sha256, by=unit.caller.person_id))


def accept_rectification(unit: Unit, sanction_id: str) -> Sanction:
    """Put right: the case is closed. What was stopped is reinstated by its own routes, with the evidence."""
    sanction = _overseen(unit, sanction_id)
    return unit.record(sanction, RectificationAccepted(by=unit.caller.person_id))


def reject_rectification(unit: Unit, sanction_id: str, reasons_sha256: str) -> Sanction:
    sanction = _overseen(unit, sanction_id)
    return unit.record(sanction, RectificationRejected(reasons_sha256=reasons_sha256, by=unit.caller.person_id))


def appeal(unit: Unit, sanction_id: str, reasons_sha256: str) -> Sanction:
    """Within ten working days; what was stopped rests meanwhile."""
    sanction = _own(unit, sanction_id)
    if unit.now >= sanction.appeal_due_at:
        raise Guarded("there is no appeal, or the time for it is over", code="E_WINDOW")
    return unit.record(sanction, SanctionAppealed(reasons_sha256=reasons_sha256, by=unit.caller.person_id))


def hear_appeal(unit: Unit, sanction_id: str, *, upheld: bool, reasons_sha256: str) -> Sanction:
    """Somebody who was not involved decides."""
    sanction = _overseen(unit, sanction_id)
    if unit.caller.person_id in sanction.involved:
        raise Guarded("whoever was involved does not hear the appeal", code="E_DUAL_CONTROL")
    person = unit.caller.person_id
    if upheld:
        sanction = unit.record(sanction, AppealUpheld(reasons_sha256=reasons_sha256, by=person))
        if sanction.participant_id in sanction.applied:
            measures.give_back(unit, sanction.participant_id, reasons_sha256)
        return sanction
    sanction = unit.record(sanction, AppealDismissed(reasons_sha256=reasons_sha256, by=person))
    due_at = sanction.rectify_due_at
    return unit.record(sanction, RectificationOrdered(rectify_due_at=due_at)) if due_at else sanction


def lift(unit: Unit, sanction_id: str, evidence_sha256: str) -> Sanction:
    """Its purpose is served."""
    sanction = _overseen(unit, sanction_id)
    return unit.record(sanction, SanctionLifted(evidence_sha256=evidence_sha256, by=unit.caller.person_id))


def unrectified(unit: Unit) -> list[str]:
    """For the timer: those whose time to rectify is over."""
    return views.unrectified(unit.connection, unit.now)


def escalate(unit: Unit, sanction_id: str) -> Sanction:
    """For the timer: not put right in time is the next step of the ladder."""
    sanction = unit.get(Sanction, sanction_id)
    if sanction.state != "RECTIFYING" or unit.now < sanction.rectify_due_at:
        return sanction
    decision = _decided(unit, sanction.ground, sanction.participant_id, again=True)
    actions = {name: str(decision.outcome[name]) for name in ACTIONS}
    applied = measures.take(
        unit, actions, ground=sanction.ground, authority=sanction.authority, participant_id=sanction.participant_id,
        listing_id=sanction.listing_id, licence_id=sanction.licence_id,
        refund_rule=str(decision.outcome["refund_due"]), until_s=0,
    )  # fmt: skip
    escalated = SanctionEscalated(
        decision=decision,
        applied=applied,
        appeal_due_at=_in_working_days(unit, decision, "appeal_working_days"),
        **actions,
    )
    return unit.record(sanction, escalated)


def leave(unit: Unit, participant_id: str) -> Participant:
    """A participant leaves when it owes and is owed nothing (rulebook 3.1); access asks about its domains."""
    participant = own(unit, participant_id)
    if found := views.open_business(unit.connection, participant.id):
        raise Guarded(f"still open: {', '.join(found)}", code="E_OPEN_BUSINESS")
    return participants.leave(unit, participant.id)


def seen(unit: Unit, sanction_id: str) -> Sanction:
    """For the participant it is against, and for those who oversee the market."""
    sanction = unit.get(Sanction, sanction_id)
    if sanction.participant_id != unit.caller.participant_id and not unit.caller.roles.intersection(OVERSEERS):
        raise NotFound("no such thing")
    return sanction


def _target(unit: Unit, ask: SanctionAsk) -> Participant:
    """Who is meant; a listing or licence that is named must be one of its own."""
    participant = unit.get(Participant, ask.participant_id)
    if participant.id == unit.caller.participant_id:
        raise Guarded("nobody oversees itself", code="E_INDEPENDENCE")
    if ask.ground == "REGULATOR_ORDER":
        unit.caller.require(Role.REGULATOR)
    parties = []
    if ask.listing_id:
        listing = unit.get(Listing, ask.listing_id)
        parties.append((listing.provider_id, listing.merchant_id))
    if ask.licence_id:
        licence = unit.get(Licence, ask.licence_id)
        parties.append((licence.provider_id, licence.buyer_id))
    if any(participant.id not in sides for sides in parties):
        raise NotFound("no such thing of this participant's")
    return participant


def _decided(unit: Unit, ground: str, participant_id: str, *, again: bool) -> Decision:
    facts = {
        "oversight_ground": ground,
        "ladder_step": "AGAIN" if again else "FIRST",
        "quality_upheld": views.quality_upheld(unit, participant_id),
    }
    return decide(unit.policies, "oversight", facts)


def _actions(unit: Unit, ask: SanctionAsk, decision: Decision) -> dict[str, str]:
    said = {name: str(decision.outcome[name]) for name in ACTIONS}
    as_ordered = [name for name in ACTIONS if said[name] == "AS_ORDERED"]
    if bool(as_ordered) != (ask.ordered is not None):
        raise Malformed("an order says what is ordered, and only an order does", code="E_ORDERED")
    ordered = ask.ordered.model_dump() if ask.ordered is not None else {}
    return {**said, **{name: str(ordered[name]) for name in as_ordered}}


def _until_s(unit: Unit, ask: SanctionAsk, decision: Decision) -> int:
    """The end of a suspension that has one, within what the table allows."""
    low, high = (int(str(decision.outcome[f"suspension_days_{end}"])) for end in ("min", "max"))
    if not low <= ask.suspension_days <= high:
        raise Guarded("the table allows no such suspension", code="E_SUSPENSION_DAYS")
    return unit.now_s + ask.suspension_days * DAY_S if ask.suspension_days else 0


def _in_working_days(unit: Unit, decision: Decision, name: str) -> int:
    days = int(str(decision.outcome[name]))
    return unit.calendar.end_of(unit.calendar.after(unit.calendar.today(unit.now), days)) if days else 0


def _own(unit: Unit, sanction_id: str) -> Sanction:
    sanction = unit.get(Sanction, sanction_id)
    if sanction.participant_id != unit.caller.participant_id:
        raise NotFound("no such thing")
    if unit.caller.roles <= {Role.NODE}:
        raise Forbidden("a machine does not do this")
    return sanction


def _overseen(unit: Unit, sanction_id: str) -> Sanction:
    """A case, for its own authority or a higher one."""
    unit.caller.require(*authority.STOPPERS)
    sanction = unit.get(Sanction, sanction_id)
    authority.require(unit.caller, sanction.authority)
    return sanction
