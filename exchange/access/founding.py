"""The first participants and the first key: the exchange, its regulator, its auditor. Done once, by the operator."""

from dataclasses import dataclass

from exchange.access.desk import AUDITOR_ID, HOUSES, REGULATOR_ID
from exchange.access.keys import ApiKey, ApiKeyIssued
from exchange.access.model import (
    AdmissionReviewStarted,
    Participant,
    ParticipantActivated,
    ParticipantApplied,
    ParticipantApproved,
)
from exchange.access.service import EXCHANGE_ID
from exchange.access.uscc import is_uscc
from exchange.kernel import ids
from exchange.kernel.caller import Caller, Role
from exchange.kernel.unit import Ground, Unit
from exchange.wire.keys import PublicKey

FOUNDER = Caller("sys_founder", "sys_founder")


@dataclass(frozen=True, slots=True)
class Operator:
    """Who runs the exchange: its name and code, and the key that signs its tickets."""

    org_name: str
    uscc: str
    signing_key: PublicKey


def bootstrap(ground: Ground, *, admin_sha256: str, operator: Operator) -> str:
    """Make what is missing, and answer with the id of the ADMIN key whose secret has this hash. Safe to repeat."""
    if not is_uscc(operator.uscc):
        raise ValueError("the operator's unified social credit code does not check")
    names = {EXCHANGE_ID: operator.org_name, REGULATOR_ID: "Regulator", AUDITOR_ID: "Auditor"}
    with ground.writing(FOUNDER) as unit:
        for participant_id, org_name in names.items():
            _appoint(unit, participant_id, org_name, operator)
        return _first_key(unit, admin_sha256).id


def _appoint(unit: Unit, participant_id: str, org_name: str, operator: Operator) -> None:
    """Through the same facts as everybody else; no table decides, and the facts say so."""
    participant, by = unit.load(Participant, participant_id), FOUNDER.person_id
    if participant.version > 0:
        return
    is_exchange = participant_id == EXCHANGE_ID
    applied = ParticipantApplied(
        org_name=org_name,
        uscc=operator.uscc if is_exchange else "",
        roles=tuple(sorted(role for role, house in HOUSES.items() if house == participant_id)),
        territory="CN",
        operates_node=False,
        evidence={},
        by=by,
    )
    activated = ParticipantActivated(
        envelope="",
        policy_digest=unit.policies.digest,
        signing_key=operator.signing_key.text if is_exchange else "",
        recipient_key="",
        wallet="",
        by=by,
    )
    unit.record(
        participant, applied, AdmissionReviewStarted(by=by), ParticipantApproved(decisions=(), by=by), activated
    )


def _first_key(unit: Unit, admin_sha256: str) -> ApiKey:
    key = unit.load(ApiKey, ids.derived("key", EXCHANGE_ID, admin_sha256))
    if key.version > 0:
        return key
    issued = ApiKeyIssued(
        participant_id=EXCHANGE_ID,
        person_id="psn_first_admin",
        roles=(Role.ADMIN,),
        sha256=admin_sha256,
        by=FOUNDER.person_id,
    )
    return unit.record(key, issued)
