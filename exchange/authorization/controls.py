"""Wider controls for one licence: asked for by the buyer, granted in one step by the provider's own key."""

from exchange.access import service as access
from exchange.authorization import approvals, views
from exchange.authorization.approval_model import Approval, Approver, Kind
from exchange.authorization.asks import ControlsAsk
from exchange.authorization.controls_model import (
    ControlsDeclined,
    ControlsGranted,
    ControlsRequest,
    ControlsRequested,
    ControlsRevoked,
)
from exchange.classification import service as classification
from exchange.kernel import ids
from exchange.kernel.caller import Role
from exchange.kernel.errors import Guarded, Malformed, NotFound
from exchange.kernel.unit import Unit
from exchange.licensing.model import Licence
from exchange.registration import service as registration
from exchange.registration.model import Asset
from exchange.wire.addenda import ControlsAddendum
from exchange.wire.envelope import BadEnvelope, Envelope
from exchange.wire.keys import PublicKey
from policies.disclosure import GRANTS_MAX, ControlsRefused, Grant, load_controls, needed, widened


def request(unit: Unit, ask: ControlsAsk) -> ControlsRequest:
    """Put before the provider what the buyer names, or what its refused query would need."""
    unit.caller.require(Role.BUYER)
    licence = unit.get(Licence, ask.licence_id)
    if licence.buyer_id != unit.caller.participant_id:
        raise NotFound("no such licence")
    if not licence.covers(unit.now_s):
        raise Guarded("the licence is not in force", code="E_LICENCE_STATE")
    asset = registration.certified(unit, licence.asset_id)
    held = standing(unit, licence)
    known = held.grants if held else ()
    grants = tuple(dict.fromkeys((*known, *_asked(unit, licence, asset, ask, known))))
    if grants == known:
        raise Guarded("no use of a column would help, or none is missing", code="E_CONTROLS")
    fact = ControlsRequested(
        licence_id=licence.id,
        licence_digest=licence.digest,
        asset_id=licence.asset_id,
        provider_id=licence.provider_id,
        buyer_id=licence.buyer_id,
        domain=licence.domain,
        controls_digest=licence.controls_digest,
        grants=_loadable(asset, grants),
        valid_to_s=licence.agreed_terms.valid_to_s,
        by=unit.caller.person_id,
    )
    asked = unit.record(ControlsRequest(id=ids.fresh("ctr")), fact, refs=(licence.head,))
    also = approvals.EACH_PROGRAM.get(classification.confirmed(unit, asset.id).approval_by, ())
    wanted = approvals.Wanted(
        kind=Kind.CONTROLS,
        about_id=asked.id,
        provider_id=licence.provider_id,
        requester_id=licence.buyer_id,
        licence_id=licence.id,
        program_sha256="",
        approvers=tuple(one for one in Approver if one is Approver.SUPPLIER or one in also),
    )
    approvals.request(unit, wanted, refs=(asked.head,))
    return asked


def checked(unit: Unit, approval: Approval, envelope: Envelope | None) -> None:
    """What the provider hands in must be this very addendum, signed by its domain and nobody else."""
    if envelope is None:
        return
    asked = unit.get(ControlsRequest, approval.about_id)
    try:
        key = PublicKey.parsed(access.node_of(unit, asked.domain).signing_key)
        signed = ControlsAddendum.opened(envelope, (key,))
    except BadEnvelope:
        raise Malformed("the addendum is not signed by the provider's domain", code="E_SIGNATURE") from None
    if signed != proposal(asked) or len(envelope.signatures) != 1:
        raise Guarded("what was signed is not what was asked for", code="E_SCOPE")


def conclude(unit: Unit, approval: Approval) -> ControlsRequest:
    asked = unit.get(ControlsRequest, approval.about_id)
    if approval.state == "GRANTED" and approval.envelope is not None:
        digest = approval.envelope.digest
        granted = ControlsGranted(envelope=approval.envelope, digest=digest, granted_at=unit.now)
        return unit.record(asked, granted, refs=(approval.head,))
    reason = approval.reason if approval.state == "DENIED" else "E_APPROVAL"
    return unit.record(asked, ControlsDeclined(reason=reason), refs=(approval.head,))


def revoke(unit: Unit, request_id: str) -> ControlsRequest:
    asked, caller = unit.get(ControlsRequest, request_id), unit.caller
    if caller.participant_id != asked.provider_id or caller.roles <= {Role.NODE}:
        raise NotFound("no such request")
    return unit.record(asked, ControlsRevoked(by=caller.person_id))


def shown(unit: Unit, request_id: str) -> ControlsRequest:
    asked, caller = unit.get(ControlsRequest, request_id), unit.caller
    party = caller.participant_id in (asked.buyer_id, asked.provider_id)
    if not party and not caller.roles.intersection(approvals.WATCHERS):
        raise NotFound("no such request")
    return asked


def standing(unit: Unit, licence: Licence) -> ControlsRequest | None:
    """The newest addendum that holds under a licence."""
    found = views.granted_controls(unit.connection, licence.id, unit.now_s)
    asked = unit.get(ControlsRequest, found) if found else None
    return asked if asked and asked.licence_digest == licence.digest else None


def proposal(asked: ControlsRequest) -> ControlsAddendum:
    """The act the provider's domain signs."""
    return ControlsAddendum(**{name: getattr(asked, name) for name in ControlsAddendum.model_fields})


def _asked(unit: Unit, licence: Licence, asset: Asset, ask: ControlsAsk, known: tuple[Grant, ...]) -> tuple[Grant, ...]:
    if ask.sql is None:
        return ask.grants
    grading = classification.confirmed(unit, asset.id)
    mode = "exact" if licence.budget is None and grading.open_sql == "exact" else "noise"
    floors = {"k_min": licence.k_min, "dominance_bp_max": licence.dominance_bp_max}
    return needed(ask.sql, {"tables": widened(asset.tables, known), "mode": mode, **floors})


def _loadable(asset: Asset, grants: tuple[Grant, ...]) -> tuple[Grant, ...]:
    try:
        load_controls({"tables": widened(asset.tables, grants)})
    except ControlsRefused:
        raise Guarded("a column that is not declared, or is the privacy unit", code="E_CONTROLS") from None
    if len(grants) > GRANTS_MAX:
        raise Guarded("more than one addendum holds", code="E_CONTROLS")
    return grants
