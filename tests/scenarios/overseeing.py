"""A market with its regulator and its arbiter, for what oversight finds and does."""

import secrets
from pathlib import Path
from typing import Any

import pytest

from exchange.client.connection import Problem
from exchange.ledger.store import Store
from exchange.ledger.tables import create
from tests.market import DAY_S, Market

D = "0" * 64


class Overseen(Market):
    """`regulator` and `officer` act; `second` is an officer who was not involved."""

    def __init__(self, store: Store, home: Path, price: dict[str, Any] | None = None) -> None:
        super().__init__(store, home, price)
        self.regulator = self.at(self.key_of(self.admin, secrets.token_urlsafe(32), "REGULATOR"))
        self.officer = self.staff["first compliance officer"]
        self.second = self.staff["second compliance officer"]

    def id_of(self, name: str) -> str:
        return self.wallets[name].identity.participant_id

    def ticks(self, days: int = 0) -> None:
        self.passes(days * DAY_S)
        self.clockwork.run_once()

    def finding(self, name: str, ground: str, **more: Any) -> dict[str, Any]:
        return {"ground": ground, "participant_id": self.id_of(name), "finding_sha256": "f" * 64, **more}

    def types_of(self, subject: str) -> list[str]:
        self.logs()
        return [one["type"] for one in self.regulator.http.pages(f"/v1/audit/facts?subject={subject}")]


def opened(folder: Path, **more: Any) -> Overseen:
    """A market of its own on SQLite."""
    store = Store(f"sqlite:///{folder}/log.db")
    create(store)
    return Overseen(store, folder / "home", **more)


def refused(step: Any, *said: Any, **named: Any) -> tuple[int, str]:
    with pytest.raises(Problem) as told:
        step(*said, **named)
    return told.value.status, told.value.code
