"""The log's keys as this domain knows them: those pinned by hand, and every change its pinned root signed. No clock.

A domain that pinned no root keeps to its keys for good: it goes on through an overlap, and stops where they end.
"""

import json
from base64 import b64decode
from collections.abc import Sequence
from threading import Lock
from typing import Any

from exchange.wire import canonical
from exchange.wire.envelope import BadEnvelope, Envelope
from exchange.wire.keys import PublicKey
from exchange.wire.log_keys import CHANGES_MAX, LogKeys
from exchange.wire.notes import Checkpoint
from workers.domain import Domain

_FILE = "log-keys.json"


class LearntKeys:
    """Shared by the gate and the witness, which must believe the same keys."""

    def __init__(self, domain: Domain) -> None:
        self._domain, self._lock = domain, Lock()
        self._pinned = LogKeys.pinned(domain.trusted.log_vkeys)
        kept = domain.kept(_FILE)
        self._known = self._told([Envelope.parsed(json.dumps(one)) for one in json.loads(kept)] if kept else [])

    def demanded(self, note: str, checkpoint: Checkpoint) -> Sequence[str]:
        return self._known.demanded(note, checkpoint)

    def learn(self, shown: Sequence[Any]) -> bool:
        """Take what the exchange shows, if the root signed each of it, and keep it; true if there was anything new.

        Fewer changes than are known already are nothing new: what was learnt is never forgotten. Raises `NoteRefused`.
        """
        if not self._domain.trusted.log_root:
            return False
        with self._lock:
            changes = [_envelope(one) for one in shown[:CHANGES_MAX]]
            known = self._told(changes)
            if known.number <= self._known.number:
                return False
            self._domain.keep(_FILE, canonical.encode([one.model_dump() for one in changes]))
            self._known = known
            return True

    def _told(self, changes: Sequence[Envelope]) -> LogKeys:
        root = self._domain.trusted.log_root
        return self._pinned.told(changes, PublicKey.parsed(root)) if root else self._pinned


def _envelope(shown: Any) -> Envelope:
    """The root's act inside an opened entry."""
    try:
        content = canonical.decode(b64decode(shown["content"], validate=True))
        return Envelope.parsed(json.dumps(content["change"]))
    except (KeyError, TypeError, ValueError):
        raise BadEnvelope("not a change of the keys") from None
