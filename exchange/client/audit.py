"""What happened, each fact shown to be in the log. Trusts the log's keys as given, and nothing the exchange says.

A fact holds when its leaf is a well-formed entry, the proof puts these very bytes into a tree every key signed, and
(where it is opened) the content is what the leaf committed to.
"""

from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from exchange.client.api import Exchange
from exchange.client.log import ServedLog
from exchange.wire import canonical
from exchange.wire.entries import SECTION_TYPE, Entry, commitment
from exchange.wire.event_types import TYPES
from exchange.wire.merkle import ProofRefused
from exchange.wire.notes import Checkpoint
from exchange.wire.proofs import LogProof, verify_entry


class AuditRefused(Exception):
    """The log and what was shown do not agree."""


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Proven(_Read):
    """One fact in its place. `at` is in microseconds since the epoch."""

    index: int
    type: str
    at: int
    id: str
    subject: str
    version: int


class Evidence(_Read):
    """One opened fact as it is handed out, in base64."""

    entry: str
    content: str
    salt: str
    proof: str


class Bundle(_Read):
    order_id: str
    facts: Mapping[str, tuple[Evidence, ...]]


def proven_entry(
    log: ServedLog, event_id: str, vkeys: Sequence[str], *, deadline_s: float
) -> tuple[Proven, Checkpoint, str]:
    """An entry in the log, the checkpoint that shows it, and the proof to keep."""
    text = log.proof(event_id, deadline_s=deadline_s)
    try:
        leaf = canonical.encode(log.entry(event_id)["entry"])
    except (canonical.NotCanonical, KeyError):
        raise AuditRefused("what the exchange shows is not an entry") from None
    proven, checkpoint, _ = _proven(leaf, text, vkeys)
    if proven.id != event_id:
        raise AuditRefused("the exchange shows another entry than the one asked for")
    return proven, checkpoint, text


def order_audit(exchange: Exchange, order_id: str, vkeys: Sequence[str], *, deadline_s: float) -> list[Proven]:
    """The order's own story, from placed to its end, as its buyer or provider may ask for it."""
    told = exchange.order_events(order_id)
    story = [proven_entry(exchange.log, str(one["id"]), vkeys, deadline_s=deadline_s)[0] for one in told]
    _check_story(order_id, story)
    return story


def checked_bundle(bundle: Mapping[str, Any], vkeys: Sequence[str]) -> list[Proven]:
    """An auditor's evidence, offline: every leaf, every proof, every opened content, no story with a gap."""
    try:
        read = Bundle.model_validate(bundle)
    except ValidationError:
        raise AuditRefused("this is not evidence of an order") from None
    stories = {subject: [opened_fact(one, vkeys) for one in facts] for subject, facts in read.facts.items() if facts}
    if read.order_id not in stories:
        raise AuditRefused("nothing is shown of the order itself")
    for subject, story in stories.items():
        _check_story(subject, story)
    return [one for story in stories.values() for one in story]


def opened_fact(evidence: Evidence, vkeys: Sequence[str]) -> Proven:
    """One opened fact, offline: its leaf is in the log, and the content is what the leaf committed to."""
    try:
        leaf, content, salt = (
            b64decode(part, validate=True) for part in (evidence.entry, evidence.content, evidence.salt)
        )
        tag = commitment(salt, SECTION_TYPE, content)
    except ValueError:
        raise AuditRefused("a piece of evidence cannot be read") from None
    proven, _, entry = _proven(leaf, evidence.proof, vkeys)
    if tag not in {one.tag for one in entry.commit}:
        raise AuditRefused("an opened content is not what the log committed to")
    return proven


def _proven(leaf: bytes, proof_text: str, vkeys: Sequence[str]) -> tuple[Proven, Checkpoint, Entry]:
    try:
        entry, proof = Entry.opened(leaf), LogProof.parse(proof_text)
        checkpoint = verify_entry(proof, leaf, vkeys)
    except ProofRefused as refused:
        raise AuditRefused(str(refused)) from None
    except ValueError:
        raise AuditRefused("a leaf is not an entry") from None
    if entry.type not in TYPES:
        raise AuditRefused("an entry is of an unknown type")
    fields = {name: getattr(entry, name) for name in ("type", "at", "id", "subject", "version")}
    return Proven(index=proof.index, **fields), checkpoint, entry


def _check_story(subject: str, story: Sequence[Proven]) -> None:
    if not story or any(one.subject != subject for one in story):
        raise AuditRefused("a fact is about something else")
    if [one.version for one in story] != list(range(1, len(story) + 1)):
        raise AuditRefused("a story has a gap")
    if [one.index for one in story] != sorted({one.index for one in story}):
        raise AuditRefused("a story is not in the order of the log")
