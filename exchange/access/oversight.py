"""Keeping the market in order: suspension, reinstatement, revocation (rulebook 4.9), and a participant's own exit."""

from exchange.access.asks import ReinstatementAsk, RevocationAsk, SuspensionAsk
from exchange.access.model import (
    Participant,
    ParticipantExited,
    ParticipantReinstated,
    ParticipantRevoked,
    ParticipantSuspended,
)
from exchange.access.service import own
from exchange.access.views import open_nodes
from exchange.kernel.caller import Role
from exchange.kernel.errors import Forbidden, Guarded
from exchange.kernel.unit import Unit


def suspend(unit: Unit, participant_id: str, ask: SuspensionAsk) -> Participant:
    """Nothing new begins; what was delivered is still settled."""
    participant = _overseen(unit, participant_id)
    suspended = ParticipantSuspended(
        ground=ask.ground,
        suspended_by_regulator=Role.REGULATOR in unit.caller.roles,
        suspended_until_s=ask.until_s,
        by=unit.caller.person_id,
    )
    return unit.record(participant, suspended)


def reinstate(unit: Unit, participant_id: str, ask: ReinstatementAsk) -> Participant:
    participant = _overseen(unit, participant_id)
    if participant.suspended_by_regulator and Role.REGULATOR not in unit.caller.roles:
        raise Forbidden("the regulator suspended it, the regulator reinstates it")
    return unit.record(
        participant, ParticipantReinstated(evidence_sha256=ask.evidence_sha256, by=unit.caller.person_id)
    )


def revoke(unit: Unit, participant_id: str, ask: RevocationAsk) -> Participant:
    """The exchange acts on an order of the regulator, whose digest stays with the fact."""
    unit.caller.require(Role.ADMIN)
    participant = _overseen(unit, participant_id)
    return unit.record(
        participant,
        ParticipantRevoked(ground=ask.ground, order_sha256=ask.order_sha256, by=unit.caller.person_id),
    )


def stop(unit: Unit, participant_id: str, ground: str, *, by_regulator: bool, until_s: int) -> bool:
    """For a sanction: suspend it if it is active. Answers whether this did."""
    participant = unit.get(Participant, participant_id)
    if participant.state != "ACTIVE":
        return False
    suspended = ParticipantSuspended(
        ground=ground,
        suspended_by_regulator=by_regulator,
        suspended_until_s=until_s,
        by=unit.caller.person_id,
    )
    unit.record(participant, suspended)
    return True


def restore(unit: Unit, participant_id: str, evidence_sha256: str) -> None:
    """For a sanction that was annulled: back, if it is still suspended."""
    participant = unit.get(Participant, participant_id)
    if participant.state == "SUSPENDED":
        unit.record(participant, ParticipantReinstated(evidence_sha256=evidence_sha256, by=unit.caller.person_id))


def leave(unit: Unit, participant_id: str) -> Participant:
    """A participant leaves when its domains are retired; what else is open is for the slices that know it to ask."""
    participant = own(unit, participant_id)
    if open_nodes(unit.connection, participant.id):
        raise Guarded("retire your domains first", code="E_NODE")
    return unit.record(participant, ParticipantExited(by=unit.caller.person_id))


def _overseen(unit: Unit, participant_id: str) -> Participant:
    unit.caller.require(Role.ADMIN, Role.COMPLIANCE, Role.REGULATOR)
    if unit.caller.participant_id == participant_id:
        raise Guarded("nobody oversees itself", code="E_INDEPENDENCE")
    return unit.get(Participant, participant_id)
