"""Who is admitted to the market (准入), step by step. Nobody passes alone: two people of the exchange look at each."""

from exchange.access.asks import Application, Review
from exchange.access.keys import ApiKey, ApiKeyIssued
from exchange.access.model import (
    SUPPLEMENT_ROUNDS_MAX,
    SUPPLEMENT_WORKING_DAYS,
    AdmissionReviewStarted,
    Participant,
    ParticipantActivated,
    ParticipantApplied,
    ParticipantApproved,
    ParticipantRejected,
    SupplementProvided,
    SupplementRequested,
)
from exchange.access.nodes import Node
from exchange.access.uscc import is_uscc
from exchange.access.views import admitted_as, in_state
from exchange.kernel import ids
from exchange.kernel.caller import Role
from exchange.kernel.errors import Guarded, Malformed, NotFound, RecordedRefusal
from exchange.kernel.unit import Unit
from exchange.wire.admissions import RulebookSigned
from exchange.wire.envelope import BadEnvelope, Envelope
from exchange.wire.keys import BadKey, PublicKey
from exchange.wire.sealing import RecipientKey
from policies.engine import Decision, PolicyRefused, decide

EXCHANGE_ID = "part_exchange"
OVERSEERS = (Role.REVIEWER, Role.REGISTRAR, Role.COMPLIANCE, Role.ADMIN, Role.REGULATOR, Role.AUDITOR)
"""Those who may look at what is not theirs."""


def apply(unit: Unit, ask: Application) -> tuple[Participant, ApiKey]:
    """Anybody may apply. The key that comes with it opens the application and nothing else until it is active."""
    if not is_uscc(ask.uscc):
        raise Guarded("the unified social credit code does not check", code="E_USCC")
    if ask.group_uscc and not is_uscc(ask.group_uscc):
        raise Guarded("the code of the controller does not check", code="E_USCC")
    participant, key = Participant(id=ids.fresh("part")), ApiKey(id=ids.fresh("key"))
    person_id, roles = ids.fresh("psn"), tuple(sorted(set(ask.roles)))
    participant = unit.record(
        participant,
        ParticipantApplied(
            org_name=ask.org_name,
            uscc=ask.uscc,
            roles=roles,
            group_uscc=ask.group_uscc,
            territory=ask.territory,
            operates_node=ask.operates_node,
            evidence=ask.evidence,
            legal_representative=ask.legal_representative,
            by=person_id,
        ),
    )
    issued = ApiKeyIssued(
        participant_id=participant.id, person_id=person_id, roles=roles, sha256=ask.api_key_sha256, by=person_id
    )
    return participant, unit.record(key, issued, refs=(participant.head,))


def take(unit: Unit, participant_id: str) -> Participant:
    participant = _under(unit, participant_id)
    return unit.record(participant, AdmissionReviewStarted(by=unit.caller.person_id))


def ask_supplement(unit: Unit, participant_id: str, items: tuple[str, ...]) -> Participant:
    participant = _under(unit, participant_id)
    if participant.supplement_rounds >= SUPPLEMENT_ROUNDS_MAX:
        raise Guarded("a supplement was asked for twice already", code="E_ROUNDS")
    last_day = unit.calendar.after(unit.calendar.today(unit.now), SUPPLEMENT_WORKING_DAYS)
    asked = SupplementRequested(items=items, supplement_due_at=unit.calendar.end_of(last_day), by=unit.caller.person_id)
    return unit.record(participant, asked)


def supply(unit: Unit, participant_id: str, evidence: dict[str, str]) -> Participant:
    participant = own(unit, participant_id)
    if participant.state == "SUPPLEMENT_REQUIRED" and unit.now >= participant.supplement_due_at:
        raise Guarded("the ten working days have passed", code="E_WINDOW")
    return unit.record(participant, SupplementProvided(evidence=evidence, by=unit.caller.person_id))


def lapse_supplement(unit: Unit, participant_id: str) -> Participant:
    """For the timer: nothing was supplied within ten working days."""
    participant = unit.get(Participant, participant_id)
    if participant.state != "SUPPLEMENT_REQUIRED" or unit.now < participant.supplement_due_at:
        return participant
    return unit.record(participant, ParticipantRejected(reasons=("E_WINDOW",), by=unit.caller.person_id))


def lapsed_supplements(unit: Unit) -> list[str]:
    """Applications whose applicant has let the time for a supplement pass."""
    waiting = [unit.get(Participant, one) for one in in_state(unit.connection, "SUPPLEMENT_REQUIRED")]
    return [participant.id for participant in waiting if unit.now >= participant.supplement_due_at]


def approve(unit: Unit, participant_id: str, ask: Review) -> Participant:
    """A second reviewer states what was found; the admission table decides for every role applied for."""
    participant = _under(unit, participant_id)
    if participant.reviewer == unit.caller.person_id:
        raise Guarded("whoever took the application does not approve it", code="E_DUAL_CONTROL")
    decisions = _decided(unit, participant, ask)
    taken = admitted_as(unit.connection, participant.uscc) if participant.uscc else []
    if any(other != participant.id for other in taken):
        raise Guarded("a participant with this code is admitted already", code="E_USCC_TAKEN")
    if all(decision.permitted for decision in decisions):
        return unit.record(participant, ParticipantApproved(decisions=decisions, by=unit.caller.person_id))
    reasons = tuple(dict.fromkeys(reason for decision in decisions for reason in decision.reasons))
    unit.record(participant, ParticipantRejected(reasons=reasons, decisions=decisions, by=unit.caller.person_id))
    raise RecordedRefusal("the application is rejected", reasons=reasons, subject=participant.id)


def reject(unit: Unit, participant_id: str, reasons: tuple[str, ...]) -> Participant:
    participant = _under(unit, participant_id)
    return unit.record(participant, ParticipantRejected(reasons=reasons, by=unit.caller.person_id))


def activate(unit: Unit, participant_id: str, envelope: Envelope) -> Participant:
    """The applicant signs the rulebook in force with the key it will be known by."""
    participant = own(unit, participant_id)
    signed = _opened(envelope)
    if signed.participant_id != participant.id:
        raise Malformed("signed for somebody else", code="E_SIGNATURE")
    if signed.policy_digest != unit.policies.digest:
        raise Guarded("another rulebook is in force", code="E_RULEBOOK")
    if Role.BUYER in participant.roles and not signed.recipient_key:
        raise Guarded("a buyer needs a key to which results are sealed", code="E_RECIPIENT_KEY")
    activated = ParticipantActivated(
        envelope=envelope.model_dump_json(),
        policy_digest=signed.policy_digest,
        signing_key=signed.signing_key,
        recipient_key=signed.recipient_key,
        wallet=signed.wallet,
        by=unit.caller.person_id,
    )
    return unit.record(participant, activated)


def active(unit: Unit, participant_id: str) -> Participant:
    """The participant, which may begin something new."""
    participant = unit.load(Participant, participant_id)
    if participant.state != "ACTIVE":
        raise Guarded("a participant is not active", code="E_PARTICIPANT")
    return participant


def node_of(unit: Unit, domain: str) -> Node:
    """The node of a domain, which must be registered."""
    node = unit.load(Node, ids.derived("node", domain))
    if node.state != "REGISTERED":
        raise Guarded("there is no such domain", code="E_NODE")
    return node


def own(unit: Unit, participant_id: str) -> Participant:
    """The caller's own participant."""
    if participant_id != unit.caller.participant_id:
        raise NotFound("no such participant")
    return unit.get(Participant, participant_id)


def seen(unit: Unit, participant_id: str) -> Participant:
    """The participant, for itself and for those who oversee the market."""
    if participant_id != unit.caller.participant_id and not unit.caller.roles.intersection(OVERSEERS):
        raise NotFound("no such participant")
    return unit.get(Participant, participant_id)


def _under(unit: Unit, participant_id: str) -> Participant:
    """An application in the hands of a reviewer, who is not of the applicant's own house."""
    unit.caller.require(Role.REVIEWER)
    if unit.caller.participant_id == participant_id:
        raise Guarded("nobody reviews itself", code="E_INDEPENDENCE")
    return unit.get(Participant, participant_id)


def _decided(unit: Unit, participant: Participant, ask: Review) -> tuple[Decision, ...]:
    facts = {**ask.facts, "operates_node": participant.operates_node}
    if participant.group == unit.load(Participant, EXCHANGE_ID).group:
        # The exchange and whatever it controls: no finding of a reviewer makes that independent (A8).
        facts["independent"] = False
    if ask.facts.keys() & {"role", "operates_node"}:
        raise Malformed("the application says this already", code="E_FACT_UNKNOWN")
    try:
        return tuple(decide(unit.policies, "admission", {**facts, "role": role}) for role in participant.roles)
    except PolicyRefused as refused:
        raise Malformed("the facts are not those the admission table asks for", code=refused.code) from None


def _opened(envelope: Envelope) -> RulebookSigned:
    """What was signed, once the key it binds is shown to have signed it."""
    try:
        claimed = RulebookSigned.peeked(envelope)
        signed = RulebookSigned.opened(envelope, (PublicKey.parsed(claimed.signing_key),))
        if signed.recipient_key:
            RecipientKey.parsed(signed.recipient_key)
    except (BadEnvelope, BadKey):
        raise Malformed("not signed by the key it binds, or not keys", code="E_SIGNATURE") from None
    return signed
