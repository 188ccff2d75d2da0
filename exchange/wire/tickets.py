"""Tickets: the exchange's signed order to one domain to run one computation once."""

from typing import Annotated, ClassVar

from pydantic import Field

from exchange.wire.acts import Act, Digest, Domain, Id, Seconds
from exchange.wire.computations import Computation
from exchange.wire.licences import Mode, Purpose


class Ticket(Act):
    """One computation, for one buyer, under one licence, in one domain, once. Times are Unix seconds."""

    TYPE: ClassVar[str] = "application/vnd.dx.ticket+json"
    id: Id
    order_id: Id
    licence_id: Id
    licence_digest: Digest
    asset_id: Id
    provider_id: Id
    buyer_id: Id
    domain: Domain
    purpose: Purpose
    territory: Annotated[str, Field(pattern=r"^[A-Z0-9-]{2,16}$")]
    mode: Mode
    computation: Computation
    k_min: Annotated[int, Field(ge=1, le=10**6)]
    dominance_bp_max: Annotated[int, Field(ge=1, le=10_000)]
    rho_nrho: Annotated[int, Field(ge=0, le=10**12)] = 0
    """What the answer may cost of the privacy budget, in 1e-9 rho; 0 for an exact answer."""
    template_digest: Digest | None = None
    addendum_digest: Digest | None = None
    """Of the approved template that is run, and of the addendum it rests on; they travel as the licence does."""
    cohort: Annotated[int, Field(ge=0, le=10**9)] = 0
    """How many individuals have agreed to it; above 0 the domain asks again whom it may use, and uses nobody else."""
    controls_digest: Digest
    policy_digest: Digest
    recipient_key: Annotated[str, Field(max_length=2_000)]
    issued_at_s: Seconds
    expires_at_s: Seconds
