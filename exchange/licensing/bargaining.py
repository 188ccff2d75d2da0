"""What terms may be put to the other side, until when it may answer, and putting other terms instead. Signs nothing."""

from exchange.kernel.clock import SECOND
from exchange.kernel.errors import Guarded
from exchange.kernel.unit import Unit
from exchange.licensing import stops
from exchange.licensing.model import Licence, LicenceCountered, Listing
from exchange.registration import service as registration
from exchange.registration.model import Asset
from exchange.wire.licences import LicenceTerms

ANSWER_WORKING_DAYS, ROUNDS_MAX = 10, 10
"""For each side to answer the other: the provider a request, the buyer an offer."""


def counter(unit: Unit, licence_id: str, terms: LicenceTerms) -> Licence:
    """Either side puts other terms within the template to the other; what was signed before is no offer any more."""
    licence = stops.party_licence(unit, licence_id)
    in_time(unit, licence)
    listing = unit.get(Listing, licence.listing_id)
    if listing.state != "LIVE" or listing.template is None:
        raise Guarded("the listing is not live", code="E_ASSET_STATE")
    if not terms.within(listing.template):
        raise Guarded("the terms go beyond the listing's template", code="E_SCOPE")
    within_certificate(unit, registration.certified(unit, licence.asset_id), terms)
    if licence.rounds >= ROUNDS_MAX:
        raise Guarded("other terms were put often enough", code="E_ROUNDS")
    countered = LicenceCountered(
        terms=terms,
        countered_by=unit.caller.participant_id,
        answer_due_at=answer_due_at(unit),
        by=unit.caller.person_id,
    )
    return unit.record(licence, countered, refs=(listing.head,))


def answer_due_at(unit: Unit) -> int:
    return unit.calendar.end_of(unit.calendar.after(unit.calendar.today(unit.now), ANSWER_WORKING_DAYS))


def within_certificate(unit: Unit, asset: Asset, terms: LicenceTerms) -> None:
    """Nobody licenses beyond the end of its own right (rulebook 3.5, S22)."""
    ends = asset.valid_to
    if ends is not None and terms.valid_to_s * SECOND > unit.calendar.end_of(ends):
        raise Guarded("the licence would outlast the certificate", code="E_CERTIFICATE_TERM")


def in_time(unit: Unit, licence: Licence) -> None:
    """The timer may come late; the answer may not."""
    if licence.is_unanswered and unit.now >= licence.answer_due_at:
        raise Guarded("the ten working days have passed", code="E_WINDOW")
