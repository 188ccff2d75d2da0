"""Sealed results in custody, as facts: that a ciphertext of this size and hash is kept, was taken, was destroyed.

Source: rulebook 3.10, as far as it concerns what is sealed to a buyer. Never holds the ciphertext, nor any key to it.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from exchange.kernel.entity import Entity, Event
from exchange.wire.acts import Digest

CIPHERTEXT_BYTES_MAX = 16 * 1024 * 1024


class CustodyState(StrEnum):
    NEW = "NEW"
    DEPOSITED = "DEPOSITED"
    RELEASED = "RELEASED"
    DESTROYED = "DESTROYED"


class SealedResultKept(Event):
    order_id: str
    buyer_id: str
    ciphertext_sha256: Digest
    ciphertext_bytes: Annotated[int, Field(ge=1, le=CIPHERTEXT_BYTES_MAX)]
    kept_until: int
    """Microseconds; the first instant at which it may be destroyed."""


class SealedResultCollected(Event):
    """The buyer has taken it."""

    by: str


class SealedResultDestroyed(Event):
    """The bytes are gone; that they existed stays."""

    by: str


class SealedResult(Entity):
    """The answer to one order, sealed to its buyer."""

    NEXT = {
        (CustodyState.NEW, SealedResultKept): CustodyState.DEPOSITED,
        (CustodyState.DEPOSITED, SealedResultCollected): CustodyState.RELEASED,
        (CustodyState.DEPOSITED, SealedResultDestroyed): CustodyState.DESTROYED,
        (CustodyState.RELEASED, SealedResultDestroyed): CustodyState.DESTROYED,
    }
    order_id: str = ""
    buyer_id: str = ""
    ciphertext_sha256: str = ""
    ciphertext_bytes: int = 0
    kept_until: int = 0
