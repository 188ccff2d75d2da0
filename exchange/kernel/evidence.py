"""A fact as it is handed to somebody who checks it without us: bytes in base64. Does not decide who may see it."""

from base64 import b64encode
from typing import Self

from pydantic import BaseModel

from exchange.kernel.unit import Opening


class OpenedFact(BaseModel):
    """The leaf, what it commits to and its salt (base64)."""

    entry: str
    content: str
    salt: str

    @classmethod
    def of(cls, opening: Opening) -> Self:
        parts = {name: b64encode(getattr(opening, name)).decode() for name in OpenedFact.model_fields}
        rest = {name: getattr(opening, name) for name in cls.model_fields if name not in parts}
        return cls(**parts, **rest)


class Evidence(OpenedFact):
    """With a proof that needs no server."""

    proof: str
