"""The evidence of one order, checked with no network: every leaf, proof and opening, and the signatures of all acts."""

from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any

from exchange.client.audit import AuditRefused, Bundle, Proven, checked_bundle
from exchange.client.auditing.acts import Acts
from exchange.client.auditing.openings import Opened
from exchange.wire import canonical
from exchange.wire.entries import Entry


def checked_evidence(bundle: Mapping[str, Any], vkeys: Sequence[str]) -> list[Proven]:
    """What happened, in the order of the log. Trusts the log's keys as given; the parties' keys are in the log."""
    proven = sorted(checked_bundle(bundle, vkeys), key=lambda one: one.index)
    shown = {one.id: one.index for one in proven}
    acts, facts = Acts(), []
    for evidence in (one for story in Bundle.model_validate(bundle).facts.values() for one in story):
        entry, content = Entry.opened(b64decode(evidence.entry)), canonical.decode(b64decode(evidence.content))
        facts.append(Opened(shown[entry.id], entry, content, 0, ()))
    for fact in sorted(facts, key=lambda one: one.index):
        for found in acts.findings(fact):
            raise AuditRefused(f"{fact.entry.type}: {found.says}")
    return proven
