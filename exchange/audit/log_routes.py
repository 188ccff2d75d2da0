"""The log's keys over HTTP: shown to anybody with their sizes, changed by acts of the offline root. Holds no key."""

from typing import Annotated, Self

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict

from exchange.audit import log_keys
from exchange.audit.log_keys import Anchor
from exchange.audit.log_model import SignedLog
from exchange.kernel.evidence import OpenedFact
from exchange.kernel.http import AnyoneUnit, OpenUnit, router
from exchange.kernel.unit import Unit
from exchange.wire.envelope import Envelope
from exchange.wire.log_keys import Span

keys = router("/v1/ledger/keys", "ledger")


def anchor_of(request: Request) -> Anchor:
    state = request.app.state
    return Anchor(tuple(state.log_vkeys), state.log_root, state.log_policy)


OpenAnchor = Annotated[Anchor, Depends(anchor_of)]


class KeyView(BaseModel):
    """A key signs checkpoints from `from_size` to below `to_size`; it is believed up to `trusted_until_size`."""

    vkey: str
    from_size: int
    to_size: int | None
    trusted_until_size: int | None

    @classmethod
    def of(cls, span: Span) -> Self:
        return cls(vkey=span.vkey, from_size=span.from_size, to_size=span.to_size, trusted_until_size=span.trusted_size)


class KeysView(BaseModel):
    """`changes`: the entries of the log that changed its keys, opened."""

    root: str
    keys: list[KeyView]
    changes: list[OpenedFact]


class KeyChangeAsk(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    change: Envelope


class LogView(BaseModel):
    id: str
    state: str
    origin: str
    changes: int

    @classmethod
    def of(cls, log: SignedLog) -> Self:
        return cls(id=log.id, state=log.state, origin=log.origin, changes=len(log.changes))


def keys_shown(unit: Unit, anchor: Anchor) -> KeysView:
    """What anybody is shown of the keys; an export holds the same."""
    found, changes = log_keys.shown(unit, anchor)
    spans = [KeyView.of(span) for span in found.spans]
    return KeysView(root=anchor.root_key, keys=spans, changes=[OpenedFact.of(one) for one in changes])


@keys.get("")
def show(unit: AnyoneUnit, anchor: OpenAnchor) -> KeysView:
    """The log's verifier keys, the sizes they sign, and the entries that say so. Open to anyone."""
    return keys_shown(unit, anchor)


@keys.post("")
def change(ask: KeyChangeAsk, unit: OpenUnit, anchor: OpenAnchor) -> LogView:
    """Hand in an act of the offline root that changes the log's keys (administrators)."""
    return LogView.of(log_keys.change(unit, ask.change, anchor))
