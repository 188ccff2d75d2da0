"""The gate of a domain: nothing runs unseen. The checks are numbered, and the type is the proof that they were made.

What comes from the queue is bytes by a stranger. Whoever owns the broker can lose a ticket or bring it twice; it can
neither make one nor alter one, and a copy it spoils does not use up the good one's turn.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from exchange.wire import merkle
from exchange.wire.addenda import ControlsAddendum
from exchange.wire.deliveries import Delivery
from exchange.wire.envelope import BadEnvelope
from exchange.wire.keys import BadKey, PublicKey
from exchange.wire.licences import Licence
from exchange.wire.notes import Checkpoint, Demanding, Keys
from exchange.wire.proofs import LogProof, verify_entry
from exchange.wire.refusals import Refusal, Refused
from exchange.wire.sealing import RecipientKey
from exchange.wire.templates import QueryTemplate
from exchange.wire.tickets import Ticket
from workers.programs import Program, program_of, signed_addendum, signed_template, tables_under

CLOCK_SKEW_S = 300

Seen = tuple[int, bytes]
Consistency = Callable[[int, int], list[bytes]]
"""Fetches a consistency proof from one tree size to a larger one. What it brings is verified here."""


@dataclass(frozen=True, slots=True)
class Gatekeeper:
    """What the gate compares with: this domain's name and keys, its policies, its controls."""

    domain: str
    own_key: PublicKey
    exchange_key: PublicKey
    log_vkeys: tuple[str, ...]
    policy_digest: str
    controls: Callable[[str], Mapping[str, Any] | None]
    fits: Callable[[str], bool]
    """Whether the data still are what controls, named by their digest, were declared of."""
    log_keys: Demanding | None = None
    """The same keys through their changes, where the domain follows them."""


@dataclass(frozen=True, slots=True)
class Proven:
    """A ticket of the exchange, for this domain, in the log. It may still be refused, and then the refusal is told."""

    ticket: Ticket
    digest: str
    licence: Licence
    template: QueryTemplate | None
    addendum: ControlsAddendum | None
    checkpoint: Checkpoint
    note: str


@dataclass(frozen=True, slots=True)
class Admitted:
    """A ticket that passed every check. Only `admit` can make one; the runner takes nothing else."""

    proven: Proven
    tables: Mapping[str, Any]
    program: Program
    pass_: object

    def __post_init__(self) -> None:
        if self.pass_ is not _PASS:
            raise TypeError("tickets are admitted by workers.gate.admit")


_PASS = object()


def prove(token: str, keeper: Gatekeeper, *, seen: Seen, consistency: Consistency) -> Proven:
    """Whether this is the exchange's ticket, for us, and in the log we know. Raises `Refused`; then nobody is told."""
    # (0) The bytes are a delivery, and its leaf commits to a ticket.
    delivery = Delivery.parsed(token)
    envelope = delivery.ticket()
    # (1) The exchange signed exactly this ticket.
    try:
        ticket = Ticket.opened(envelope, (keeper.exchange_key,))
    except BadEnvelope:
        raise Refused(Refusal.BAD_TICKET) from None
    # (2) It was meant for this domain.
    if ticket.domain != keeper.domain:
        raise Refused(Refusal.NOT_FOR_US)
    # (3) It rests on a licence that this domain's own key signed.
    try:
        licence = Licence.opened(delivery.licence, (keeper.own_key,))
    except BadEnvelope:
        raise Refused(Refusal.LICENCE_INVALID) from None
    if delivery.licence.digest != ticket.licence_digest:
        raise Refused(Refusal.LICENCE_INVALID)
    # (3a) A template it runs, and an addendum it rests on, too, are such that this domain's own key signed.
    template = signed_template(ticket, delivery.template, keeper.own_key)
    addendum = signed_addendum(ticket, delivery.addendum, keeper.own_key)
    # (4) This very ticket is in the log, and the log only grew since this domain last saw it.
    checkpoint, note = _logged(delivery, keeper.log_keys or keeper.log_vkeys)
    _consistent(checkpoint, seen, consistency)
    return Proven(ticket, envelope.digest, licence, template, addendum, checkpoint, note)


def admit(proven: Proven, keeper: Gatekeeper, *, now_s: int, runs: int) -> Admitted:
    """Whether a proven ticket may run here and now. Raises `Refused`; the refusal is told in a receipt.

    `runs` is how many tickets of its licence this domain has taken on, this one included.
    """
    ticket, licence = proven.ticket, proven.licence
    # (5) It is fresh.
    if not ticket.issued_at_s - CLOCK_SKEW_S <= now_s < ticket.expires_at_s:
        raise Refused(Refusal.STALE)
    # (6) The licence covers it: these parties, this asset, purpose, place, mode and moment, and so many times.
    if not _covers(licence, ticket, now_s) or runs > licence.terms.jobs_max:
        raise Refused(Refusal.LICENCE_INVALID)
    # (6a) So does the template, with these parameters; and only such a one is answered exactly where noise is due.
    program = program_of(ticket, licence, proven.template, now_s)
    # (7) It was decided under the policies this domain has, on controls this domain declared.
    tables = keeper.controls(ticket.controls_digest)
    if ticket.policy_digest != keeper.policy_digest or tables is None:
        raise Refused(Refusal.POLICY_DIFFERS)
    # (7a) The data still are those the controls were declared of.
    if not keeper.fits(ticket.controls_digest):
        raise Refused(Refusal.DATA_UNFIT)
    # (7b) What it rests on beside them was granted under this very licence.
    return Admitted(proven, tables_under(tables, ticket, proven.addendum, now_s), program, _PASS)


def _logged(delivery: Delivery, keys: Keys) -> tuple[Checkpoint, str]:
    try:
        proof = LogProof.parse(delivery.proof)
        return verify_entry(proof, delivery.leaf, keys), proof.checkpoint
    except ValueError:
        raise Refused(Refusal.NOT_LOGGED) from None


def _consistent(checkpoint: Checkpoint, seen: Seen, consistency: Consistency) -> None:
    if seen[0] == 0:
        return
    (old, old_root), (new, new_root) = sorted((seen, (checkpoint.size, checkpoint.root)))
    try:
        merkle.verify_consistency(old, new, consistency(old, new) if old < new else [], old_root, new_root)
    except ValueError:
        raise Refused(Refusal.LOG_INCONSISTENT) from None


def _covers(licence: Licence, ticket: Ticket, now_s: int) -> bool:
    terms = licence.terms
    same = (
        licence.id,
        licence.asset_id,
        licence.provider_id,
        licence.buyer_id,
        licence.domain,
        licence.controls_digest,
    )
    return (
        same
        == (
            ticket.licence_id,
            ticket.asset_id,
            ticket.provider_id,
            ticket.buyer_id,
            ticket.domain,
            ticket.controls_digest,
        )
        and _kid(ticket.recipient_key) == licence.recipient_kid
        and ticket.k_min >= licence.k_min
        and ticket.dominance_bp_max <= licence.dominance_bp_max
        and ticket.purpose in terms.purposes
        and ticket.territory in terms.territories
        and ticket.mode in terms.modes
        and terms.valid_from_s <= now_s < terms.valid_to_s
    )


def _kid(recipient_key: str) -> str:
    try:
        return RecipientKey.parsed(recipient_key).kid
    except BadKey:
        return ""
