"""What a step of the ladder does to participants, listings and licences. Each goes through the slice that owns it."""

from collections.abc import Mapping

from exchange.access import oversight as participants
from exchange.kernel.unit import Unit
from exchange.licensing import listings, stops
from exchange.oversight import views

_STOPPING_PARTY = ("SUSPENDED", "REVOKED")
"""What the table revokes is suspended at once; revocation itself takes the exchange and an order of the regulator."""


def take(
    unit: Unit,
    actions: Mapping[str, str],
    *,
    ground: str,
    authority: str,
    participant_id: str,
    listing_id: str,
    licence_id: str,
    refund_rule: str,
    until_s: int,
) -> tuple[str, ...]:
    """Apply one step. Answers with the ids of what was stopped; what rests or has ended already is left alone."""
    applied: list[str] = []
    if actions["party_action"] in _STOPPING_PARTY:
        by_regulator = authority == "REGULATOR"
        if participants.stop(unit, participant_id, ground, by_regulator=by_regulator, until_s=until_s):
            applied.append(participant_id)
    if actions["listing_action"] != "NONE":
        for one in [listing_id] if listing_id else views.listings_of(unit.connection, participant_id):
            if listings.sanction(unit, one, actions["listing_action"], ground, authority):
                applied.append(one)
    if actions["licence_action"] != "NONE":
        for one in _licences(unit, participant_id, listing_id, licence_id):
            if stops.sanction(unit, one, actions["licence_action"], ground, authority, refund_rule):
                applied.append(one)
    return tuple(applied)


def give_back(unit: Unit, participant_id: str, reasons_sha256: str) -> None:
    """The sanction was annulled: the participant is back; its listings and licences are theirs to resume."""
    participants.restore(unit, participant_id, reasons_sha256)


def _licences(unit: Unit, participant_id: str, listing_id: str, licence_id: str) -> list[str]:
    if licence_id:
        return [licence_id]
    return views.licences_of(unit.connection, participant_id, listing_id)
