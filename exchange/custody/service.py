"""Keeping sealed results for their buyers. Never opens one: it has no key, and the bytes mean nothing to it."""

import hashlib

from exchange.custody import vault
from exchange.custody.model import (
    CIPHERTEXT_BYTES_MAX,
    CustodyState,
    SealedResult,
    SealedResultCollected,
    SealedResultDestroyed,
    SealedResultKept,
)
from exchange.kernel import errors, ids
from exchange.kernel.caller import Role
from exchange.kernel.clock import SECOND
from exchange.kernel.unit import Unit

KEPT_DAYS = 90


def sealed_result_of(unit: Unit, order_id: str) -> SealedResult:
    """What is kept for an order, NEW if nothing is."""
    return unit.load(SealedResult, ids.derived("cus", order_id))


def keep(unit: Unit, *, order_id: str, buyer_id: str, ciphertext: bytes) -> SealedResult:
    """Take a ciphertext into custody, once for each order."""
    if not 0 < len(ciphertext) <= CIPHERTEXT_BYTES_MAX:
        raise errors.Guarded("a sealed result has up to 16 MiB", code="E_SIZE")
    fact = SealedResultKept(
        order_id=order_id,
        buyer_id=buyer_id,
        ciphertext_sha256=hashlib.sha256(ciphertext).hexdigest(),
        ciphertext_bytes=len(ciphertext),
        kept_until=unit.now + KEPT_DAYS * 86_400 * SECOND,
    )
    kept = unit.record(sealed_result_of(unit, order_id), fact)
    row = vault.SealedResultRow(
        order_id=order_id,
        sha256=kept.ciphertext_sha256,
        size=kept.ciphertext_bytes,
        kept_until=kept.kept_until,
        ciphertext=ciphertext,
    )
    vault.put(unit.connection, row)
    return kept


def hand_out(unit: Unit, order_id: str) -> bytes:
    """The ciphertext, to its buyer and nobody else. Only looks, so a reading unit will do; `collect` records."""
    kept = _own(unit, order_id)
    ciphertext = vault.get(unit.connection, order_id)
    if ciphertext is None:
        raise errors.NotFound("no such thing")
    if hashlib.sha256(ciphertext).hexdigest() != kept.ciphertext_sha256:
        raise errors.Guarded("what is kept is not what was deposited", code="E_CUSTODY_HASH")
    return ciphertext


def collect(unit: Unit, order_id: str) -> SealedResult:
    """Record that the buyer has taken it; a second time changes nothing."""
    kept = _own(unit, order_id)
    if kept.state == CustodyState.RELEASED:
        return kept
    return unit.record(kept, SealedResultCollected(by=unit.caller.person_id))


def destroy(unit: Unit, order_id: str) -> SealedResult:
    """Delete the bytes once nobody is owed their keeping any more."""
    unit.caller.require(Role.CUSTODIAN)
    kept = unit.get(SealedResult, ids.derived("cus", order_id))
    if unit.now < kept.kept_until:
        raise errors.Guarded("it is still to be kept", code="E_RETENTION")
    vault.destroy(unit.connection, order_id)
    return unit.record(kept, SealedResultDestroyed(by=unit.caller.person_id))


def _own(unit: Unit, order_id: str) -> SealedResult:
    kept = sealed_result_of(unit, order_id)
    if kept.version == 0 or kept.buyer_id != unit.caller.participant_id:
        raise errors.NotFound("no such thing")
    return kept
