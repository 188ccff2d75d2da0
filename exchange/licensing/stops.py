"""How a licence rests, goes on and ends: by a party, by an authority, by both parties, or by time alone."""

from exchange.access.model import Participant
from exchange.kernel.caller import Role
from exchange.kernel.entity import Event
from exchange.kernel.errors import Forbidden, Guarded, NotFound
from exchange.kernel.unit import Unit
from exchange.licensing import authority
from exchange.licensing.model import (
    DeletionAttested,
    Licence,
    LicenceExhausted,
    LicenceExpired,
    LicenceRefused,
    LicenceResumed,
    LicenceRevoked,
    LicenceSuspended,
    LicenceTerminated,
    LicenceTerminationProposed,
)
from exchange.registration import service as registration
from exchange.registration.model import Asset
from policies.refunds import RefundCase, refund

PROVIDER = "PROVIDER"
"""Suspended by whoever holds the data: no authority makes it go on against its will."""


def refuse(unit: Unit, licence_id: str, reason: str) -> Licence:
    licence = party_licence(unit, licence_id)
    return unit.record(licence, LicenceRefused(reason=reason, by=unit.caller.person_id))


def suspend(unit: Unit, licence_id: str, ground: str) -> Licence:
    licence = _stoppable_licence(unit, licence_id)
    suspended_by = authority.of(unit.caller) or PROVIDER
    return unit.record(licence, LicenceSuspended(ground=ground, suspended_by=suspended_by, by=unit.caller.person_id))


def resume(unit: Unit, licence_id: str) -> Licence:
    licence = _stoppable_licence(unit, licence_id)
    if licence.suspended_by == PROVIDER:
        if licence.provider_id != unit.caller.participant_id:
            raise Forbidden("its provider suspended it, its provider lets it go on")
    else:
        authority.require(unit.caller, licence.suspended_by)
    if reasons := registration.barred(unit, registration.certified(unit, licence.asset_id)):
        raise Guarded("the negative list bars it", code=reasons[0])
    return unit.record(licence, LicenceResumed(by=unit.caller.person_id))


def revoke(unit: Unit, licence_id: str, ground: str) -> Licence:
    """Bind every new ticket at once. Whose fault it is decides the refund rule (rulebook 4.8)."""
    licence = _stoppable_licence(unit, licence_id)
    by_provider = licence.provider_id == unit.caller.participant_id
    case = RefundCase.JOB_ABORTED if by_provider else RefundCase.REGULATOR_STOP
    return unit.record(
        licence,
        LicenceRevoked(
            ground=ground,
            fault="supplier" if by_provider else "none",
            refund_rule=refund(unit.policies, case).rule,
            by=unit.caller.person_id,
        ),
    )


def sanction(unit: Unit, licence_id: str, action: str, ground: str, suspended_by: str, refund_rule: str) -> bool:
    """For a sanction: rest it, or end it under the rule the sanction names. Answers whether this did."""
    licence, by = unit.get(Licence, licence_id), unit.caller.person_id
    fault = {"R4": "supplier", "R5": "buyer"}.get(refund_rule, "none")
    events: dict[str, Event] = {
        "SUSPENDED": LicenceSuspended(ground=ground, suspended_by=suspended_by, by=by),
        "REVOKED": LicenceRevoked(ground=ground, fault=fault, refund_rule=refund_rule, by=by),
    }
    event = events[action]
    if (licence.state, type(event)) not in Licence.NEXT:
        return False
    unit.record(licence, event)
    return True


def terminate(unit: Unit, licence_id: str) -> Licence:
    """End it by agreement: the first party to ask proposes, the other concludes. Asking again changes nothing."""
    licence = party_licence(unit, licence_id)
    if licence.proposed_by == unit.caller.participant_id:
        return licence
    if not licence.proposed_by:
        proposed = LicenceTerminationProposed(proposed_by=unit.caller.participant_id, by=unit.caller.person_id)
        return unit.record(licence, proposed)
    return unit.record(licence, LicenceTerminated(by=unit.caller.person_id))


def attest_deletion(unit: Unit, licence_id: str, attestation_sha256: str) -> Licence:
    """The licence has ended: within ten working days its buyer says that its copies are gone (rulebook 3.5)."""
    licence = party_licence(unit, licence_id)
    if licence.buyer_id != unit.caller.participant_id:
        raise Forbidden("the buyer attests what the buyer deleted")
    if licence.attestation_sha256:
        raise Guarded("it was attested already", code="E_ATTESTED")
    return unit.record(licence, DeletionAttested(attestation_sha256=attestation_sha256, by=unit.caller.person_id))


def lapse(unit: Unit, licence_id: str) -> Licence:
    """For the timer: nobody answered within ten working days, or the licence's own time is over."""
    licence = unit.get(Licence, licence_id)
    if not 0 < licence.due_at <= unit.now:
        return licence
    if licence.is_unanswered:
        return unit.record(licence, LicenceRefused(reason="E_WINDOW", by=unit.caller.person_id))
    return unit.record(licence, LicenceExpired())


def exhaust(unit: Unit, licence_id: str, jobs: int) -> Licence:
    """For the timer: all jobs were issued, and the last of them has ended. Earlier, its answer could not come in."""
    licence = unit.get(Licence, licence_id)
    if licence.state != "ACTIVE" or jobs < licence.agreed_terms.jobs_max:
        return licence
    return unit.record(licence, LicenceExhausted(jobs=jobs))


def suspend_uncertified(unit: Unit, licence_id: str) -> Licence:
    """For the timer: a licence rests with a certificate that is frozen or cancelled, and ends with one that expired."""
    licence = unit.get(Licence, licence_id)
    asset = unit.get(Asset, licence.asset_id)
    if asset.state == "EXPIRED" and licence.state in ("ACTIVE", "SUSPENDED"):
        return unit.record(licence, LicenceExpired(), refs=(asset.head,))
    if licence.state != "ACTIVE" or asset.state == "CERTIFIED":
        return licence
    suspended = LicenceSuspended(ground=f"CERTIFICATE_{asset.state}", suspended_by="", by=unit.caller.person_id)
    return unit.record(licence, suspended, refs=(asset.head,))


def suspend_barred(unit: Unit, licence_id: str) -> Licence:
    """For the timer: the negative list in force bars the asset. What runs under the licence is not released."""
    licence = unit.get(Licence, licence_id)
    asset = unit.get(Asset, licence.asset_id)
    reasons = registration.barred(unit, asset)
    if licence.state != "ACTIVE" or not reasons:
        return licence
    suspended = LicenceSuspended(ground=reasons[0], suspended_by="", by=unit.caller.person_id)
    return unit.record(licence, suspended, refs=(asset.head,))


def follow_party(unit: Unit, licence_id: str) -> Licence:
    """For the timer: one party is revoked, and with it what it gave (R4) or held (R5) (rulebook 3.1)."""
    licence = unit.get(Licence, licence_id)
    of_provider = unit.get(Participant, licence.provider_id).state == "REVOKED"
    of_buyer = unit.get(Participant, licence.buyer_id).state == "REVOKED"
    if licence.state not in ("ACTIVE", "SUSPENDED") or not (of_provider or of_buyer):
        return licence
    case = RefundCase.SUBSCRIPTION_REVOKED if of_provider else RefundCase.BUYER_BREACH
    revoked = LicenceRevoked(
        ground="PARTICIPANT_REVOKED",
        fault="supplier" if of_provider else "buyer",
        refund_rule=refund(unit.policies, case).rule,
        by=unit.caller.person_id,
    )
    return unit.record(licence, revoked)


def party_licence(unit: Unit, licence_id: str) -> Licence:
    licence = unit.get(Licence, licence_id)
    if unit.caller.participant_id not in (licence.provider_id, licence.buyer_id):
        raise NotFound("no such licence")
    _by_a_person(unit)
    return licence


def _stoppable_licence(unit: Unit, licence_id: str) -> Licence:
    """A licence its provider, or an authority, may stop. To a stranger it is not there."""
    if unit.caller.roles.intersection(authority.STOPPERS):
        return unit.get(Licence, licence_id)
    licence = party_licence(unit, licence_id)
    if licence.provider_id != unit.caller.participant_id:
        raise Forbidden("its provider, or an authority, does this")
    return licence


def _by_a_person(unit: Unit) -> None:
    """A worker's credential lies on a machine beside the queue: whoever finds it there ends no licence with it."""
    if unit.caller.roles <= {Role.NODE}:
        raise Forbidden("a machine, or who is outside the market, does not do this")
