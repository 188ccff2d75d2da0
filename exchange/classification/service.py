"""Grading an asset: the holder claims, compliance reviews with the engine, a second person confirms."""

from exchange.access.service import OVERSEERS
from exchange.classification.model import (
    AssetSelfGraded,
    GradeConfirmed,
    GradeReviewed,
    Grading,
    ImportantDataReported,
    RegradeTriggered,
)
from exchange.kernel import ids
from exchange.kernel.caller import Role
from exchange.kernel.errors import Guarded, IllegalTransition, NotFound
from exchange.kernel.unit import Unit
from exchange.registration import register
from exchange.registration.model import Asset
from exchange.wire.licences import PrivacyBudget
from policies.engine import decide
from policies.grading import RISING, GradedField
from policies.grading import grade as graded

OUT = ("QUARANTINED", "REFUSED", "WITHDRAWN", "EXPIRED", "CANCELLED")


def self_grade(unit: Unit, asset_id: str, claimed: str) -> Grading:
    """The holder's own claim; it need not wait for the certificate."""
    unit.caller.require(Role.SUPPLIER, Role.DATA_MERCHANT, Role.PUBLIC_BODY)
    asset = unit.get(Asset, asset_id)
    if asset.holder_id != unit.caller.participant_id:
        raise NotFound("no such asset")
    if asset.state in OUT:
        raise Guarded("the asset is not, or no longer, in the register", code="E_ASSET_STATE")
    grading = unit.load(Grading, ids.derived("grd", asset_id))
    fact = AssetSelfGraded(asset_id=asset_id, claimed=claimed, by=unit.caller.person_id)
    return unit.record(grading, fact, refs=(asset.head,))


def review(unit: Unit, asset_id: str) -> Grading:
    """Compliance lets the engine grade again; the higher of claim and engine stands."""
    unit.caller.require(Role.COMPLIANCE)
    grading, asset = _grading(unit, asset_id), unit.get(Asset, asset_id)
    _second_person(unit, grading)
    found = graded(unit.policies, [GradedField.model_validate(field) for field in asset.fields])
    higher = max(found.grade, grading.claimed, key=RISING.index)
    rule_ids = sorted({rule for decision in found.decisions.values() for rule in decision.rule_ids})
    fact = GradeReviewed(
        grade=higher,
        raised=higher != grading.claimed,
        rule_ids=tuple(rule_ids),
        policy_digest=unit.policies.digest,
        by=unit.caller.person_id,
    )
    if higher == "CORE":
        register.bar_core(unit, asset)
    return unit.record(grading, fact)


def report(unit: Unit, asset_id: str, authority_ref_sha256: str) -> Grading:
    """Important data is entered in the authority's catalogue before it can be confirmed."""
    grading, asset = _grading(unit, asset_id), unit.get(Asset, asset_id)
    if asset.holder_id != unit.caller.participant_id:
        raise NotFound("no such asset")
    if grading.state == "REVIEWED" and grading.grade != "IMPORTANT":
        raise Guarded("only important data is reported", code="E_GRADE")
    fact = ImportantDataReported(authority_ref_sha256=authority_ref_sha256, by=unit.caller.person_id)
    return unit.record(grading, fact)


def confirm(unit: Unit, asset_id: str) -> Grading:
    """A second person confirms; important data is confirmed by the regulator alone, once it was reported."""
    grading = _grading(unit, asset_id)
    important = grading.grade == "IMPORTANT"
    unit.caller.require(Role.REGULATOR if important else Role.COMPLIANCE)
    if grading.state not in ("REVIEWED", "REPORTED"):
        raise IllegalTransition("only a reviewed grade is confirmed")
    if important and grading.state != "REPORTED":
        raise Guarded("important data is reported first", code="E_NOT_REPORTED")
    _second_person(unit, grading)
    controls = decide(unit.policies, "controls", {"grade": grading.grade})
    if not controls.permitted:
        raise Guarded("data of this grade is not traded", code=controls.reasons[0])
    outcome = controls.outcome
    fact = GradeConfirmed(
        grade=grading.grade,
        modes=_modes(outcome["modes"]),
        k_min=max(2, int(str(outcome["k_min"]))),
        dominance_bp_max=int(str(outcome["dominance_bp_max"])),
        open_sql=str(outcome["open_sql"]),
        approval_by=str(outcome["approval_by"]),
        policy_digest=unit.policies.digest,
        by=unit.caller.person_id,
    )
    return unit.record(grading, fact)


def trigger_regrade(unit: Unit, asset_id: str, trigger: str) -> Grading:
    unit.caller.require(Role.COMPLIANCE, Role.REGULATOR)
    return unit.record(_grading(unit, asset_id), RegradeTriggered(trigger=trigger, by=unit.caller.person_id))


def confirmed(unit: Unit, asset_id: str) -> Grading:
    """The grading, which must be confirmed."""
    grading = unit.load(Grading, ids.derived("grd", asset_id))
    if grading.state != "CONFIRMED":
        raise Guarded("the asset's grade is not confirmed", code="E_GRADE")
    return grading


def budget(unit: Unit, grading: Grading) -> PrivacyBudget | None:
    """What the rules in force let open queries of this grade cost in all; None where they are answered exactly."""
    if grading.open_sql == "exact":
        return None
    caps = decide(unit.policies, "controls", {"grade": grading.grade}).outcome
    return PrivacyBudget(
        query_cap_nrho=int(str(caps["query_cap_nrho"])),
        buyer_cap_nrho=int(str(caps["buyer_cap_nrho"])),
        version_cap_nrho=int(str(caps["version_cap_nrho"])),
    )


def grading_of(unit: Unit, asset_id: str) -> Grading:
    """The grading as far as it has come; NEW if nobody has begun."""
    return unit.load(Grading, ids.derived("grd", asset_id))


def of_asset(unit: Unit, asset_id: str) -> Grading:
    """The grading: for everybody once it is confirmed, before that for the holder and the market's overseers."""
    asset, grading = unit.get(Asset, asset_id), _grading(unit, asset_id)
    public = asset.state == "CERTIFIED" and grading.state == "CONFIRMED"
    entitled = asset.holder_id == unit.caller.participant_id or bool(unit.caller.roles.intersection(OVERSEERS))
    if not public and not entitled:
        raise NotFound("no such asset")
    return grading


def _grading(unit: Unit, asset_id: str) -> Grading:
    return unit.get(Grading, ids.derived("grd", asset_id))


def _second_person(unit: Unit, grading: Grading) -> None:
    if grading.by == unit.caller.person_id:
        raise Guarded("one person does not take two steps in a row", code="E_DUAL_CONTROL")


def _modes(value: object) -> tuple[str, ...]:
    return tuple(str(mode) for mode in value) if isinstance(value, list | tuple) else ()
