"""What the environment says, read once. Nothing else in the product looks at the environment."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """Where things are, and how fast the log is signed. Secrets are files in a folder, never values here.

    What is mistyped is refused, not read as something else.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
    home: Path
    secrets: Path
    database_url: str
    broker_url: str
    origin: str = Field(pattern=r"^[a-z0-9./-]{3,80}$")
    cadence_ms: int = Field(ge=5, le=5_000)
    rehearsal_behind_s: int = Field(ge=0, le=366 * 86_400)
    requests_per_minute: int = Field(ge=1)
    witness_quorum: int = Field(default=0, ge=0, le=32)
    rails: Path
    bank_rail: Literal["simulator", "files"] = "simulator"
    bank_account: str = Field(default="ESCROW", pattern=r"^[A-Za-z0-9._-]{4,34}$")
    signer_socket: Path | None = None
    log_sm2: bool = False

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None) -> Self:
        env = os.environ if environment is None else environment
        home = Path(env.get("DX_HOME", "home")).resolve()
        secrets = Path(env.get("DX_SECRETS", home / "secrets"))
        found = {
            "home": home,
            "secrets": secrets,
            "database_url": _database_url(env.get("DX_DATABASE_URL", f"sqlite:///{home / 'exchange.db'}"), secrets),
            "broker_url": env.get("DX_REDIS_URL", ""),
            "origin": env.get("DX_ORIGIN", "exchange.example/market/2026"),
            "cadence_ms": env.get("DX_CADENCE_MS", 50),
            "rehearsal_behind_s": env.get("DX_REHEARSAL_BEHIND_S", 0),
            "requests_per_minute": env.get("DX_REQUESTS_PER_MINUTE", 6_000),
            "witness_quorum": env.get("DX_WITNESS_QUORUM", 0),
            "rails": Path(env.get("DX_RAILS", home / "rails")),
            "bank_rail": env.get("DX_BANK_RAIL", "simulator"),
            "bank_account": env.get("DX_BANK_ACCOUNT", "ESCROW"),
            "log_sm2": env.get("DX_LOG_SM2", False),
            "signer_socket": Path(env["DX_SIGNER"]).resolve() if env.get("DX_SIGNER") else None,
        }
        return cls.model_validate(found)

    @property
    def embedded(self) -> bool:
        """On SQLite one process writes, so the sequencer and the followers are its threads."""
        return self.database_url.startswith("sqlite")


def _database_url(url: str, secrets: Path) -> str:
    """The address, with the password from its file where there is one: an environment is too easily printed."""
    password = secrets / "database_password"
    if not password.exists() or "@" not in url:
        return url
    head, _, tail = url.partition("@")
    return f"{head}:{quote(password.read_text().strip(), safe='')}@{tail}"
