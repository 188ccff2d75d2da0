"""Listing an asset and agreeing on a licence, step by step. Nothing here signs: the parties' keys are theirs."""

from exchange.access import service as access
from exchange.classification import service as classification
from exchange.kernel import ids
from exchange.kernel.caller import Role
from exchange.kernel.errors import Guarded, Malformed, NotFound
from exchange.kernel.unit import Unit
from exchange.licensing.asks import Assessment, ListingAsk
from exchange.licensing.model import (
    ComplianceFailed,
    CompliancePassed,
    Licence,
    LicenceActivated,
    LicenceAgreed,
    LicenceOffered,
    LicenceRefused,
    LicenceRequested,
    LicenceResumed,
    LicenceRevoked,
    LicenceSuspended,
    Listing,
    ListingPublished,
    ListingSubmitted,
    ListingSuspended,
)
from exchange.registration import service as registration
from exchange.wire import licences as wire
from exchange.wire.envelope import BadEnvelope, Envelope
from exchange.wire.keys import PublicKey


def submit_listing(unit: Unit, ask: ListingAsk) -> Listing:
    """Put a certified, graded asset up for assessment, with the template every licence must stay within."""
    unit.caller.require(Role.SUPPLIER, Role.DATA_MERCHANT)
    asset = registration.certified(unit, ask.asset_id)
    if unit.caller.participant_id not in (asset.holder_id, ask.merchant_id):
        raise NotFound("no such asset")
    access.active(unit, asset.holder_id)
    access.active(unit, ask.merchant_id)
    grading = classification.confirmed(unit, asset.id)
    if not {mode.value for mode in ask.template.modes} <= set(grading.modes):
        raise Guarded("the grade does not allow one of these modes", code="E_MODE")
    listing = Listing(id=ids.fresh("lst"))
    return unit.record(
        listing,
        ListingSubmitted(
            asset_id=asset.id,
            domain=asset.domain,
            provider_id=asset.holder_id,
            merchant_id=ask.merchant_id,
            title_zh=asset.title_zh,
            title_en=asset.title_en,
            sector=asset.sector,
            template=ask.template,
            quality_report_sha256=ask.quality_report_sha256,
            by=unit.caller.person_id,
        ),
        refs=(asset.head, grading.head),
    )


def assess(unit: Unit, listing_id: str, ask: Assessment) -> Listing:
    """The compliance assessment before a listing goes live: no assessment, no listing."""
    unit.caller.require(Role.COMPLIANCE)
    listing = unit.get(Listing, listing_id)
    common = {"report_sha256": ask.report_sha256, "assessor_id": ask.assessor_id, "by": unit.caller.person_id}
    if not ask.passed:
        return unit.record(listing, ComplianceFailed(**common, reasons=ask.reasons))
    decision = registration.listable(unit, listing.asset_id)
    if not decision.permitted:
        return unit.record(listing, ComplianceFailed(**common, reasons=decision.reasons))
    return unit.record(listing, CompliancePassed(**common, rule_ids=decision.rule_ids))


def publish(unit: Unit, listing_id: str) -> Listing:
    """Go live. Only what is certified, graded, assessed, priced and licensed gets here (INV-3)."""
    listing = _own_listing(unit, listing_id)
    registration.certified(unit, listing.asset_id)
    classification.confirmed(unit, listing.asset_id)
    return unit.record(listing, ListingPublished(by=unit.caller.person_id))


def suspend_listing(unit: Unit, listing_id: str, ground: str) -> Listing:
    unit.caller.require(Role.COMPLIANCE, Role.REGULATOR)
    listing = unit.get(Listing, listing_id)
    return unit.record(listing, ListingSuspended(ground=ground, by=unit.caller.person_id))


def request_licence(unit: Unit, listing_id: str, terms: wire.LicenceTerms) -> Licence:
    """A buyer asks for terms within the template of a live listing."""
    unit.caller.require(Role.BUYER)
    access.active(unit, unit.caller.participant_id)
    listing = unit.get(Listing, listing_id)
    if listing.state != "LIVE" or listing.template is None:
        raise Guarded("the listing is not live", code="E_ASSET_STATE")
    if not terms.within(listing.template):
        raise Guarded("the terms go beyond the listing's template", code="E_SCOPE")
    asset = registration.certified(unit, listing.asset_id)
    return unit.record(
        Licence(id=ids.fresh("lic")),
        LicenceRequested(
            listing_id=listing.id,
            asset_id=listing.asset_id,
            provider_id=listing.provider_id,
            merchant_id=listing.merchant_id,
            buyer_id=unit.caller.participant_id,
            domain=listing.domain,
            controls_digest=asset.controls_digest,
            terms=terms,
            by=unit.caller.person_id,
        ),
        refs=(listing.head,),
    )


def offer(unit: Unit, licence_id: str, envelope: Envelope) -> Licence:
    """The provider's domain hands in the licence it signed. What it signed must be exactly what was asked for."""
    unit.caller.require(Role.SUPPLIER, Role.NODE)
    licence = unit.get(Licence, licence_id)
    if licence.provider_id != unit.caller.participant_id:
        raise NotFound("no such licence")
    _opened(envelope, licence, (_domain_key(unit, licence.domain),))
    return unit.record(licence, LicenceOffered(envelope=envelope, by=unit.caller.person_id))


def refuse(unit: Unit, licence_id: str, reason: str) -> Licence:
    licence = _party_licence(unit, licence_id)
    return unit.record(licence, LicenceRefused(reason=reason, by=unit.caller.person_id))


def agree(unit: Unit, licence_id: str, envelope: Envelope) -> Licence:
    """The buyer hands in the same bytes with its own signature beside the provider's; the licence is then in force."""
    unit.caller.require(Role.BUYER)
    licence = unit.get(Licence, licence_id)
    if licence.buyer_id != unit.caller.participant_id:
        raise NotFound("no such licence")
    buyer = access.active(unit, licence.buyer_id)
    _opened(envelope, licence, (_domain_key(unit, licence.domain), PublicKey.parsed(buyer.signing_key)))
    listing = unit.get(Listing, licence.listing_id)
    if listing.state != "LIVE":
        raise Guarded("the listing is not live", code="E_ASSET_STATE")
    return unit.record(
        licence,
        LicenceAgreed(envelope=envelope, digest=envelope.digest, by=unit.caller.person_id),
        LicenceActivated(policy_digest=unit.policies.digest),
        refs=(listing.head,),
    )


def suspend(unit: Unit, licence_id: str, ground: str) -> Licence:
    licence = _stoppable_licence(unit, licence_id)
    return unit.record(licence, LicenceSuspended(ground=ground, by=unit.caller.person_id))


def resume(unit: Unit, licence_id: str) -> Licence:
    licence = _stoppable_licence(unit, licence_id)
    return unit.record(licence, LicenceResumed(by=unit.caller.person_id))


def revoke(unit: Unit, licence_id: str, ground: str) -> Licence:
    """Bind every new ticket at once. Whose fault it is decides the refund rule (rulebook 4.8)."""
    licence = _stoppable_licence(unit, licence_id)
    by_provider = licence.provider_id == unit.caller.participant_id
    return unit.record(
        licence,
        LicenceRevoked(
            ground=ground,
            fault="supplier" if by_provider else "none",
            refund_rule="R8" if by_provider else "R10",
            by=unit.caller.person_id,
        ),
    )


def proposal(licence: Licence) -> wire.Licence:
    """The act both sides sign."""
    return wire.Licence(
        id=licence.id,
        listing_id=licence.listing_id,
        asset_id=licence.asset_id,
        provider_id=licence.provider_id,
        buyer_id=licence.buyer_id,
        domain=licence.domain,
        controls_digest=licence.controls_digest,
        terms=licence.agreed_terms,
    )


def _opened(envelope: Envelope, licence: Licence, signers: tuple[PublicKey, ...]) -> None:
    try:
        signed = wire.Licence.opened(envelope, signers)
    except BadEnvelope:
        raise Malformed("the licence is not signed by those who must", code="E_SIGNATURE") from None
    if len(envelope.signatures) != len(signers):
        # It travels with every ticket: whoever could add to it could make tickets too long for any queue.
        raise Malformed("the licence is signed by somebody else too", code="E_SIGNATURE")
    if signed != proposal(licence):
        raise Guarded("what was signed is not what was asked for", code="E_SCOPE")


def _domain_key(unit: Unit, domain: str) -> PublicKey:
    return PublicKey.parsed(access.node_of(unit, domain).signing_key)


def _own_listing(unit: Unit, listing_id: str) -> Listing:
    unit.caller.require(Role.SUPPLIER, Role.DATA_MERCHANT)
    listing = unit.get(Listing, listing_id)
    if unit.caller.participant_id not in (listing.provider_id, listing.merchant_id):
        raise NotFound("no such listing")
    return listing


def _party_licence(unit: Unit, licence_id: str) -> Licence:
    licence = unit.get(Licence, licence_id)
    if unit.caller.participant_id not in (licence.provider_id, licence.buyer_id):
        raise NotFound("no such licence")
    return licence


def _stoppable_licence(unit: Unit, licence_id: str) -> Licence:
    """A licence its provider, or the exchange's overseers, may stop."""
    licence = unit.get(Licence, licence_id)
    if licence.provider_id != unit.caller.participant_id:
        unit.caller.require(Role.COMPLIANCE, Role.REGULATOR)
    return licence
