"""A provider's domain on disk: who it is, whom it trusts, what it holds. Its keys never leave this folder.

domain.json      name, exchange address, the exchange's keys as pinned at onboarding
secrets/         signing.seed, witness.seed, api.key, broker.password, postgres.conninfo where it has one   (0600)
controls/        one file a set of controls, by digest
data/            one Parquet file a table, or a note (.postgres) that it lies in the provider's own database
state.db         claims, outbox, the newest checkpoint seen, what contradicted it
"""

import json
import os
import secrets
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from exchange.wire.acts import Domain as DomainName
from exchange.wire.controls import controls_digest
from exchange.wire.cosignatures import WitnessKey
from exchange.wire.keys import PrivateKey, PublicKey
from policies.disclosure import ControlsRefused


class Trusted(BaseModel):
    """What the provider pinned when it joined: nothing of it is ever learnt from a message."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    domain: DomainName
    exchange_url: str = Field(max_length=200)
    exchange_key: str = Field(max_length=400)
    log_vkeys: tuple[str, ...] = Field(min_length=2, max_length=8)
    log_root: str = Field(default="", max_length=400)
    """Whose word changes the log's keys; empty, they never change here."""
    broker_url: str = Field(max_length=300)


class Domain:
    """One domain's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def made(cls, folder: Path) -> Self:
        """A new folder with fresh keys, readable by its owner alone."""
        for part in ("", "secrets", "controls", "data"):
            (folder / part).mkdir(mode=0o700, parents=True, exist_ok=True)
        domain = cls(folder)
        fresh = {
            "signing.seed": PrivateKey.generated().seed.hex(),
            "witness.seed": secrets.token_bytes(32).hex(),
            "api.secret": _secret(),
            "broker.password": _secret(),
        }
        for name, value in fresh.items():
            if not (folder / "secrets" / name).exists():
                domain.keep_secret(name, value)
        return domain

    @cached_property
    def trusted(self) -> Trusted:
        return Trusted.model_validate_json((self.folder / "domain.json").read_bytes())

    def trust(self, trusted: Trusted) -> None:
        """Pin whom to trust. Done once, by a person, at onboarding."""
        _write(self.folder / "domain.json", trusted.model_dump_json(indent=1).encode())

    @property
    def name(self) -> str:
        return self.trusted.domain

    @property
    def exchange_key(self) -> PublicKey:
        return PublicKey.parsed(self.trusted.exchange_key)

    @cached_property
    def key(self) -> PrivateKey:
        return PrivateKey(bytes.fromhex(self.secret("signing.seed")))

    @property
    def witness_key(self) -> WitnessKey:
        """The key that vouches for the log, and does nothing else."""
        return WitnessKey(self.name, bytes.fromhex(self.secret("witness.seed")))

    def secret(self, name: str) -> str:
        return (self.folder / "secrets" / name).read_text().strip()

    def keep_secret(self, name: str, value: str) -> None:
        _write(self.folder / "secrets" / name, value.encode())

    def kept(self, name: str) -> bytes:
        """A file of the folder; empty if there is none."""
        path = self.folder / name
        return path.read_bytes() if path.is_file() else b""

    def keep(self, name: str, data: bytes) -> None:
        _write(self.folder / name, data)

    def keep_controls(self, tables: dict[str, Any]) -> str:
        """Keep what queries may do with some tables; answers with the digest licences and tickets name it by."""
        digest = controls_digest(tables)
        _write(self.folder / "controls" / f"{digest}.json", json.dumps(tables, sort_keys=True).encode())
        return digest

    def controls(self, digest: str) -> dict[str, Any] | None:
        """The tables of a digest, or None when this domain never declared such controls.

        A file with a word nobody knows, or that says another thing than its name, was not declared either.
        """
        path = self.folder / "controls" / f"{digest}.json"
        try:
            tables: dict[str, Any] = json.loads(path.read_bytes())
            return tables if controls_digest(tables) == digest else None
        except (OSError, ValueError, ControlsRefused):
            return None

    def roster(self) -> dict[str, dict[str, str]]:
        """Who bears which pseudonym: table → pseudonym → unit. Read anew for each job."""
        files = sorted((self.folder / "roster").glob("*.json"))
        return {file.stem: json.loads(file.read_bytes()) for file in files}

    def enrol(self, table: str, pseudonym: str, unit: str) -> None:
        """This pseudonym is that unit of the table."""
        place = self.folder / "roster" / f"{table}.json"
        place.parent.mkdir(mode=0o700, exist_ok=True)
        known = json.loads(place.read_bytes()) if place.is_file() else {}
        _write(place, json.dumps({**known, pseudonym: unit}, sort_keys=True).encode())

    def tables(self) -> dict[str, Path]:
        return {path.stem: path for path in sorted((self.folder / "data").glob("*.parquet"))}

    def tables_in_postgres(self) -> frozenset[str]:
        return frozenset(path.stem for path in (self.folder / "data").glob("*.postgres"))

    def hold_in_postgres(self, table: str, fingerprint: str) -> None:
        """From now on a table is the database's: what was prepared of it as a file is no longer read."""
        _write(self.folder / "data" / f"{table}.postgres", fingerprint.encode())
        (self.folder / "data" / f"{table}.parquet").unlink(missing_ok=True)


def _secret() -> str:
    return secrets.token_urlsafe(32)


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all, and readable by the owner alone."""
    scratch = path.with_name(path.name + ".part")
    handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    scratch.replace(path)
