"""Registering an asset: form, two reviews, publicity, certificate. Core and barred data stop at the first step."""

import hashlib
from datetime import date, timedelta
from typing import Any

from exchange.access import service as access
from exchange.kernel import ids
from exchange.kernel.caller import Role
from exchange.kernel.errors import Guarded, Malformed, NotFound, RecordedRefusal
from exchange.kernel.unit import Unit
from exchange.registration.asks import RegistrationAsk
from exchange.registration.model import (
    Asset,
    AssetRegistrationRefused,
    AssetRegistrationSubmitted,
    CertificateFrozen,
    CertificateIssued,
    CertificateUnfrozen,
    CoreDataDetected,
    FormalReviewPassed,
    ObjectionDismissed,
    ObjectionFiled,
    ObjectionUpheld,
    PublicityStarted,
    RegistrationAccepted,
    RegistrationWithdrawn,
)
from exchange.registration.views import refused_before
from exchange.wire.controls import controls_digest
from policies.disclosure import ControlsRefused
from policies.engine import Decision, PolicyRefused, decide
from policies.grading import grade

PUBLICITY_WORKING_DAYS = 10
VALID_YEARS = 3


def submit(unit: Unit, ask: RegistrationAsk) -> Asset:
    """Submit the form. The engine grades it; national core data and what the negative list bars go no further."""
    unit.caller.require(Role.SUPPLIER, Role.DATA_MERCHANT, Role.PUBLIC_BODY)
    holder = access.active(unit, unit.caller.participant_id)
    if access.node_of(unit, ask.domain).participant_id != holder.id:
        raise NotFound("no such domain")
    asset = Asset(id=ids.fresh("ast"))
    engine_grade = _graded(unit, ask)
    if engine_grade == "CORE":
        name = hashlib.sha256(ask.title_zh.encode()).hexdigest()
        core = CoreDataDetected(
            holder_id=holder.id, fingerprint=ask.fingerprint, name_sha256=name, policy_digest=unit.policies.digest
        )
        asset = unit.record(asset, core, refs=(holder.head,))
    else:
        asset = unit.record(asset, _form(unit, ask, engine_grade), refs=(holder.head,))
    decision = _barred(unit, ask, engine_grade)
    reasons = decision.reasons if not decision.permitted else ()
    if not reasons and refused_before(unit.connection, ask.fingerprint):
        reasons = ("E_REFUSED_BEFORE",)
    if reasons:
        _refuse(unit, asset, reasons, decision.rule_ids)
        raise RecordedRefusal("the registration is refused", reasons=reasons, subject=asset.id)
    return asset


def accept(unit: Unit, asset_id: str) -> Asset:
    return unit.record(_under(unit, asset_id), RegistrationAccepted(by=unit.caller.person_id))


def pass_formal_review(unit: Unit, asset_id: str) -> Asset:
    return unit.record(_under(unit, asset_id), FormalReviewPassed(by=unit.caller.person_id))


def refuse(unit: Unit, asset_id: str, ground: str) -> Asset:
    return _refuse(unit, _under(unit, asset_id), (ground,), ())


def start_publicity(unit: Unit, asset_id: str) -> Asset:
    """Ten working days, counted from the day after today, to the end of the last."""
    today = unit.calendar.today(unit.now)
    ends = unit.calendar.end_of(unit.calendar.after(today, PUBLICITY_WORKING_DAYS))
    started = PublicityStarted(starts_on=today, publicity_ends_at=ends, by=unit.caller.person_id)
    return unit.record(_under(unit, asset_id), started)


def object_to(unit: Unit, asset_id: str, claim_sha256: str) -> Asset:
    """Anyone identified may object while the publicity lasts; the clock stops."""
    asset = unit.get(Asset, asset_id)
    if asset.state == "PUBLICITY" and unit.now >= asset.publicity_ends_at:
        raise Guarded("the publicity has ended", code="E_WINDOW")
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
    serial = hashlib.sha256(asset.id.encode()).hexdigest()[:8].upper()
    issued = CertificateIssued(
        certificate_no=f"CE-{today:%Y%m%d}-{serial}",
        handle=f"88.100.7/DR.{today:%Y%m%d}.{serial}",
        provisional=True,
        valid_to=min(_years_on(today), asset.authorised_until or date.max),
        by=unit.caller.person_id,
    )
    return unit.record(asset, issued)


def freeze(unit: Unit, asset_id: str, order_sha256: str) -> Asset:
    unit.caller.require(Role.REGULATOR, Role.COMPLIANCE)
    return unit.record(
        unit.get(Asset, asset_id), CertificateFrozen(order_sha256=order_sha256, by=unit.caller.person_id)
    )


def unfreeze(unit: Unit, asset_id: str, order_sha256: str) -> Asset:
    unit.caller.require(Role.REGULATOR, Role.COMPLIANCE)
    unfrozen = CertificateUnfrozen(order_sha256=order_sha256, by=unit.caller.person_id)
    return unit.record(unit.get(Asset, asset_id), unfrozen)


def withdraw(unit: Unit, asset_id: str) -> Asset:
    asset = unit.get(Asset, asset_id)
    if asset.holder_id != unit.caller.participant_id:
        raise NotFound("no such asset")
    return unit.record(asset, RegistrationWithdrawn(by=unit.caller.person_id))


def certified(unit: Unit, asset_id: str) -> Asset:
    """The asset, with a certificate that holds today."""
    asset = unit.load(Asset, asset_id)
    expired = asset.valid_to is not None and unit.calendar.today(unit.now) > asset.valid_to
    if asset.state != "CERTIFIED" or expired:
        raise Guarded("the asset has no valid certificate", code="E_ASSET_STATE")
    return asset


def listable(unit: Unit, asset_id: str) -> Decision:
    """Whether the negative list in force lets the asset be listed."""
    asset = certified(unit, asset_id)
    facts = {**asset.attributes, "act": "LIST", "mode": "M6", "grade": asset.grade, "purpose": "NONE"}
    return decide(unit.policies, "negative_list", facts)


def _under(unit: Unit, asset_id: str) -> Asset:
    unit.caller.require(Role.REGISTRAR)
    return unit.get(Asset, asset_id)


def _graded(unit: Unit, ask: RegistrationAsk) -> str:
    try:
        return grade(unit.policies, ask.fields).grade
    except PolicyRefused as refused:
        raise Malformed("the impact vector has a word the rulebook does not know", code=refused.code) from None


def _barred(unit: Unit, ask: RegistrationAsk, engine_grade: str) -> Decision:
    facts: dict[str, Any] = {
        **ask.attributes, "act": "REGISTER", "mode": "NONE", "grade": engine_grade, "purpose": "NONE"
    }  # fmt: skip
    facts["operate_claimed"] = "OPERATE" in ask.rights
    try:
        return decide(unit.policies, "negative_list", facts)
    except PolicyRefused as refused:
        raise Malformed("the attributes are not those the negative list asks for", code=refused.code) from None


def _form(unit: Unit, ask: RegistrationAsk, engine_grade: str) -> AssetRegistrationSubmitted:
    try:
        digest = controls_digest(ask.tables)
    except ControlsRefused:
        raise Malformed("the controls have a word nobody knows", code="E_CONTROLS") from None
    attributes = {**ask.attributes, "operate_claimed": "OPERATE" in ask.rights}
    return AssetRegistrationSubmitted(
        **ask.model_dump(mode="json", exclude={"attributes", "authorised_until"}),
        attributes=attributes,
        authorised_until=ask.authorised_until,
        holder_id=unit.caller.participant_id,
        controls_digest=digest,
        grade=engine_grade,
        by=unit.caller.person_id,
    )


def _refuse(unit: Unit, asset: Asset, reasons: tuple[str, ...], rule_ids: tuple[str, ...]) -> Asset:
    refused = AssetRegistrationRefused(
        reasons=reasons, rule_ids=rule_ids, policy_digest=unit.policies.digest, by=unit.caller.person_id
    )
    return unit.record(asset, refused)


def _years_on(day: date) -> date:
    """The last day of three years that begin on `day`: the day before its third return."""
    third = date(day.year + VALID_YEARS, day.month, min(day.day, 28) if day.month == 2 else day.day)
    return third - timedelta(days=1)
