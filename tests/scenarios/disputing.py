"""A market in which one order of 600,001 fen is delivered, accepted or paid, and may be contested."""

import secrets
from pathlib import Path

from exchange.client.api import Exchange
from exchange.client.connection import Problem
from exchange.kernel.views import dump, rebuild
from exchange.ledger.store import Store
from tests.market import DAY_S, Market

GROSS_FEN, D = 600_001, "0" * 64
PRICE = {"model": "P11", "price_fen": GROSS_FEN, "quote_digest": "a" * 64}


class Disputed(Market):
    """The market of the scenarios with an arbiter, a dearer price and a buyer who can pay it twice."""

    def __init__(self, store: Store, home: Path) -> None:
        super().__init__(store, home, PRICE)
        self.buyer.deposit(2 * GROSS_FEN - 250_000, "bank-slip-0003")
        self.licence_id = self.licence()
        self.arbiter = self.on_duty("ARBITER")

    def on_duty(self, role: str) -> Exchange:
        return self.at(self.key_of(self.admin, secrets.token_urlsafe(32), role))

    def delivered(self) -> str:
        order_id = self.ordered(self.licence_id)
        self.works()
        return order_id

    def settled(self) -> str:
        """Delivered on Monday, 23 March, accepted at once and paid the day after."""
        order_id = self.delivered()
        self.buyer.accept(order_id)
        self.paid()
        return order_id

    def paid(self, days: int = 1) -> None:
        clerk = self.staff["settlement clerk"]
        batch = clerk.close_day()
        self.passes(days * DAY_S)
        clerk.pay(batch["id"])
        self.teller.run_once()
        assert clerk.money.batch(batch["id"])["state"] == "PAID"

    def ticks(self, days: int = 0) -> None:
        self.passes(days * DAY_S)
        self.clockwork.run_once()

    def decides(self, dispute_id: str, refund_bp: int, fault: str = "PROVIDER") -> str:
        """The state in which the dispute is after the arbiter's decision."""
        return self.decides_as(self.arbiter, dispute_id, refund_bp, fault)

    @staticmethod
    def decides_as(judge: Exchange, dispute_id: str, refund_bp: int = 0, fault: str = "NONE") -> str:
        said = {"outcome": "UPHELD" if refund_bp else "DISMISSED", "fault": fault, "reasons_sha256": D}
        return str(judge.disputes.decide(dispute_id, refund_bp=refund_bp, **said)["state"])

    def statement(self, who: Exchange) -> list[int]:
        return sorted((int(line["amount_fen"]) for line in who.statements()), reverse=True)

    def of_exchange(self) -> list[int]:
        with self.store.reading() as connection:
            rows = connection.exec_driver_sql("SELECT amount_fen FROM statement_line WHERE payee_id = 'part_exchange'")
            return sorted((int(one) for (one,) in rows), reverse=True)

    def id_of(self, name: str) -> str:
        return self.wallets[name].identity.participant_id

    def holds(self) -> None:
        """Nothing is made or lost; only the world outside and who owes something are below zero; views follow."""
        balances = self.balances()
        assert sum(balances.values()) == 0
        assert [name for name, fen in balances.items() if fen < 0 and not name.startswith(("rail:", "receiv"))] == []
        assert [name for name, fen in balances.items() if fen > 0 and name.startswith("receiv")] == []
        with self.store.writing() as connection:
            shown = list(dump(connection))
            rebuild(connection)
            assert list(dump(connection)) == shown


def refusal(error: Problem) -> tuple[int, str]:
    return error.status, error.code
