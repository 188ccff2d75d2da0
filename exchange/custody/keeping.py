"""Keeping things for others, step by step: taken, checked, kept, proved every quarter, given back or destroyed.

The exchange's vault may hold the bytes for a custodian; it never opens them. Releases are in `releasing`.
"""

import hashlib
from base64 import b64decode
from binascii import Error as BadBase64
from datetime import date, timedelta

from exchange.access import service as access
from exchange.classification import service as classification
from exchange.custody import package_views, vault
from exchange.custody.asks import ActivationAsk, DepositAsk, FreezeAsk
from exchange.custody.packages import (
    DATA_KINDS,
    KEPT,
    Custody,
    CustodyActivated,
    CustodyDeposited,
    CustodyFrozen,
    CustodyProofFailed,
    CustodyProofMissed,
    CustodyProved,
    CustodyReturned,
    CustodyUnfrozen,
    CustodyVerified,
)
from exchange.incidents import service as incidents
from exchange.incidents.model import IncidentKind
from exchange.kernel import ids
from exchange.kernel.caller import Role
from exchange.kernel.errors import Forbidden, Guarded, Malformed, NotFound
from exchange.kernel.unit import Unit
from exchange.licensing.views import asset_is_licensed
from exchange.registration.model import Asset
from policies.grading import RISING

DEPOSITORS = (Role.SUPPLIER, Role.DATA_MERCHANT, Role.REGISTRAR)
AUTHORITIES = (Role.COMPLIANCE, Role.ARBITER, Role.REGULATOR)
"""Who may freeze, with the order of a court or their own; the later in the row, the higher."""
PROOF_DAYS = 91
SEALED_FROM = "G3"


def deposit(unit: Unit, ask: DepositAsk) -> Custody:
    """Hand something over to an admitted custodian. Of data of grade G3 and above, ciphertext only."""
    unit.caller.require(*DEPOSITORS)
    depositor = access.active(unit, unit.caller.participant_id)
    asset = unit.get(Asset, ask.asset_id)
    if asset.holder_id != depositor.id and Role.REGISTRAR not in unit.caller.roles:
        raise NotFound("no such asset")
    custodian = access.active(unit, ask.custodian_id)
    if Role.CUSTODIAN not in custodian.roles:
        raise Guarded("this participant is no custodian", code="E_PARTICIPANT")
    if custodian.id == depositor.id:
        raise Guarded("nobody is its own custodian", code="E_INDEPENDENCE")
    if ask.kind in DATA_KINDS and not ask.sealed and RISING.index(_grade(unit, asset)) >= RISING.index(SEALED_FROM):
        raise Guarded("data of this grade is deposited as ciphertext only", code="E_CUSTODY_PLAINTEXT")
    content = _content(ask)
    deposited = CustodyDeposited(
        **ask.model_dump(include={"kind", "asset_id", "custodian_id", "object_sha256", "object_bytes"}),
        depositor_id=depositor.id,
        is_sealed=ask.sealed,
        in_vault=content is not None,
        mandate_sha256=ask.mandate_sha256,
        by=unit.caller.person_id,
    )
    kept = unit.record(Custody(id=ids.fresh("cst")), deposited, refs=(asset.head, custodian.head))
    if content is not None:
        vault.lay(unit.connection, kept.id, content)
    return kept


def verify(unit: Unit, custody_id: str, object_sha256: str) -> Custody:
    """The custodian hashed what it was given; anything else than what was deposited is not taken."""
    kept = in_hands(unit, custody_id)
    if not _agrees(unit, kept, object_sha256):
        raise Guarded("what is kept is not what was deposited", code="E_CUSTODY_HASH")
    return unit.record(kept, CustodyVerified(object_sha256=object_sha256, by=unit.caller.person_id))


def activate(unit: Unit, custody_id: str, ask: ActivationAsk) -> Custody:
    """The custodian accepts: until when it is kept, and on what it may be released."""
    kept = in_hands(unit, custody_id)
    if ask.kept_until < unit.calendar.today(unit.now):
        raise Guarded("what is kept is kept for some time", code="E_RETENTION")
    activated = CustodyActivated(**ask.model_dump(), proof_due_at=_next_proof(unit), by=unit.caller.person_id)
    return unit.record(kept, activated)


def prove(unit: Unit, custody_id: str, object_sha256: str) -> Custody:
    """The quarterly proof. What does not agree is frozen at once, and is an incident."""
    kept = in_hands(unit, custody_id)
    if _agrees(unit, kept, object_sha256):
        proved = CustodyProved(object_sha256=object_sha256, proof_due_at=_next_proof(unit), by=unit.caller.person_id)
        return unit.record(kept, proved)
    return _mismatch(unit, kept, object_sha256)


def freeze(unit: Unit, custody_id: str, ask: FreezeAsk) -> Custody:
    """A court's order, entered by an authority, or the authority's own. What was asked for meanwhile falls."""
    frozen = CustodyFrozen(**ask.model_dump(), frozen_by=_authority(unit), by=unit.caller.person_id)
    return unit.record(unit.get(Custody, custody_id), frozen)


def unfreeze(unit: Unit, custody_id: str, order_sha256: str) -> Custody:
    """By the authority that froze it, or a higher one."""
    kept, authority = unit.get(Custody, custody_id), _authority(unit)
    rising = ("", *(role.value for role in AUTHORITIES))
    if rising.index(authority) < rising.index(kept.frozen_by):
        raise Forbidden("whoever froze it, or a higher authority, lifts it")
    return unit.record(kept, CustodyUnfrozen(order_sha256=order_sha256, by=unit.caller.person_id))


def give_back(unit: Unit, custody_id: str) -> Custody:
    """To its depositor, once no licence depends on it."""
    kept = unit.get(Custody, custody_id)
    if side_of(unit, kept) != "DEPOSITOR":
        raise Forbidden("the depositor takes it back")
    if asset_is_licensed(unit.connection, kept.asset_id):
        raise Guarded("a licence depends on it", code="E_LICENCE_OPEN")
    return unit.record(kept, CustodyReturned(by=unit.caller.person_id))


def unproved(unit: Unit) -> list[str]:
    """For the timer: what a quarter has passed over."""
    return package_views.unproved(unit.connection, unit.now)


def look_again(unit: Unit, custody_id: str) -> Custody:
    """For the timer: the exchange hashes what lies in its vault, and notes that the custodian's proof is missing."""
    kept = unit.get(Custody, custody_id)
    if kept.state not in KEPT or kept.proof_missed or not 0 < kept.proof_due_at <= unit.now:
        return kept
    kept = unit.record(kept, CustodyProofMissed(missed_at=kept.proof_due_at))
    found = _vault_sha256(unit, kept)
    return _mismatch(unit, kept, found) if kept.in_vault and found != kept.object_sha256 else kept


def in_hands(unit: Unit, custody_id: str) -> Custody:
    """What the calling custodian keeps."""
    kept = unit.get(Custody, custody_id)
    if side_of(unit, kept) != "CUSTODIAN":
        raise Forbidden("its custodian does this")
    return kept


def side_of(unit: Unit, kept: Custody) -> str:
    """As what the caller acts on it; to everybody else there is no such thing."""
    caller = unit.caller
    if caller.participant_id == kept.custodian_id and Role.CUSTODIAN in caller.roles:
        return "CUSTODIAN"
    if caller.participant_id == kept.depositor_id and caller.roles.intersection(DEPOSITORS):
        return "DEPOSITOR"
    if Role.ARBITER in caller.roles:
        return "ARBITER"
    raise NotFound("no such thing")


def seen(unit: Unit, custody_id: str) -> Custody:
    """For its custodian, its depositor, whoever it was released to, and those who watch."""
    kept = unit.get(Custody, custody_id)
    parties = {kept.custodian_id, kept.depositor_id, kept.recipient_id, *kept.released_to}
    if unit.caller.participant_id in parties or unit.caller.roles.intersection((*access.OVERSEERS, Role.ARBITER)):
        return kept
    raise NotFound("no such thing")


def stated_sha256(unit: Unit, kept: Custody) -> str:
    """The hash of the bytes now: of those in the vault; a custodian's own are hashed by itself, when it proves them."""
    return _vault_sha256(unit, kept) if kept.in_vault else kept.object_sha256


def _mismatch(unit: Unit, kept: Custody, found_sha256: str) -> Custody:
    failed = CustodyProofFailed(found_sha256=found_sha256, by=unit.caller.person_id)
    kept = unit.record(kept, failed)
    incidents.raise_incident(unit, IncidentKind.CUSTODY_MISMATCH, kept.id, found_sha256, kept.head)
    if kept.state == "FROZEN":
        return kept
    frozen = CustodyFrozen(ground="PROOF_MISMATCH", order_sha256="", frozen_by="", by=unit.caller.person_id)
    return unit.record(kept, frozen)


def _agrees(unit: Unit, kept: Custody, object_sha256: str) -> bool:
    """What the custodian says, what was deposited and what lies in the vault are one and the same."""
    return object_sha256 == kept.object_sha256 == stated_sha256(unit, kept)


def _vault_sha256(unit: Unit, kept: Custody) -> str:
    return hashlib.sha256(vault.lying(unit.connection, kept.id) or b"").hexdigest()


def _content(ask: DepositAsk) -> bytes | None:
    if ask.content is None:
        return None
    try:
        content = b64decode(ask.content, validate=True)
    except (BadBase64, ValueError):
        raise Malformed("the content is not base64") from None
    if (hashlib.sha256(content).hexdigest(), len(content)) != (ask.object_sha256, ask.object_bytes):
        raise Guarded("the content is not what the form says", code="E_CUSTODY_HASH")
    return content


def _grade(unit: Unit, asset: Asset) -> str:
    """The confirmed grade, or what the engine said at registration, whichever is higher."""
    grading = classification.grading_of(unit, asset.id)
    return max((grade for grade in (asset.grade, grading.grade) if grade in RISING), key=RISING.index, default="CORE")


def _next_proof(unit: Unit) -> int:
    last_day: date = unit.calendar.today(unit.now) + timedelta(days=PROOF_DAYS)
    return unit.calendar.end_of(last_day)


def _authority(unit: Unit) -> str:
    unit.caller.require(*AUTHORITIES)
    return next(role.value for role in reversed(AUTHORITIES) if role in unit.caller.roles)
