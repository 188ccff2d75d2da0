"""Listing an asset and agreeing on a licence, step by step. Nothing here signs: the parties' keys are theirs."""

from exchange.access import service as access
from exchange.access.model import Participant
from exchange.classification import service as classification
from exchange.kernel import ids
from exchange.kernel.caller import Role
from exchange.kernel.errors import Forbidden, Guarded, Malformed, NotFound
from exchange.kernel.unit import Unit
from exchange.licensing import bargaining, views
from exchange.licensing.asks import Assessment, ListingAsk
from exchange.licensing.model import (
    ComplianceFailed,
    CompliancePassed,
    Licence,
    LicenceActivated,
    LicenceAgreed,
    LicenceOffered,
    LicenceRequested,
    Listing,
    ListingPublished,
    ListingSubmitted,
)
from exchange.registration import service as registration
from exchange.wire import licences as wire
from exchange.wire.envelope import BadEnvelope, Envelope
from exchange.wire.keys import PublicKey
from exchange.wire.sealing import RecipientKey
from policies import prices, splits


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
    price = prices.asked(
        unit.policies, model=ask.template.price.model, public_status=asset.attributes.get("public_status")
    )
    if not price.permitted:
        raise Guarded("data like this is not sold at such a price", code=price.reasons[0])
    split = splits.asked(unit.policies, ask.template.split_template, asset.attributes)
    if not split.permitted:
        raise Guarded("data like this is not split so", code=split.reasons[0])
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
    assessor, provider = (unit.load(Participant, one) for one in (ask.assessor_id, listing.provider_id))
    if assessor.group == provider.group:
        raise Guarded("nobody assesses its own group", code="E_INDEPENDENCE")
    common = {"report_sha256": ask.report_sha256, "assessor_id": ask.assessor_id, "by": unit.caller.person_id}
    if not ask.passed:
        return unit.record(listing, ComplianceFailed(**common, reasons=ask.reasons))
    decision = registration.listable(unit, listing.asset_id)
    if not decision.permitted:
        return unit.record(listing, ComplianceFailed(**common, reasons=decision.reasons))
    return unit.record(listing, CompliancePassed(**common, rule_ids=decision.rule_ids))


def publish(unit: Unit, listing_id: str) -> Listing:
    """Go live. Only what is certified, graded, assessed, priced and licensed gets here (INV-3).

    A merchant may prepare a listing of anybody's asset; whoever holds the data lets it go live, and so agrees.
    """
    listing = own_listing(unit, listing_id)
    if unit.caller.participant_id != listing.provider_id:
        raise Forbidden("whoever holds the data lets it go live")
    access.active(unit, listing.provider_id)
    registration.certified(unit, listing.asset_id)
    classification.confirmed(unit, listing.asset_id)
    return unit.record(listing, ListingPublished(by=unit.caller.person_id))


def request_licence(unit: Unit, listing_id: str, terms: wire.LicenceTerms) -> Licence:
    """A buyer asks for terms within the template of a live listing."""
    unit.caller.require(Role.BUYER)
    buyer = access.active(unit, unit.caller.participant_id)
    listing = unit.get(Listing, listing_id)
    if listing.state != "LIVE" or listing.template is None:
        raise Guarded("the listing is not live", code="E_ASSET_STATE")
    if not terms.within(listing.template):
        raise Guarded("the terms go beyond the listing's template", code="E_SCOPE")
    asset = registration.certified(unit, listing.asset_id)
    bargaining.within_certificate(unit, asset, terms)
    grading = classification.confirmed(unit, asset.id)
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
            recipient_kid=RecipientKey.parsed(buyer.recipient_key).kid,
            k_min=grading.k_min,
            budget=classification.budget(unit, grading),
            dominance_bp_max=grading.dominance_bp_max,
            terms=terms,
            answer_due_at=bargaining.answer_due_at(unit),
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
    access.active(unit, licence.provider_id)
    bargaining.within_certificate(unit, registration.certified(unit, licence.asset_id), licence.agreed_terms)
    _opened(envelope, licence, (_domain_key(unit, licence.domain),))
    bargaining.in_time(unit, licence)
    offered = LicenceOffered(envelope=envelope, answer_due_at=bargaining.answer_due_at(unit), by=unit.caller.person_id)
    return unit.record(licence, offered)


def agree(unit: Unit, licence_id: str, envelope: Envelope) -> Licence:
    """The buyer hands in the same bytes with its own signature beside the provider's; the licence is then in force."""
    unit.caller.require(Role.BUYER)
    licence = unit.get(Licence, licence_id)
    if licence.buyer_id != unit.caller.participant_id:
        raise NotFound("no such licence")
    buyer = access.active(unit, licence.buyer_id)
    _opened(envelope, licence, (_domain_key(unit, licence.domain), PublicKey.parsed(buyer.signing_key)))
    bargaining.in_time(unit, licence)
    listing = unit.get(Listing, licence.listing_id)
    if listing.state != "LIVE":
        raise Guarded("the listing is not live", code="E_ASSET_STATE")
    return unit.record(
        licence,
        LicenceAgreed(envelope=envelope, digest=envelope.digest, by=unit.caller.person_id),
        LicenceActivated(policy_digest=unit.policies.digest),
        refs=(listing.head,),
    )


def held_still(unit: Unit, licence_id: str) -> Licence:
    """The licence as it will be until this unit ends: neither its end nor another of its orders comes in between."""
    views.lock(unit.connection, licence_id)
    return unit.get(Licence, licence_id)


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
        recipient_kid=licence.recipient_kid,
        k_min=licence.k_min,
        budget=licence.budget,
        dominance_bp_max=licence.dominance_bp_max,
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


def own_listing(unit: Unit, listing_id: str) -> Listing:
    unit.caller.require(Role.SUPPLIER, Role.DATA_MERCHANT)
    listing = unit.get(Listing, listing_id)
    if unit.caller.participant_id not in (listing.provider_id, listing.merchant_id):
        raise NotFound("no such listing")
    return listing
