"""Listings and licences over HTTP."""

from typing import Self

from fastapi import Response
from pydantic import BaseModel
from sqlalchemy import or_, select
from sqlmodel import SQLModel

from exchange.access.service import OVERSEERS
from exchange.kernel.errors import NotFound
from exchange.kernel.http import OpenUnit, router
from exchange.kernel.pages import Cursor, Limit, of_row, page
from exchange.kernel.unit import Unit
from exchange.licensing import asks, bargaining, handover, service, stops
from exchange.licensing import listings as stalls
from exchange.licensing.asks import Assessment, GroundAsk, LicenceAsk, ListingAsk, ReportAsk, SignedAsk
from exchange.licensing.model import Licence, Listing
from exchange.licensing.views import LicenceRow, ListingRow
from exchange.registration.asks import AcceptanceAsk, TransferAsk
from exchange.registration.model import Asset
from exchange.wire.envelope import Envelope
from exchange.wire.licences import LicenceTerms, PrivacyBudget

listings = router("/v1/listings", "licensing")
handovers = router("/v1/assets", "licensing")
licences = router("/v1/licences", "licensing")


class ListingView(BaseModel):
    id: str
    state: str
    asset_id: str
    provider_id: str
    merchant_id: str
    domain: str
    sector: str
    title_zh: str
    title_en: str
    template: LicenceTerms | None

    @classmethod
    def of(cls, listing: Listing) -> Self:
        return cls.model_validate(listing, from_attributes=True)


class CertificateView(BaseModel):
    """Who holds a certificate, and who is to."""

    id: str
    state: str
    holder_id: str
    transferee_id: str
    domain: str
    certificate_no: str

    @classmethod
    def of(cls, asset: Asset) -> Self:
        return cls.model_validate(asset, from_attributes=True)


class LicenceBrief(BaseModel):
    id: str
    state: str
    listing_id: str
    asset_id: str
    provider_id: str
    buyer_id: str
    domain: str


class LicenceView(LicenceBrief):
    """A licence: all that both sides sign. `envelope` carries the signatures so far."""

    controls_digest: str
    recipient_kid: str
    k_min: int
    budget: PrivacyBudget | None
    dominance_bp_max: int
    digest: str
    terms: LicenceTerms
    envelope: Envelope | None

    @classmethod
    def of(cls, licence: Licence) -> Self:
        return cls.model_validate(licence, from_attributes=True)


@listings.post("", status_code=201)
def submit_listing(ask: ListingAsk, unit: OpenUnit) -> ListingView:
    return ListingView.of(service.submit_listing(unit, ask))


@listings.get("")
def list_listings(unit: OpenUnit, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """Every live listing: the market."""
    table = SQLModel.metadata.tables["listing"]
    query = select(table).where(table.c.state == "LIVE")
    return page(unit.connection, query, ListingRow, path="/v1/listings", limit=limit, cursor=cursor, view=_listing_of)


@listings.get("/{listing_id}")
def get_listing(listing_id: str, unit: OpenUnit) -> ListingView:
    listing = unit.get(Listing, listing_id)
    parties = (listing.provider_id, listing.merchant_id)
    if listing.state != "LIVE" and unit.caller.participant_id not in parties and not _oversees(unit):
        raise NotFound("no such listing")
    return ListingView.of(listing)


@listings.post("/{listing_id}:assess")
def assess(listing_id: str, ask: Assessment, unit: OpenUnit) -> ListingView:
    return ListingView.of(service.assess(unit, listing_id, ask))


@listings.post("/{listing_id}:publish")
def publish(listing_id: str, unit: OpenUnit) -> ListingView:
    return ListingView.of(service.publish(unit, listing_id))


@listings.post("/{listing_id}:suspend")
def suspend_listing(listing_id: str, ask: GroundAsk, unit: OpenUnit) -> ListingView:
    return ListingView.of(stalls.suspend(unit, listing_id, ask.ground))


@listings.post("/{listing_id}:pause")
def pause(listing_id: str, unit: OpenUnit) -> ListingView:
    """No new licences; running ones go on. Thirty days later it may be taken down."""
    return ListingView.of(stalls.pause(unit, listing_id))


@listings.post("/{listing_id}:resume")
def resume_listing(listing_id: str, unit: OpenUnit) -> ListingView:
    return ListingView.of(stalls.resume(unit, listing_id))


@listings.post("/{listing_id}:reinstate")
def reinstate(listing_id: str, ask: ReportAsk, unit: OpenUnit) -> ListingView:
    """After a suspension, once its ground is gone and it was assessed again."""
    return ListingView.of(stalls.reinstate(unit, listing_id, ask.report_sha256))


@listings.post("/{listing_id}:delist")
def delist(listing_id: str, ask: GroundAsk, unit: OpenUnit) -> ListingView:
    return ListingView.of(stalls.delist(unit, listing_id, ask.ground))


@licences.post("", status_code=201)
def request_licence(ask: LicenceAsk, unit: OpenUnit) -> LicenceView:
    return LicenceView.of(service.request_licence(unit, ask.listing_id, ask.terms))


@licences.get("")
def list_licences(unit: OpenUnit, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """The caller's own licences, as provider or as buyer."""
    table = SQLModel.metadata.tables["licence"]
    own = unit.caller.participant_id
    query = select(table).where(or_(table.c.provider_id == own, table.c.buyer_id == own))
    return page(
        unit.connection, query, LicenceRow, path="/v1/licences", limit=limit, cursor=cursor, view=of_row(LicenceBrief)
    )


@licences.get("/{licence_id}")
def get_licence(licence_id: str, unit: OpenUnit) -> LicenceView:
    licence = unit.get(Licence, licence_id)
    if unit.caller.participant_id not in (licence.provider_id, licence.buyer_id) and not _oversees(unit):
        raise NotFound("no such licence")
    return LicenceView.of(licence)


@licences.post("/{licence_id}:offer")
def offer(licence_id: str, ask: SignedAsk, unit: OpenUnit) -> LicenceView:
    return LicenceView.of(service.offer(unit, licence_id, ask.envelope))


@licences.post("/{licence_id}:refuse")
def refuse(licence_id: str, ask: GroundAsk, unit: OpenUnit) -> LicenceView:
    return LicenceView.of(stops.refuse(unit, licence_id, ask.ground))


@licences.post("/{licence_id}:agree")
def agree(licence_id: str, ask: SignedAsk, unit: OpenUnit) -> LicenceView:
    return LicenceView.of(service.agree(unit, licence_id, ask.envelope))


@licences.post("/{licence_id}:suspend")
def suspend(licence_id: str, ask: GroundAsk, unit: OpenUnit) -> LicenceView:
    return LicenceView.of(stops.suspend(unit, licence_id, ask.ground))


@licences.post("/{licence_id}:resume")
def resume(licence_id: str, unit: OpenUnit) -> LicenceView:
    return LicenceView.of(stops.resume(unit, licence_id))


@licences.post("/{licence_id}:revoke")
def revoke(licence_id: str, ask: GroundAsk, unit: OpenUnit) -> LicenceView:
    return LicenceView.of(stops.revoke(unit, licence_id, ask.ground))


@licences.post("/{licence_id}:counter")
def counter(licence_id: str, ask: asks.TermsAsk, unit: OpenUnit) -> LicenceView:
    """Put other terms to the other side; the provider's domain signs anew."""
    return LicenceView.of(bargaining.counter(unit, licence_id, ask.terms))


@licences.post("/{licence_id}:attest-deletion")
def attest_deletion(licence_id: str, ask: asks.AttestationAsk, unit: OpenUnit) -> LicenceView:
    """After its end, within ten working days (the buyer)."""
    return LicenceView.of(stops.attest_deletion(unit, licence_id, ask.attestation_sha256))


@licences.post("/{licence_id}:terminate")
def terminate(licence_id: str, unit: OpenUnit) -> LicenceView:
    """End it by agreement: the first party to ask proposes, the other concludes."""
    return LicenceView.of(stops.terminate(unit, licence_id))


@handovers.post("/{asset_id}:transfer")
def propose_transfer(asset_id: str, ask: TransferAsk, unit: OpenUnit) -> CertificateView:
    """Want another participant to hold the certificate (its holder)."""
    return CertificateView.of(handover.propose(unit, asset_id, ask))


@handovers.post("/{asset_id}:accept-transfer")
def accept_transfer(asset_id: str, ask: AcceptanceAsk, unit: OpenUnit) -> CertificateView:
    """Agree to hold it from now on (the other)."""
    return CertificateView.of(handover.accept(unit, asset_id, ask))


def _oversees(unit: Unit) -> bool:
    """Whoever may stop a thing may look at it."""
    return bool(unit.caller.roles.intersection(OVERSEERS))


def _listing_of(row: dict[str, str]) -> ListingView:
    fields = dict(row)
    return ListingView(**{**fields, "template": LicenceTerms.model_validate_json(fields["template"])})
