"""A participant's keys at home. The exchange is sent a hash and two public keys; nothing secret ever leaves the folder.

api.secret       makes the credential; only its SHA-256 is sent
signing.seed     signs the rulebook and licences
opening.seed     opens sealed results
identity.json    who the exchange says this is: participant and API key
"""

import hashlib
import os
import secrets
import stat
from functools import cached_property
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from exchange.wire.acts import Id
from exchange.wire.keys import PrivateKey
from exchange.wire.sealing import OpeningKey

_SEEDS = {"signing.seed": 32, "opening.seed": 96}
_SECRET_CHARACTERS_MIN = 32


class WalletRefused(Exception):
    """The folder is not a wallet of one's own. The message never shows what is in a file."""


class Identity(BaseModel):
    """What the exchange answered to an application."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    participant_id: Id
    key_id: Annotated[str, Field(pattern=r"^key_[a-z0-9]{20,40}$")]


class Wallet:
    """One folder, readable by its owner alone."""

    def __init__(self, folder: Path) -> None:
        """Open a wallet; one that others could read is refused."""
        self.folder = folder
        if not folder.is_dir():
            raise WalletRefused("there is no wallet here; `dex wallet make` makes one")
        if stat.S_IMODE(folder.stat().st_mode) & 0o077:
            raise WalletRefused("others can look into this folder; make it 0700")

    @classmethod
    def made(cls, folder: Path) -> Self:
        """A wallet with fresh keys. What is there already is kept, so a repetition loses no key."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        wallet = cls(folder)
        fresh = {
            "api.secret": secrets.token_urlsafe(32),
            "signing.seed": PrivateKey.generated().seed.hex(),
            "opening.seed": OpeningKey.generated().seed.hex(),
        }
        for name, text in fresh.items():
            if not (folder / name).exists():
                _write(folder / name, text)
        return wallet

    @property
    def secret_sha256(self) -> str:
        """What an application, or a rotation, sends in place of the secret."""
        return hashlib.sha256(self._secret.encode()).hexdigest()

    @property
    def credential(self) -> str:
        return f"dxk_{self.identity.key_id}.{self._secret}"

    @cached_property
    def signing_key(self) -> PrivateKey:
        return PrivateKey(self._seed("signing.seed"))

    @cached_property
    def opening_key(self) -> OpeningKey:
        return OpeningKey(self._seed("opening.seed"))

    @property
    def is_known(self) -> bool:
        """Whether the exchange has given this wallet a key id."""
        return (self.folder / "identity.json").exists()

    @cached_property
    def identity(self) -> Identity:
        try:
            return Identity.model_validate_json(self._read("identity.json"))
        except ValidationError:
            raise WalletRefused("identity.json is damaged") from None

    def learn(self, participant_id: str, key_id: str) -> None:
        """Keep who the exchange says this is. A wallet is one key of one participant, once and for all."""
        try:
            identity = Identity(participant_id=participant_id, key_id=key_id)
        except ValidationError:
            raise WalletRefused("these are not the ids of a participant and a key") from None
        if self.is_known and self.identity != identity:
            raise WalletRefused("this wallet is somebody already; make another folder")
        _write(self.folder / "identity.json", identity.model_dump_json())
        self.__dict__.pop("identity", None)

    @cached_property
    def _secret(self) -> str:
        secret = self._read("api.secret").strip()
        if len(secret) < _SECRET_CHARACTERS_MIN:
            raise WalletRefused("api.secret is damaged")
        return secret

    def _seed(self, name: str) -> bytes:
        try:
            seed = bytes.fromhex(self._read(name))
        except ValueError:
            seed = b""
        if len(seed) != _SEEDS[name]:
            raise WalletRefused(f"{name} is damaged")
        return seed

    def _read(self, name: str) -> str:
        path = self.folder / name
        try:
            if stat.S_IMODE(path.stat().st_mode) & 0o077:
                raise WalletRefused(f"others can read {name}; make it 0600")
            return path.read_text()
        except (OSError, UnicodeDecodeError):
            raise WalletRefused(f"{name} is missing") from None

    def __repr__(self) -> str:
        return "Wallet(…)"


def _write(path: Path, text: str) -> None:
    """Whole or not at all, and never readable by others, not even for a moment."""
    scratch = path.with_name(f"{path.name}.{os.getpid()}.part")
    handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    scratch.replace(path)
