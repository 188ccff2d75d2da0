"""The register: reviews, publicity, objections, certificates (rulebook 3.2). It looks at evidence, never at data."""

import hashlib
from datetime import date, timedelta

from exchange.kernel.caller import Role
from exchange.kernel.errors import Forbidden, Guarded, NotFound
from exchange.kernel.unit import Unit
from exchange.registration.model import (
    Asset,
    AssetRegistrationRefused,
    CertificateCancelled,
    CertificateExpired,
    CertificateFrozen,
    CertificateIssued,
    CertificateUnfrozen,
    FormalReviewPassed,
    ObjectionDismissed,
    ObjectionFiled,
    ObjectionUpheld,
    OwnershipClaimEnded,
    OwnershipClaimNoted,
    PublicityStarted,
    RegistrationAccepted,
    RegistrationWithdrawn,
)
from exchange.registration.views import certified_twins

PUBLICITY_WORKING_DAYS = 10
CORE_GROUND = "E_NEGLIST:N01"
VALID_YEARS = 3
EVIDENCE = {
    "HOLD": ("collection_record", "contract", "public_duty"),
    "USE": ("collection_record", "contract", "public_duty", "processing_licence"),
    "OPERATE": ("processing_record",),
}
"""For each right, the documents of which one at least must be there."""
_PREFIX = "88.100.7"
"""Of our handles, until one is allotted to us; certificates say that it is provisional."""
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def accept(unit: Unit, asset_id: str) -> Asset:
    return unit.record(_under(unit, asset_id), RegistrationAccepted(by=unit.caller.person_id))


def pass_formal_review(unit: Unit, asset_id: str) -> Asset:
    """Nothing that equals this data is under an exclusive right already, nor is this to be while others hold it."""
    asset = _under(unit, asset_id)
    twins = certified_twins(unit.connection, asset.fingerprint)
    if twins and (asset.exclusive or any(exclusive for _, exclusive in twins)):
        raise Guarded("the same data is registered, and one of the two claims is exclusive", code="E_FINGERPRINT")
    passed = FormalReviewPassed(similar=tuple(twin for twin, _ in twins), by=unit.caller.person_id)
    return unit.record(asset, passed)


def refuse(unit: Unit, asset_id: str, ground: str) -> Asset:
    """In a review; once the publicity runs, only an upheld objection refuses."""
    asset = _under(unit, asset_id)
    if asset.state in ("PUBLICITY", "OBJECTION"):
        raise Guarded("the reviews are over", code="E_WINDOW")
    refused = AssetRegistrationRefused(
        reasons=(ground,), rule_ids=(), policy_digest=unit.policies.digest, by=unit.caller.person_id
    )
    return unit.record(asset, refused)


def start_publicity(unit: Unit, asset_id: str) -> Asset:
    """Ten working days, counted from the day after today, to the end of the last."""
    asset = _under(unit, asset_id)
    if any(not asset.evidence.keys() & set(EVIDENCE[right]) for right in asset.rights):
        raise Guarded("a right is claimed without its evidence", code="E_EVIDENCE")
    today = unit.calendar.today(unit.now)
    ends = unit.calendar.end_of(unit.calendar.after(today, PUBLICITY_WORKING_DAYS))
    return unit.record(asset, PublicityStarted(starts_on=today, publicity_ends_at=ends, by=unit.caller.person_id))


def object_to(unit: Unit, asset_id: str, claim_sha256: str) -> Asset:
    """Anyone who is identified may object while the publicity lasts; the clock stops. A machine has no claim."""
    if unit.caller.roles <= {Role.NODE}:
        raise Forbidden("a machine, or who is not admitted yet, does not object")
    asset = unit.get(Asset, asset_id)
    if asset.holder_id == unit.caller.participant_id:
        raise Guarded("nobody objects to its own claim", code="E_INDEPENDENCE")
    if asset.state in ("CERTIFIED", "FROZEN") or (asset.state == "PUBLICITY" and unit.now >= asset.publicity_ends_at):
        raise Guarded("the publicity has ended; what is left is a dispute about ownership", code="E_WINDOW")
    last_day = unit.calendar.today(asset.publicity_ends_at - 1)
    filed = ObjectionFiled(
        objector_id=unit.caller.participant_id,
        claim_sha256=claim_sha256,
        days_left=unit.calendar.between(unit.calendar.today(unit.now), last_day),
        by=unit.caller.person_id,
    )
    return unit.record(asset, filed)


def dismiss(unit: Unit, asset_id: str, reasons_sha256: str) -> Asset:
    """The clock runs again for the days that were left."""
    asset = _under(unit, asset_id)
    ends = unit.calendar.end_of(unit.calendar.after(unit.calendar.today(unit.now), asset.days_left))
    dismissed = ObjectionDismissed(reasons_sha256=reasons_sha256, publicity_ends_at=ends, by=unit.caller.person_id)
    return unit.record(asset, dismissed)


def uphold(unit: Unit, asset_id: str, reasons_sha256: str) -> Asset:
    upheld = ObjectionUpheld(reasons_sha256=reasons_sha256, by=unit.caller.person_id)
    return unit.record(_under(unit, asset_id), upheld)


def issue_certificate(unit: Unit, asset_id: str) -> Asset:
    """After the publicity, and valid for three years or until the underlying authorisation ends."""
    asset = _under(unit, asset_id)
    if asset.state == "OBJECTION":
        raise Guarded("an objection is open", code="E_OBJECTION_OPEN")
    if unit.now < asset.publicity_ends_at:
        raise Guarded("the publicity has not ended", code="E_WINDOW")
    today = unit.calendar.today(unit.now)
    last_day = min(_three_years_from(today), asset.authorised_until or date.max)
    if last_day < today:
        raise Guarded("the authorisation the data rests on has ended", code="E_EVIDENCE")
    issued = CertificateIssued(
        certificate_no=_handle("CE", today, asset.id),
        handle=_handle("DP" if "OPERATE" in asset.rights else "DR", today, asset.id),
        provisional=True,
        valid_to=last_day,
        by=unit.caller.person_id,
    )
    asset = unit.record(asset, issued)
    if not asset.late_claim_sha256:
        return asset
    return unit.record(asset, CertificateFrozen(order_sha256=asset.late_claim_sha256, by=unit.caller.person_id))


def freeze(unit: Unit, asset_id: str, order_sha256: str) -> Asset:
    unit.caller.require(Role.REGULATOR, Role.COMPLIANCE, Role.ARBITER)
    frozen = CertificateFrozen(order_sha256=order_sha256, by=unit.caller.person_id)
    return unit.record(unit.get(Asset, asset_id), frozen)


def unfreeze(unit: Unit, asset_id: str, order_sha256: str) -> Asset:
    unit.caller.require(Role.REGULATOR, Role.COMPLIANCE, Role.ARBITER)
    unfrozen = CertificateUnfrozen(order_sha256=order_sha256, by=unit.caller.person_id)
    return unit.record(unit.get(Asset, asset_id), unfrozen)


def freeze_disputed(unit: Unit, asset_id: str, dispute_sha256: str) -> bool:
    """A dispute about ownership freezes the certificate while it lasts, or as soon as there is one.

    Answers whether this one did.
    """
    asset = unit.get(Asset, asset_id)
    if asset.state == "PUBLICITY" and not asset.late_claim_sha256:
        unit.record(asset, OwnershipClaimNoted(dispute_sha256=dispute_sha256))
        return True
    if asset.state != "CERTIFIED":
        return False
    unit.record(asset, CertificateFrozen(order_sha256=dispute_sha256, by=unit.caller.person_id))
    return True


def unfreeze_disputed(unit: Unit, asset_id: str, dispute_sha256: str) -> bool:
    """The dispute has ended without a fault of the holder. What an authority froze is not its to lift."""
    asset = unit.get(Asset, asset_id)
    if asset.state == "PUBLICITY" and asset.late_claim_sha256 == dispute_sha256:
        unit.record(asset, OwnershipClaimEnded(dispute_sha256=dispute_sha256))
        return True
    if asset.state != "FROZEN" or asset.order_sha256 != dispute_sha256:
        return False
    unit.record(asset, CertificateUnfrozen(order_sha256=dispute_sha256, by=unit.caller.person_id))
    return True


def cancel(unit: Unit, asset_id: str, ground: str) -> Asset:
    """The holder gives its certificate back, or the registrar takes it; while it is frozen, neither does."""
    asset = unit.get(Asset, asset_id)
    if asset.state == "FROZEN":
        raise Guarded("the certificate is frozen", code="E_ASSET_STATE")
    if asset.holder_id != unit.caller.participant_id:
        unit.caller.require(Role.REGISTRAR)
    return unit.record(asset, CertificateCancelled(ground=ground, by=unit.caller.person_id))


def bar_core(unit: Unit, asset: Asset) -> Asset:
    """Rules changed and the asset now is national core data: out, from wherever it has come to."""
    if asset.state in ("CERTIFIED", "FROZEN"):
        return unit.record(asset, CertificateCancelled(ground=CORE_GROUND, by=unit.caller.person_id))
    barred = AssetRegistrationRefused(
        reasons=(CORE_GROUND,), rule_ids=("N01",), policy_digest=unit.policies.digest, by=unit.caller.person_id
    )
    return unit.record(asset, barred)


def expire(unit: Unit, asset_id: str) -> Asset:
    """For the timer. Until it comes, a certificate past its last day is as good as none: see `service.certified`."""
    asset = unit.get(Asset, asset_id)
    if asset.state != "CERTIFIED" or asset.valid_to is None or unit.calendar.today(unit.now) <= asset.valid_to:
        return asset
    return unit.record(asset, CertificateExpired())


def withdraw(unit: Unit, asset_id: str) -> Asset:
    asset = unit.get(Asset, asset_id)
    if asset.holder_id != unit.caller.participant_id:
        raise NotFound("no such asset")
    return unit.record(asset, RegistrationWithdrawn(by=unit.caller.person_id))


def _under(unit: Unit, asset_id: str) -> Asset:
    unit.caller.require(Role.REGISTRAR)
    return unit.get(Asset, asset_id)


def _handle(kind: str, day: date, asset_id: str) -> str:
    """`88.100.7/CE.20260317.…` (rulebook 4.11): the serial follows from the asset, so a retry makes no second one."""
    number, serial = int(hashlib.sha256(asset_id.encode()).hexdigest(), 16), ""
    for _ in range(8):
        number, place = divmod(number, len(_ALPHABET))
        serial += _ALPHABET[place]
    return f"{_PREFIX}/{kind}.{day:%Y%m%d}.{serial}"


def _three_years_from(day: date) -> date:
    """The last of three years' days; of a period that begins on 29 February, the last day of a shorter month."""
    year = day.year + VALID_YEARS
    if (day.month, day.day) == (2, 29):
        return date(year, 3, 1) - timedelta(days=1)
    return day.replace(year=year) - timedelta(days=1)
