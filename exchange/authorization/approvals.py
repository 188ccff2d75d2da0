"""Who is asked, who may answer, and until when (rulebook 3.7, 4.2). What follows from a yes is decided above."""

from dataclasses import dataclass

from exchange.access import service as access
from exchange.access.desk import PROVIDERS
from exchange.access.views import persons_of
from exchange.authorization import views
from exchange.authorization.approval_model import (
    Approval,
    ApprovalDelegated,
    ApprovalDenied,
    ApprovalGiven,
    ApprovalGranted,
    ApprovalLapsed,
    ApprovalReminded,
    ApprovalRequested,
    ApprovalWithdrawn,
    Approver,
    Kind,
)
from exchange.kernel import ids
from exchange.kernel.caller import Caller, Role
from exchange.kernel.errors import Guarded, IllegalTransition, Malformed, NotFound
from exchange.kernel.unit import Unit
from exchange.wire.envelope import Envelope

ANSWER_WORKING_DAYS = 5
REMINDER_WORKING_DAYS = 3
VALID_DAYS = 90
"""How long an approval of one program stands for the same program again."""
EACH_PROGRAM = {
    "SUPPLIER_COMPLIANCE": (Approver.SUPPLIER, Approver.COMPLIANCE),
    "SUPPLIER_COMPLIANCE_REGULATOR": tuple(Approver),
}
"""Grades whose approval is given per program; the others' is given once, when the licence is offered."""
WATCHERS = (Role.COMPLIANCE, Role.REGULATOR, Role.AUDITOR)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for, by whom, of whom."""

    kind: Kind
    about_id: str
    provider_id: str
    requester_id: str
    licence_id: str
    program_sha256: str
    approvers: tuple[Approver, ...]


def of_each_program(unit: Unit, approval_by: str, licence_id: str, program_sha256: str) -> tuple[Approver, ...]:
    """Whose approval a grade wants for a program, unless one that still stands was given."""
    wanted = EACH_PROGRAM.get(approval_by, ())
    return () if wanted and views.stands(unit.connection, licence_id, program_sha256, unit.now) else wanted


def request(unit: Unit, wanted: Wanted, *, refs: tuple[str, ...]) -> Approval:
    """Put it into the inbox of everybody whose word is needed."""
    today = unit.calendar.today(unit.now)
    fact = ApprovalRequested(
        kind=wanted.kind,
        about_id=wanted.about_id,
        provider_id=wanted.provider_id,
        requester_id=wanted.requester_id,
        licence_id=wanted.licence_id,
        program_sha256=wanted.program_sha256,
        approvers=wanted.approvers,
        due_at=unit.calendar.end_of(unit.calendar.after(today, ANSWER_WORKING_DAYS)),
        remind_at=unit.calendar.end_of(unit.calendar.after(today, REMINDER_WORKING_DAYS)),
        by=unit.caller.person_id,
    )
    return unit.record(unit.load(Approval, approval_id(wanted.about_id)), fact, refs=refs)


def approval_id(about_id: str) -> str:
    return ids.derived("apv", about_id)


def give(unit: Unit, approval: Approval, envelope: Envelope | None = None) -> Approval:
    """Say yes. The last yes grants it. `envelope`: what the provider's domain signed, checked by the caller."""
    approver = _in_time(unit, approval, signed=envelope is not None)
    by = unit.caller.person_id
    if approver is not Approver.SUPPLIER:
        envelope = None
    elif approval.kind is not Kind.JOB and envelope is None:
        raise Malformed("the provider's own domain signs this", code="E_SIGNATURE")
    if approval.waiting_for != (approver,):
        return unit.record(approval, ApprovalGiven(approver=approver, envelope=envelope, by=by))
    valid_to = unit.now + VALID_DAYS * 86_400_000_000
    return unit.record(approval, ApprovalGranted(approver=approver, valid_to=valid_to, envelope=envelope, by=by))


def deny(unit: Unit, approval: Approval, reason: str) -> Approval:
    """Say no, with a reason whoever asked is shown. One no is enough."""
    approver = _in_time(unit, approval)
    return unit.record(approval, ApprovalDenied(approver=approver, reason=reason, by=unit.caller.person_id))


def delegate(unit: Unit, approval: Approval, delegate_id: str) -> Approval:
    """The provider names who may answer in its place: one of its own people, or an active participant."""
    caller = unit.caller
    if caller.participant_id != approval.provider_id or not caller.roles.intersection(PROVIDERS):
        raise NotFound("no such approval")
    own_person = delegate_id in persons_of(unit.connection, approval.provider_id)
    if not own_person:
        access.active(unit, delegate_id)
    if delegate_id in (approval.requester_id, access.EXCHANGE_ID, *approval.persons):
        raise Guarded("whoever asked, or answers for others, does not answer here", code="E_DUAL_CONTROL")
    return unit.record(approval, ApprovalDelegated(delegate_id=delegate_id, by=caller.person_id))


def withdraw(unit: Unit, about_id: str) -> Approval:
    approval = unit.get(Approval, approval_id(about_id))
    return unit.record(approval, ApprovalWithdrawn(by=unit.caller.person_id))


def remind(unit: Unit, approval: Approval) -> Approval:
    """For the timer: two working days are left, and it is said once."""
    if approval.state != "REQUESTED" or not 0 < approval.remind_at <= unit.now:
        return approval
    return unit.record(approval, ApprovalReminded(waiting_for=approval.waiting_for))


def lapse(unit: Unit, approval: Approval) -> Approval:
    """For the timer: the time to answer is over."""
    if approval.state != "REQUESTED" or unit.now < approval.due_at:
        return approval
    return unit.record(approval, ApprovalLapsed(waiting_for=approval.waiting_for))


def shown(unit: Unit, approval_id: str) -> Approval:
    """An approval, for those it concerns: whoever asked, whoever must answer, and those who watch."""
    approval, caller = unit.get(Approval, approval_id), unit.caller
    concerned = {approval.provider_id, approval.requester_id, approval.delegate_id}
    if not concerned & {caller.participant_id, caller.person_id} and not caller.roles.intersection(WATCHERS):
        raise NotFound("no such approval")
    return approval


def _in_time(unit: Unit, approval: Approval, *, signed: bool = False) -> Approver:
    """In whose name the caller answers, if it may, and there is still something to answer."""
    held = _names(approval, unit.caller, signed)
    if not held:
        raise NotFound("no such approval")
    if approval.state != "REQUESTED":
        raise IllegalTransition("it was answered already")
    if unit.now >= approval.due_at:
        raise Guarded("the five working days have passed", code="E_WINDOW")
    if unit.caller.person_id in approval.persons:
        raise Guarded("nobody speaks twice in one approval", code="E_DUAL_CONTROL")
    free = [one for one in approval.waiting_for if one in held]
    if not free:
        raise IllegalTransition("it was answered already")
    return free[0]


def _names(approval: Approval, caller: Caller, signed: bool) -> frozenset[Approver]:
    """In whose names a caller may answer. A worker's credential answers for nobody: its domain's signature may."""
    found: set[Approver] = set()
    speakers = (*PROVIDERS, Role.NODE) if signed else PROVIDERS
    at_home = caller.participant_id == approval.provider_id and bool(caller.roles.intersection(speakers))
    delegated = approval.delegate_id in (caller.person_id, caller.participant_id)
    if at_home or (delegated and not caller.roles <= {Role.NODE}):
        found.add(Approver.SUPPLIER)
    if caller.participant_id not in (approval.provider_id, approval.requester_id):
        found |= {one for one in (Approver.COMPLIANCE, Approver.REGULATOR) if Role(one.value) in caller.roles}
    return frozenset(found).intersection(approval.approvers)
