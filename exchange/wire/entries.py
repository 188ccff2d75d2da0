"""A log entry: the leaf of the tree. It carries ids and salted commitments, never the content they commit to."""

from base64 import b64encode
from hashlib import sha256
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from exchange.wire import canonical
from exchange.wire.acts import Id
from exchange.wire.canonical import INTEGER_MAX, NotCanonical
from exchange.wire.envelope import pae

SECTION_TYPE = "application/vnd.dx.section+json"
ENTRY_BYTES_MAX = 8192
SALT_BYTES = 32
PERSONAL = "personal"
"""The section about a person: sealed at rest, opened for no fold, and the one that can be erased."""

EventType = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}\.[a-z][a-z0-9_]{0,39}$")]
SectionName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class BadEntry(ValueError):
    """The bytes are not a well-formed entry. The message never echoes them."""


class Commit(BaseModel):
    """Binds one erasable section: whoever has the salt and the content can prove it, nobody else can guess it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    alg: Literal["sha256-salted/1"] = "sha256-salted/1"
    tag: str = Field(pattern=r"^[A-Za-z0-9+/]{43}=$")
    what: SectionName


class Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    actor: Id
    at: int = Field(ge=0, le=INTEGER_MAX)  # Microseconds since the epoch.
    commit: tuple[Commit, ...] = Field(default=(), max_length=16)
    id: Id
    refs: tuple[Id, ...] = Field(default=(), max_length=32)
    rule: str = Field(pattern=r"^[A-Za-z0-9._:-]{1,80}$")
    subject: Id
    type: EventType
    v: Literal[1] = 1
    version: int = Field(ge=1, le=INTEGER_MAX)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({one.what for one in self.commit}) != len(self.commit):
            raise ValueError("a section is committed to twice")
        if len(set(self.refs)) != len(self.refs) or self.id in self.refs:
            raise ValueError("a reference is repeated, or is to the entry itself")
        return self

    def encode(self) -> bytes:
        """The leaf bytes: what is stored, hashed and served, once and for all."""
        data = canonical.encode(
            {
                "actor": self.actor,
                "at": self.at,
                "commit": [{"alg": one.alg, "tag": one.tag, "what": one.what} for one in self.commit],
                "id": self.id,
                "refs": self.refs,
                "rule": self.rule,
                "subject": self.subject,
                "type": self.type,
                "v": self.v,
                "version": self.version,
            }
        )
        if len(data) > ENTRY_BYTES_MAX:
            raise BadEntry("the entry is too large")
        return data

    @classmethod
    def opened(cls, data: bytes) -> Self:
        """The entry of bytes from outside: exactly canonical, all fields, nothing else."""
        if len(data) > ENTRY_BYTES_MAX:
            raise BadEntry("the entry is too large")
        try:
            canonical.decode(data)
            entry = cls.model_validate_json(data)
        except (NotCanonical, ValidationError):
            raise BadEntry("the bytes are not an entry") from None
        if entry.encode() != data:  # A field left to its default is a second byte form of the same entry.
            raise BadEntry("the entry does not name all its fields")
        return entry


def commitment(salt: bytes, payload_type: str, payload: bytes) -> str:
    """Hiding by a 256-bit salt, binding by collision resistance; any sha256 tool can compute it."""
    if len(salt) != SALT_BYTES:
        raise ValueError("a salt has 32 bytes")
    return b64encode(sha256(b"commit/1\x00" + salt + pae(payload_type, payload)).digest()).decode()
