"""Submitting an asset for registration, where core and barred data stop; and what later slices ask about an asset."""

import hashlib
from collections.abc import Mapping
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
    CoreDataDetected,
)
from exchange.registration.views import core_before, refused_before
from exchange.wire.canonical import NotCanonical
from exchange.wire.controls import controls_digest
from policies.disclosure import ControlsRefused
from policies.engine import Decision, PolicyRefused, decide
from policies.grading import grade

PI_RISING = ("NONE", "PERSONAL", "SENSITIVE")


def submit(unit: Unit, ask: RegistrationAsk) -> Asset:
    """Submit the form. The engine grades it; national core data and what the negative list bars go no further."""
    unit.caller.require(Role.SUPPLIER, Role.DATA_MERCHANT, Role.PUBLIC_BODY)
    holder = access.active(unit, unit.caller.participant_id)
    if access.node_of(unit, ask.domain).participant_id != holder.id:
        raise NotFound("no such domain")
    asset, engine_grade = Asset(id=ids.fresh("ast")), _graded(unit, ask)
    decision = _barred(unit, ask, engine_grade)
    known_core = core_before(unit.connection, ask.fingerprint)
    if engine_grade == "CORE" or known_core:
        # Quarantined at once: of its title only a hash is ever written.
        name = hashlib.sha256(ask.title_zh.encode()).hexdigest()
        core = CoreDataDetected(
            holder_id=holder.id, fingerprint=ask.fingerprint, name_sha256=name, policy_digest=unit.policies.digest
        )
        asset = unit.record(asset, core, refs=(holder.head,))
    else:
        asset = unit.record(asset, _form(unit, ask, engine_grade), refs=(holder.head,))
    reasons = decision.reasons
    if not reasons and (known_core or refused_before(unit.connection, ask.fingerprint, asset.evidence_sha256)):
        reasons = ("E_REFUSED_BEFORE",)
    if reasons:
        unit.record(
            asset,
            AssetRegistrationRefused(
                reasons=reasons,
                rule_ids=decision.rule_ids if not decision.permitted else (),
                policy_digest=unit.policies.digest,
                by=unit.caller.person_id,
            ),
        )
        raise RecordedRefusal("the registration is refused", reasons=reasons, subject=asset.id)
    return asset


def certified(unit: Unit, asset_id: str) -> Asset:
    """The asset, with a certificate that holds today."""
    asset = unit.load(Asset, asset_id)
    if not is_certified(unit, asset):
        raise Guarded("the asset has no valid certificate", code="E_ASSET_STATE")
    return asset


def is_certified(unit: Unit, asset: Asset) -> bool:
    """Whether its certificate holds today, be the timer that ends it late or not."""
    expired = asset.valid_to is not None and unit.calendar.today(unit.now) > asset.valid_to
    return asset.state == "CERTIFIED" and not expired


def listable(unit: Unit, asset_id: str) -> Decision:
    """Whether the negative list in force lets the asset be listed."""
    return _on_the_list(unit, certified(unit, asset_id))


def barred(unit: Unit, asset: Asset) -> tuple[str, ...]:
    """Why the negative list in force bars it from the market. What it asks and the form never said bars it too."""
    try:
        return _on_the_list(unit, asset).reasons
    except PolicyRefused as refused:
        return (refused.code,)


def _on_the_list(unit: Unit, asset: Asset) -> Decision:
    facts = {**asset.attributes, "act": "LIST", "mode": "M6", "grade": asset.grade, "purpose": "NONE"}
    return decide(unit.policies, "negative_list", facts)


def delivered_about(unit: Unit, asset: Asset, about: Mapping[str, str | bool | int]) -> Decision:
    """What the negative list in force says of delivering the asset with regard to `about`, for instance one person."""
    facts = {**asset.attributes, "act": "DELIVER", "mode": "M6", "grade": asset.grade, "purpose": "NONE"}
    return decide(unit.policies, "negative_list", {**facts, **about})


def _graded(unit: Unit, ask: RegistrationAsk) -> str:
    try:
        return grade(unit.policies, ask.fields).grade
    except PolicyRefused as refused:
        raise Malformed("the impact vector has a word the rulebook does not know", code=refused.code) from None


def _barred(unit: Unit, ask: RegistrationAsk, engine_grade: str) -> Decision:
    facts = {**_attributes(ask), "act": "REGISTER", "mode": "NONE", "grade": engine_grade, "purpose": "NONE"}
    try:
        return decide(unit.policies, "negative_list", facts)
    except PolicyRefused as refused:
        raise Malformed("the attributes are not those the negative list asks for", code=refused.code) from None


def _form(unit: Unit, ask: RegistrationAsk, engine_grade: str) -> AssetRegistrationSubmitted:
    try:
        digest = controls_digest(ask.tables)
    except (ControlsRefused, NotCanonical):
        raise Malformed("the controls have a word nobody knows", code="E_CONTROLS") from None
    return AssetRegistrationSubmitted(
        **ask.model_dump(mode="json", exclude={"attributes", "authorised_until"}),
        attributes=_attributes(ask),
        authorised_until=ask.authorised_until,
        holder_id=unit.caller.participant_id,
        controls_digest=digest,
        grade=engine_grade,
        by=unit.caller.person_id,
    )


def _attributes(ask: RegistrationAsk) -> dict[str, Any]:
    """What the negative list asks, with what follows from the rest of the form: a form cannot say two things of it."""
    said = [ask.attributes.get("pi", "NONE"), *(field.pi for field in ask.fields)]
    known = all(one in PI_RISING for one in said)
    pi = max(said, key=lambda one: PI_RISING.index(str(one))) if known else said[0]
    return {**ask.attributes, "pi": pi, "operate_claimed": "OPERATE" in ask.rights}
