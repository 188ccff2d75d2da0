"""Signing tickets: the one act by which the exchange lets a computation travel."""

from dataclasses import dataclass

from exchange.authorization.controls_model import ControlsRequest
from exchange.authorization.model import TicketIssued
from exchange.authorization.template_model import Template
from exchange.kernel import ids
from exchange.kernel.unit import Unit
from exchange.licensing.model import Licence
from exchange.wire.computations import Computation
from exchange.wire.keys import PrivateKey
from exchange.wire.licences import Mode, Purpose
from exchange.wire.tickets import Ticket

TICKET_TTL_S = 900


@dataclass(frozen=True, slots=True)
class Scope:
    """What one ticket allows: which computation, for what, from where, delivered how and to which key."""

    computation: Computation
    purpose: Purpose
    territory: str
    mode: Mode
    k_min: int
    dominance_bp_max: int
    recipient_key: str
    rho_nrho: int
    """What the answer may cost of the privacy budget; 0 for an exact one."""
    template: Template | None = None
    addendum: ControlsRequest | None = None
    cohort: int = 0
    """How many individuals have agreed; 0 where it is about none."""


def sign_ticket(unit: Unit, key: PrivateKey, licence: Licence, *, order_id: str, scope: Scope) -> TicketIssued:
    """One order, one ticket: its id follows from the order's, so that a retry cannot make a second one."""
    ticket = Ticket(
        id=ids.derived("tkt", order_id),
        order_id=order_id,
        licence_id=licence.id,
        licence_digest=licence.digest,
        asset_id=licence.asset_id,
        provider_id=licence.provider_id,
        buyer_id=licence.buyer_id,
        domain=licence.domain,
        purpose=scope.purpose,
        territory=scope.territory,
        mode=scope.mode,
        computation=scope.computation,
        k_min=scope.k_min,
        dominance_bp_max=scope.dominance_bp_max,
        rho_nrho=scope.rho_nrho,
        addendum_digest=scope.addendum.digest if scope.addendum else None,
        template_digest=scope.template.digest if scope.template else None,
        cohort=scope.cohort,
        controls_digest=licence.controls_digest,
        policy_digest=unit.policies.digest,
        recipient_key=scope.recipient_key,
        issued_at_s=unit.now_s,
        expires_at_s=unit.now_s + TICKET_TTL_S,
    )
    envelope = ticket.signed(key)
    return TicketIssued(
        ticket_id=ticket.id,
        domain=ticket.domain,
        licence_id=licence.id,
        ticket=envelope,
        digest=envelope.digest,
        expires_at_s=ticket.expires_at_s,
        addendum_id=scope.addendum.id if scope.addendum else "",
        template_id=scope.template.id if scope.template else "",
    )
