"""What happened to one order, each fact shown to be in the log. Trusts the log's keys as given, nobody else."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from exchange.client.api import Exchange
from exchange.wire import canonical
from exchange.wire.entries import BadEntry, Entry
from exchange.wire.merkle import ProofRefused
from exchange.wire.notes import Checkpoint
from exchange.wire.proofs import LogProof, verify_entry


class AuditRefused(Exception):
    """The log and what the exchange says do not agree."""


class Proven(BaseModel):
    """One fact in its place. `at` is in microseconds since the epoch."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    index: int
    type: str
    at: int
    id: str
    subject: str
    version: int


def proven_entry(
    exchange: Exchange, event_id: str, vkeys: Sequence[str], *, deadline_s: float
) -> tuple[Proven, Checkpoint, str]:
    """An entry whose very bytes are in the log, the checkpoint that shows it, and the proof to keep."""
    text = exchange.proof(event_id, deadline_s=deadline_s)
    try:
        leaf = canonical.encode(exchange.entry(event_id)["entry"])
        entry = Entry.opened(leaf)
        proof = LogProof.parse(text)
        checkpoint = verify_entry(proof, leaf, vkeys)
    except (BadEntry, canonical.NotCanonical, KeyError):
        raise AuditRefused("what the exchange shows is not an entry") from None
    except ProofRefused as refused:
        raise AuditRefused(str(refused)) from None
    if entry.id != event_id:
        raise AuditRefused("the exchange shows another entry than the one asked for")
    fields = {name: getattr(entry, name) for name in ("type", "at", "id", "subject", "version")}
    return Proven(index=proof.index, **fields), checkpoint, text


def order_audit(exchange: Exchange, order_id: str, vkeys: Sequence[str], *, deadline_s: float) -> list[Proven]:
    """The order's whole story, without a gap, in the order of the log."""
    told = exchange.order_events(order_id)
    story = [proven_entry(exchange, str(one["id"]), vkeys, deadline_s=deadline_s)[0] for one in told]
    if not story or any(one.subject != order_id for one in story):
        raise AuditRefused("a fact is not about this order")
    if [one.version for one in story] != list(range(1, len(story) + 1)):
        raise AuditRefused("the story has a gap")
    if [one.index for one in story] != sorted({one.index for one in story}):
        raise AuditRefused("the story is not in the order of the log")
    return story
