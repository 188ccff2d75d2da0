"""Which keys must have signed a checkpoint of the log, through every change of keys. Pure; trusts one offline root key.

A change is an act of the root: keys added, retired or compromised, the log frozen, the log continued elsewhere. Each
has a number, so none can be left out. A reader who knows no root keeps to the keys it was given: it goes on through an
overlap, because signatures of keys it does not know are ignored, and stops where its own are retired.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from exchange.wire.acts import Act, Seconds
from exchange.wire.canonical import INTEGER_MAX
from exchange.wire.envelope import BadEnvelope, Envelope
from exchange.wire.keys import PublicKey
from exchange.wire.notes import Checkpoint, NoteRefused, are_both, open_vkey

CHANGES_MAX = 1_000
Origin = Annotated[str, Field(pattern=r"^[a-z0-9./-]{3,80}$")]
Size = Annotated[int, Field(ge=0, le=INTEGER_MAX)]


class KeyChange(Act):
    """What the offline root says of the keys. `size` and `root` name a place in the log, `vkeys` whose turn it is.

    ADDED: they sign from `size` on. RETIRED: they sign below `size`. COMPROMISED: they are believed up to `size`, where
    the tree is `root`. FROZEN: nothing follows `size` and `root`. CONTINUED: `successor` does, signed by `vkeys`.
    """

    TYPE: ClassVar[str] = "application/vnd.dx.log-keys+json"
    number: Annotated[int, Field(ge=1, le=CHANGES_MAX)]
    what: Literal["ADDED", "RETIRED", "COMPROMISED", "FROZEN", "CONTINUED"]
    origin: Origin
    vkeys: tuple[Annotated[str, Field(max_length=2_000)], ...] = Field(max_length=8)
    size: Size
    root: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]
    successor: Annotated[str, Field(pattern=r"^([a-z0-9./-]{3,80})?$")]
    at_s: Seconds


@dataclass(frozen=True, slots=True)
class Span:
    """One key's time: it signs every checkpoint from a size to before another, and is believed up to a third."""

    vkey: str
    from_size: int = 0
    to_size: int | None = None
    trusted_size: int | None = None

    def signs(self, size: int) -> bool:
        ends = self.to_size is not None and size >= self.to_size
        return self.from_size <= size and not ends and (self.trusted_size is None or size <= self.trusted_size)


@dataclass(frozen=True, slots=True)
class LogKeys:
    """The keys of one log as a reader knows them. `is_cosigned` says whether its quorum stands behind a note."""

    origin: str
    spans: tuple[Span, ...]
    number: int = 0
    anchors: tuple[Checkpoint, ...] = ()
    """Places at which the tree is known from the root itself."""
    frozen: Checkpoint | None = None
    successor: tuple[str, tuple[str, ...]] | None = None
    is_cosigned: Callable[[str], bool] = field(default=lambda _: False, compare=False)

    @classmethod
    def pinned(cls, vkeys: Sequence[str], is_cosigned: Callable[[str], bool] = lambda _: False) -> Self:
        """As they were given to the reader by hand."""
        origin = open_vkey(vkeys[0]).name if vkeys else ""
        return cls(origin, tuple(map(Span, vkeys)), is_cosigned=is_cosigned)

    def told(self, changes: Iterable[Envelope], root: PublicKey) -> "LogKeys":
        """With all changes of this log that the root signed, in their order. Raises `NoteRefused`."""
        known = self
        for envelope in changes:
            try:
                change = KeyChange.opened(envelope, (root,))
            except BadEnvelope:
                raise NoteRefused("a change of the keys is not signed by the root") from None
            if change.number > known.number:
                known = known.changed(change)
        return known

    def changed(self, change: KeyChange) -> "LogKeys":
        """After one change; one that does not fit what is known is refused."""
        if change.origin != self.origin or change.number != self.number + 1 or self.successor is not None:
            raise NoteRefused("a change of the keys does not follow the last one")
        after = replace(self, number=change.number)
        match change.what:
            case "ADDED":
                return replace(after, spans=self._added(change))._complete(change.size)
            case "RETIRED":
                return replace(after, spans=self._with(change, to_size=change.size))._complete(change.size)
            case "COMPROMISED":
                anchors = (*self.anchors, _place(change))
                return replace(after, spans=self._with(change, trusted_size=change.size), anchors=anchors)
            case "FROZEN":
                if self.frozen is not None:
                    raise NoteRefused("the log is frozen already")
                return replace(after, frozen=_place(change), anchors=(*self.anchors, _place(change)))
        if self.frozen is None or self.frozen != _place(change) or not change.successor:
            raise NoteRefused("only a frozen log is continued, from where it was frozen")
        _both(change.vkeys, change.successor)
        return replace(after, successor=(change.successor, change.vkeys))

    def demanded(self, note: str, checkpoint: Checkpoint) -> Sequence[str]:
        """The keys that must have signed this checkpoint, or `NoteRefused`.

        What a key signed that is compromised by now counts only where a quorum stands behind it, or the root itself.
        """
        if self.frozen is not None and checkpoint.size > self.frozen.size:
            raise NoteRefused("the log was frozen before this checkpoint")
        if any(one.size == checkpoint.size and one.root != checkpoint.root for one in self.anchors):
            raise NoteRefused("the root names another tree of this size")
        due = [span for span in self.spans if span.signs(checkpoint.size)]
        doubted = any(span.trusted_size is not None for span in due)
        if doubted and checkpoint not in self.anchors and not self.is_cosigned(note):
            raise NoteRefused("a key is compromised, and no quorum stands behind what it signed")
        return [span.vkey for span in due]

    def _added(self, change: KeyChange) -> tuple[Span, ...]:
        """Keys a reader was given by hand may have been added before it came: now it learns since when they sign."""
        _both(change.vkeys, self.origin)
        rest = tuple(span for span in self.spans if span.vkey not in change.vkeys)
        if any(span.from_size or span.to_size for span in self.spans if span.vkey in change.vkeys):
            raise NoteRefused("a key is added twice")
        return (*rest, *(Span(vkey, change.size) for vkey in change.vkeys))

    def is_void(self, size: int) -> bool:
        """Whether no pair this reader knows and believes signed at this size: before its own time, or after a theft."""
        return not are_both(span.vkey for span in self.spans if span.signs(size))

    def _with(self, change: KeyChange, **ends: int | None) -> tuple[Span, ...]:
        named = set(change.vkeys)  # Of which those that came later need not know all.
        if any(span.trusted_size is not None for span in self.spans if span.vkey in named):
            raise NoteRefused("a key is compromised already")
        return tuple(_ended(span, ends) if span.vkey in named else span for span in self.spans)

    def _complete(self, size: int) -> "LogKeys":
        """At the place of a change there is a key of each algorithm: none may be rotated away."""
        if self.is_void(size):
            raise NoteRefused("the change leaves no key of each algorithm")
        return self


def _ended(span: Span, ends: Mapping[str, int | None]) -> Span:
    to_size, trusted_size = ends.get("to_size", span.to_size), ends.get("trusted_size", span.trusted_size)
    return Span(span.vkey, span.from_size, to_size, trusted_size)


def _both(vkeys: Sequence[str], origin: str) -> None:
    if not are_both(vkeys) or {open_vkey(vkey).name for vkey in vkeys} != {origin}:
        raise NoteRefused("keys are added as a pair of both algorithms, in the name of the log")


def _place(change: KeyChange) -> Checkpoint:
    if not change.root:
        raise NoteRefused("the change names no tree")
    return Checkpoint(change.origin, change.size, bytes.fromhex(change.root))
