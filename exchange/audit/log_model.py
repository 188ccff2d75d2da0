"""The signed log as a thing with a life of its own: which keys are its, by acts of the offline root. Pure."""

from typing import Any

from exchange.kernel.entity import Entity, Event
from exchange.wire.envelope import Envelope


class LogOpened(Event):
    """With which keys it began, and whose word changes them."""

    origin: str
    vkeys: tuple[str, ...]
    root_key: str
    by: str


class KeyAdded(Event):
    vkeys: tuple[str, ...]
    from_size: int
    """Every checkpoint of this size or more is signed by them."""
    change: Envelope
    by: str


class KeyRetired(Event):
    vkeys: tuple[str, ...]
    to_size: int
    """They need not have signed a checkpoint of this size or more."""
    change: Envelope
    by: str


class KeyCompromised(Event):
    """What they signed is believed up to a size, where the tree had this root, and where a quorum stands behind it."""

    vkeys: tuple[str, ...]
    trusted_until_size: int
    checkpoint_root: str
    change: Envelope
    by: str


class LogFrozen(Event):
    """The last thing that is logged under this name."""

    reason: str
    by: str


class LogContinued(Event):
    """Entry 0 of the log that goes on: from which it does, and up to where that one is believed."""

    origin: str
    size: int
    root: str
    note: str
    successor: str
    vkeys: tuple[str, ...]
    root_key: str
    acts: tuple[Envelope, ...]
    """The root's words: frozen there, continued here."""
    by: str


class SignedLog(Entity):
    """One log. Its own entries say which keys sign it."""

    NEXT = {
        ("NEW", LogOpened): "OPEN",
        ("OPEN", KeyAdded): "OPEN",
        ("OPEN", KeyRetired): "OPEN",
        ("OPEN", KeyCompromised): "OPEN",
        ("OPEN", LogFrozen): "FROZEN",
        ("NEW", LogContinued): "OPEN",
    }
    origin: str = ""
    vkeys: tuple[str, ...] = ()
    root_key: str = ""
    changes: tuple[Envelope, ...] = ()

    def learned(self, event: Event) -> dict[str, Any]:
        if isinstance(event, KeyAdded | KeyRetired | KeyCompromised):
            return {"changes": (*self.changes, event.change)}
        if isinstance(event, LogContinued):
            return {"origin": event.successor, "vkeys": event.vkeys, "root_key": event.root_key}
        return super().learned(event)
