"""What is about a person, at rest: sealed under a key of its subject's own, which is wrapped by one kept in a file.

No fold, follower or view opens it, so none has to be mended when it is erased. Nothing here decides who may.
"""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Self

from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from sqlalchemy import Connection

from exchange.ledger.entries import Draft, Section
from exchange.wire.entries import PERSONAL, SALT_BYTES, Entry

KEYS, SEALED = "dek", "section"
"""The tables of keys, to be swept after an erasure, and of what they seal."""

_KEY_BYTES, _NONCE_BYTES = 32, 12
_FOUND = "SELECT wrapped, kek FROM dek WHERE subject = ?"
# Not where keys are wrapped by another: who was not started again after a rotation must not lose what it seals.
_MADE = (
    "INSERT INTO dek (subject, kek, wrapped) SELECT ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM dek WHERE kek <> ?) "
    "ON CONFLICT DO NOTHING"
)
_ALL = "SELECT subject FROM dek WHERE kek <> ? ORDER BY n LIMIT 500"
_WRAPPED = "UPDATE dek SET kek = ?, wrapped = ? WHERE subject = ?"
_LOCKED = "SELECT 1 FROM dek WHERE subject = ? FOR UPDATE"
_DESTROYED = "DELETE FROM dek WHERE subject = ?"
_CONTENT = "SELECT content FROM section WHERE event_id = ? AND what = ? AND erased_at IS NULL"
_OTHERS = (
    "SELECT s.event_id, s.content FROM event e JOIN section s ON s.event_id = e.id "
    "WHERE e.subject = ? AND s.what = ? AND s.erased_at IS NULL AND e.id <> ? ORDER BY e.n"
)
_ERASED = "UPDATE section SET salt = NULL, content = NULL, erased_at = ? WHERE event_id = ? AND what = ?"
_SEALED_AGAIN = "UPDATE section SET content = ? WHERE event_id = ? AND what = ?"


class Erased(LookupError):
    """There is no such content, or it is gone."""


class NoKey(RuntimeError):
    """This process does not hold the key of personal content, so it neither writes nor opens any."""


class Keyring:
    """Seals, opens and erases personal sections, with the key-encryption key; without one it can only erase."""

    def __init__(self, kek: bytes | None) -> None:
        self._kek = None if kek is None else AESGCMSIV(kek)
        self.kek_id = "" if kek is None else sha256(b"kek/1\x00" + kek).hexdigest()[:16]
        """By which a wrapped key names what wrapped it; nothing can be opened with it."""

    @classmethod
    def generated(cls) -> Self:
        """With a key that nobody keeps."""
        return cls(secrets.token_bytes(_KEY_BYTES))

    def sealed(self, connection: Connection, draft: Draft) -> Draft:
        """The draft as it may be written; all but a few come back as they are."""
        section = draft.sections.get(PERSONAL)
        if section is None:
            return draft
        dek = self._dek(connection, draft.entry.subject) or self._made(connection, draft.entry.subject)
        return replace(draft, sealed={PERSONAL: _shut(dek, section.salt + section.content, draft.entry.id)})

    def opened(self, connection: Connection, entry: Entry) -> Section:
        """Salt and content of the entry's personal section. Raises `Erased`."""
        dek = self._dek(connection, entry.subject)
        content = connection.exec_driver_sql(_for(connection, _CONTENT), (entry.id, PERSONAL)).scalar()
        if dek is None or content is None:
            raise Erased("no such content")
        return _section(_open(dek, bytes(content), entry.id))

    def erase(self, connection: Connection, entry: Entry, at: int) -> None:
        """Destroy the content, its salt and the key of both, so that copies of the ciphertext are lost too.

        What else is sealed under that key is opened first and sealed again under a new one. Raises `Erased`.
        """
        content = connection.exec_driver_sql(_for(connection, _CONTENT), (entry.id, PERSONAL)).scalar()
        if content is None:
            raise Erased("no such content")
        if connection.dialect.name != "sqlite":
            # Before looking what else there is: whoever is just sealing under this key ends first, and is seen.
            connection.exec_driver_sql(_for(connection, _LOCKED), (entry.subject,))
        kept = self._others(connection, entry.subject, entry.id)
        connection.exec_driver_sql(_for(connection, _ERASED), (at, entry.id, PERSONAL))
        connection.exec_driver_sql(_for(connection, _DESTROYED), (entry.subject,))
        if kept:
            _seal_again(connection, self._made(connection, entry.subject), kept)

    def rotate(self, connection: Connection, new: "Keyring", *, reseal: bool) -> int:
        """Wrap every key by the new one instead, so that ours opens nothing any more; answers how many.

        Resealed, each subject also gets a fresh key: for when ours may have been used together with a copy of `dek`.
        Inside one transaction, which nobody else writes keys beside. What is wrapped by the new one already stays.
        """
        if connection.dialect.name != "sqlite":
            connection.exec_driver_sql("LOCK TABLE dek IN EXCLUSIVE MODE")
        rotated = 0
        while subjects := connection.exec_driver_sql(_for(connection, _ALL), (new.kek_id,)).scalars().all():
            for subject in subjects:
                dek = self._dek(connection, subject)
                kept = self._others(connection, subject, "") if reseal else []
                fresh = secrets.token_bytes(_KEY_BYTES) if reseal else dek
                if fresh is None:
                    raise NoKey("a key is not there any more")
                wrapped = _shut(new._held, fresh, subject)
                connection.exec_driver_sql(_for(connection, _WRAPPED), (new.kek_id, wrapped, subject))
                _seal_again(connection, fresh, kept)
            rotated += len(subjects)
        return rotated

    def _others(self, connection: Connection, subject: str, but: str) -> Sequence[tuple[str, bytes]]:
        rows = connection.exec_driver_sql(_for(connection, _OTHERS), (subject, PERSONAL, but)).all()
        dek = self._dek(connection, subject) if rows else None
        return [] if dek is None else [(row[0], _open(dek, bytes(row[1]), row[0])) for row in rows]

    def _dek(self, connection: Connection, subject: str) -> bytes | None:
        # Locked where several write at once: nothing may be sealed under a key that is being destroyed.
        lock = "" if connection.dialect.name == "sqlite" else " FOR UPDATE"
        row = connection.exec_driver_sql(_for(connection, _FOUND) + lock, (subject,)).one_or_none()
        if row is None:
            return None
        held = self._held
        if row[1] != self.kek_id:
            raise NoKey("the key of personal content was changed; this process must be started again")
        return _open(held, bytes(row[0]), subject)

    def _made(self, connection: Connection, subject: str) -> bytes:
        wrapped = _shut(self._held, secrets.token_bytes(_KEY_BYTES), subject)
        connection.exec_driver_sql(_for(connection, _MADE), (subject, self.kek_id, wrapped, self.kek_id))
        made = self._dek(connection, subject)  # Perhaps a rival's, who was first.
        if made is None:
            raise NoKey("the key of personal content was changed; this process must be started again")
        return made

    @property
    def _held(self) -> AESGCMSIV:
        if self._kek is None:
            raise NoKey("this process holds no key of personal content")
        return self._kek


def _seal_again(connection: Connection, dek: bytes, kept: Sequence[tuple[str, bytes]]) -> None:
    for event_id, plain in kept:
        again = _shut(dek, plain, event_id)
        connection.exec_driver_sql(_for(connection, _SEALED_AGAIN), (again, event_id, PERSONAL))


def _shut(key: AESGCMSIV | bytes, plain: bytes, place: str) -> bytes:
    """Bound to its place: moved to another fact or subject, it does not open."""
    cipher = AESGCMSIV(key) if isinstance(key, bytes) else key
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plain, place.encode())


def _open(key: AESGCMSIV | bytes, shut: bytes, place: str) -> bytes:
    cipher = AESGCMSIV(key) if isinstance(key, bytes) else key
    return cipher.decrypt(shut[:_NONCE_BYTES], shut[_NONCE_BYTES:], place.encode())


def _section(plain: bytes) -> Section:
    return Section(plain[:SALT_BYTES], plain[SALT_BYTES:])


def _for(connection: Connection, sql: str) -> str:
    return sql if connection.dialect.name == "sqlite" else sql.replace("?", "%s")
