"""A request for wider controls under one licence: granted by the provider's own key, declined, or revoked. Pure."""

from exchange.kernel.entity import Entity, Event
from exchange.wire.envelope import Envelope
from policies.disclosure import Grant


class ControlsRequested(Event):
    """`grants` holds all that would then be allowed, what was granted before included."""

    licence_id: str
    licence_digest: str
    asset_id: str
    provider_id: str
    buyer_id: str
    domain: str
    controls_digest: str
    grants: tuple[Grant, ...]
    valid_to_s: int
    by: str


class ControlsGranted(Event):
    """The provider's own key, inside its domain, signed the addendum."""

    envelope: Envelope
    digest: str
    granted_at: int


class ControlsDeclined(Event):
    reason: str


class ControlsRevoked(Event):
    """The provider takes back what it granted: no new order rests on it."""

    by: str


class ControlsRequest(Entity):
    """What a buyer needs of the controls to have its question answered."""

    NEXT = {
        ("NEW", ControlsRequested): "REQUESTED",
        ("REQUESTED", ControlsGranted): "GRANTED",
        ("REQUESTED", ControlsDeclined): "DECLINED",
        ("GRANTED", ControlsRevoked): "REVOKED",
    }
    licence_id: str = ""
    licence_digest: str = ""
    asset_id: str = ""
    provider_id: str = ""
    buyer_id: str = ""
    domain: str = ""
    controls_digest: str = ""
    grants: tuple[Grant, ...] = ()
    valid_to_s: int = 0
    envelope: Envelope | None = None
    digest: str = ""
    granted_at: int = 0
    reason: str = ""
