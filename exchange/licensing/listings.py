"""A listing once it was live: paused, suspended, back, and off the market. Never touches a licence."""

from exchange.access import service as access
from exchange.access.model import Participant
from exchange.classification import service as classification
from exchange.kernel.clock import SECOND
from exchange.kernel.entity import Event
from exchange.kernel.errors import Guarded
from exchange.kernel.unit import Unit
from exchange.licensing import authority
from exchange.licensing.model import (
    Listing,
    ListingDelisted,
    ListingPaused,
    ListingReinstated,
    ListingResumed,
    ListingSuspended,
)
from exchange.licensing.service import own_listing
from exchange.licensing.views import open_licences
from exchange.registration import service as registration
from exchange.registration.model import Asset

NOTICE_DAYS = 30


def pause(unit: Unit, listing_id: str) -> Listing:
    """No new licences; running ones go on. It also is the notice after which the listing may be taken down."""
    listing = own_listing(unit, listing_id)
    notice_ends_at = unit.now + NOTICE_DAYS * 86_400 * SECOND
    return unit.record(listing, ListingPaused(notice_ends_at=notice_ends_at, by=unit.caller.person_id))


def resume(unit: Unit, listing_id: str) -> Listing:
    listing = own_listing(unit, listing_id)
    access.active(unit, listing.provider_id)
    registration.certified(unit, listing.asset_id)
    return unit.record(listing, ListingResumed(by=unit.caller.person_id))


def suspend(unit: Unit, listing_id: str, ground: str) -> Listing:
    unit.caller.require(*authority.STOPPERS)
    listing, suspended_by = unit.get(Listing, listing_id), authority.of(unit.caller)
    return unit.record(listing, ListingSuspended(ground=ground, suspended_by=suspended_by, by=unit.caller.person_id))


def reinstate(unit: Unit, listing_id: str, report_sha256: str) -> Listing:
    """The ground is gone, and the listing was assessed again: all that let it go live holds now."""
    unit.caller.require(*authority.STOPPERS)
    listing = unit.get(Listing, listing_id)
    authority.require(unit.caller, listing.suspended_by)
    classification.confirmed(unit, listing.asset_id)
    decision = registration.listable(unit, listing.asset_id)
    if not decision.permitted:
        raise Guarded("the negative list bars it", code=decision.reasons[0])
    return unit.record(listing, ListingReinstated(report_sha256=report_sha256, by=unit.caller.person_id))


def delist(unit: Unit, listing_id: str, ground: str) -> Listing:
    """For good: by an authority at once; by the lister once no licence is open, or thirty days after a pause."""
    delisted = ListingDelisted(ground=ground, by=unit.caller.person_id)
    if unit.caller.roles.intersection(authority.STOPPERS):
        return unit.record(unit.get(Listing, listing_id), delisted)
    listing = own_listing(unit, listing_id)
    noticed = listing.state == "PAUSED" and unit.now >= listing.notice_ends_at
    if not noticed and open_licences(unit.connection, listing.id):
        raise Guarded("licences are open: pause it, and take it down thirty days later", code="E_NOTICE")
    return unit.record(listing, delisted)


def sanction(unit: Unit, listing_id: str, action: str, ground: str, suspended_by: str) -> bool:
    """For a sanction: rest it, or take it down, if it is not further gone already. Answers whether this did."""
    listing, by = unit.get(Listing, listing_id), unit.caller.person_id
    events: dict[str, Event] = {
        "PAUSED": ListingPaused(notice_ends_at=unit.now + NOTICE_DAYS * 86_400 * SECOND, by=by),
        "SUSPENDED": ListingSuspended(ground=ground, suspended_by=suspended_by, by=by),
        "DELISTED": ListingDelisted(ground=ground, by=by),
    }
    event = events[action]
    if (listing.state, type(event)) not in Listing.NEXT:
        return False
    unit.record(listing, event)
    return True


def suspend_uncertified(unit: Unit, listing_id: str) -> Listing:
    """For the timer: the asset's certificate is frozen, cancelled or has expired (rulebook 4.9)."""
    listing = unit.get(Listing, listing_id)
    asset = unit.get(Asset, listing.asset_id)
    if listing.state not in ("LIVE", "PAUSED") or asset.state == "CERTIFIED":
        return listing
    suspended = ListingSuspended(ground=f"CERTIFICATE_{asset.state}", suspended_by="", by=unit.caller.person_id)
    return unit.record(listing, suspended, refs=(asset.head,))


def suspend_barred(unit: Unit, listing_id: str) -> Listing:
    """For the timer: the negative list in force bars the asset (rulebook 4.9). The ground names the row."""
    listing = unit.get(Listing, listing_id)
    asset = unit.get(Asset, listing.asset_id)
    reasons = registration.barred(unit, asset)
    if listing.state not in ("LIVE", "PAUSED") or not reasons:
        return listing
    suspended = ListingSuspended(ground=reasons[0], suspended_by="", by=unit.caller.person_id)
    return unit.record(listing, suspended, refs=(asset.head,))


def follow_provider(unit: Unit, listing_id: str) -> Listing:
    """For the timer: a suspended provider's listings pause, a revoked one's leave the market (rulebook 3.1)."""
    listing = unit.get(Listing, listing_id)
    provider, by = unit.get(Participant, listing.provider_id), unit.caller.person_id
    if provider.state == "REVOKED" and listing.state in ("LIVE", "PAUSED", "SUSPENDED"):
        delisted = ListingDelisted(ground="PARTICIPANT_REVOKED", by=by)
        return unit.record(listing, delisted, refs=(provider.head,))
    if provider.state == "SUSPENDED" and listing.state == "LIVE":
        paused = ListingPaused(notice_ends_at=unit.now + NOTICE_DAYS * 86_400 * SECOND, by=by)
        return unit.record(listing, paused, refs=(provider.head,))
    return listing
