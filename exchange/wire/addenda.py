"""An addendum to a licence: more that its buyer may ask of some columns, signed by the provider's own key. Pure.

It widens uses and nothing else: the floors, the noise and the budget are those of licence and grade. The newest holds
all that was granted before.
"""

from typing import ClassVar

from pydantic import Field

from exchange.wire.acts import Act, Digest, Domain, Id, Seconds
from policies.disclosure import GRANTS_MAX, Grant


class ControlsAddendum(Act):
    """What one buyer may do under one licence beside what the controls let everybody do."""

    TYPE: ClassVar[str] = "application/vnd.dx.addendum+json"
    id: Id
    licence_id: Id
    licence_digest: Digest
    asset_id: Id
    provider_id: Id
    buyer_id: Id
    domain: Domain
    controls_digest: Digest
    grants: tuple[Grant, ...] = Field(min_length=1, max_length=GRANTS_MAX)
    valid_to_s: Seconds
