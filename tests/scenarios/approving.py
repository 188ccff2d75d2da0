"""A market whose jobs wait for somebody's approval: by their licence, or by the grade of the data."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from exchange.client.api import Exchange
from exchange.client.connection import Problem
from exchange.kernel.views import dump, rebuild
from exchange.ledger import tables
from exchange.ledger.store import Store
from tests.market import DAY_S, Market

PRICE_FEN = 10_000
DEPOSIT_FEN = 250_000


class Approving(Market):
    """A market of one grade; its licences ask for approval of each job where `each` says so."""

    def __init__(self, store: Store, home: Path, grade: str = "G2", *, each: bool = False) -> None:
        self._each, self._regulator = each, ""
        super().__init__(store, home, {"model": "P1", "price_fen": PRICE_FEN}, grade)

    @property
    def regulator(self) -> Exchange:
        self._regulator = self._regulator or self.key_of(self.admin, secrets.token_urlsafe(32), "REGULATOR")
        return self.at(self._regulator)

    def colleague(self, roles: tuple[str, ...] = ("SUPPLIER",)) -> tuple[Exchange, str]:
        """A further person of the supplier's house, and the person's id."""
        secret = secrets.token_urlsafe(32)
        key = self.supplier.issue_key(
            roles=list(roles), sha256=sha256(secret.encode()).hexdigest(), person_name="colleague"
        )
        return self.at(f"dxk_{key['id']}.{secret}"), str(key["person_id"])

    def ticks(self, *, days: int = 0) -> None:
        self.passes(days * DAY_S)
        self.clockwork.run_once()

    def types_of(self, subject: str) -> list[str]:
        """What happened to one thing, oldest first."""
        with self.store.reading() as connection:
            query = f"SELECT type FROM event WHERE subject = '{subject}' ORDER BY version"
            return [str(one) for (one,) in connection.exec_driver_sql(query)]

    def all_is_back(self) -> bool:
        return self.buyer.escrow() == {"available_fen": DEPOSIT_FEN, "held_fen": 0} and not sum(
            self.balances().values()
        )

    def views_follow(self) -> bool:
        """What is shown is what the facts say, folded again."""
        with self.store.writing() as connection:
            shown = list(dump(connection))
            rebuild(connection)
            return list(dump(connection)) == shown

    def _listed(self, template: dict[str, Any]) -> dict[str, Any]:
        return super()._listed({**template, "job_approval": self._each})

    def _graded(self, asset_id: str) -> None:
        if self.grade != "IMPORTANT":
            return super()._graded(asset_id)
        self.supplier.grading_step(asset_id, "self-grade", {"claimed": self.grade})
        self.staff["first compliance officer"].grading_step(asset_id, "review")
        self.supplier.grading_step(asset_id, "report", {"authority_ref_sha256": "0" * 64})
        self.regulator.grading_step(asset_id, "confirm")
        return None


def refusal(error: Problem) -> tuple[int, str]:
    return error.status, error.code


@contextmanager
def opened(home: Path, grade: str = "G2", *, each: bool = False) -> Iterator[Approving]:
    """Such a market for a whole module of tests, on SQLite."""
    store = Store(f"sqlite:///{home}/market.db")
    tables.create(store)
    yield Approving(store, home / "home", grade, each=each)
    store.close()
