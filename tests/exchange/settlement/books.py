"""A small set of books for the tests of money: real store, real policies, a simulated bank, people with their roles."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlmodel import SQLModel

from exchange.kernel import views as kernel_views
from exchange.kernel.caller import CLOCKWORK, Caller, Role
from exchange.kernel.unit import Ground, Unit
from exchange.ledger.store import Store
from exchange.settlement import lines, paying, service, views
from exchange.settlement.model import Batch
from exchange.settlement.open_rails import opened
from exchange.settlement.rails import RailAnswer, RailStatus
from exchange.settlement.simulated import Fault, Simulator
from exchange.settlement.teller import Teller
from policies.engine import load_policies

POLICIES = load_policies()
BANK_CO = Caller("part_bank", "per_bo", frozenset({Role.BUYER}))
OTHER_CO = Caller("part_other", "per_oz", frozenset({Role.BUYER}))
STAFF = Caller("part_exchange", "per_sam", frozenset({Role.SETTLEMENT}))
SECOND = Caller("part_exchange", "per_sue", frozenset({Role.SETTLEMENT}))
PAYEES = {"SUPPLIER": "part_a_power", "MERCHANT": "part_b_dm", "EXCHANGE": "part_exchange"}


@dataclass
class HandClock:
    """Stands still until it is set."""

    now: int = 0

    def __call__(self) -> int:
        return self.now

    def set(self, year: int, month: int, day: int, hour: int) -> None:
        """An hour of a day in Shanghai."""
        self.now = int(datetime(year, month, day, hour, tzinfo=UTC).timestamp() - 8 * 3600) * 1_000_000

    def forward(self, seconds: int) -> None:
        self.now += seconds * 1_000_000


class Books:
    def __init__(self, store: Store, faults: Iterable[Fault] = ()) -> None:
        self.clock = HandClock()
        self.clock.set(2026, 4, 1, 10)
        self.ground = Ground(store, self.clock, POLICIES)
        self.rails = opened(self.ground, None)
        self.teller = Teller(self.ground, self.rails)
        self.bank.rehearse(faults)

    @property
    def bank(self) -> Simulator:
        assert isinstance(self.rails.bank, Simulator)
        return self.rails.bank

    @contextmanager
    def by(self, caller: Caller) -> Iterator[Unit]:
        with self.ground.writing(caller) as unit:
            yield unit

    def fund(self, caller: Caller, amount_fen: int, reference: str) -> None:
        confirmed = RailAnswer(RailStatus.PAID, amount_fen, "sim")
        with self.by(caller) as unit:
            service.fund(unit, "bank", confirmed, amount_fen=amount_fen, rail_reference=reference)

    def hold(self, order_id: str, amount_fen: int, caller: Caller = BANK_CO) -> None:
        with self.by(caller) as unit:
            service.hold(unit, order_id=order_id, payer_id=caller.participant_id, amount_fen=amount_fen, refs=())

    def capture(self, order_id: str, amount_fen: int, template: str = "T1") -> None:
        payees = {**PAYEES, "POOL": lines.pool_of("ast_people"), "FISCAL": "part_fiscal", "QUALITY": "part_quality"}
        with self.by(CLOCKWORK) as unit:
            service.capture(unit, order_id, amount_fen)
            service.accrue(unit, order_id=order_id, gross_fen=amount_fen, template=template, payees=payees, refs=())

    def accept(self, order_id: str) -> None:
        with self.by(CLOCKWORK) as unit:
            service.make_eligible(unit, order_id)

    def close_day(self) -> Batch:
        with self.by(STAFF) as unit:
            return paying.close_day(unit)

    def pay(self, batch_id: str) -> Batch:
        """Ordered, and everything told to the rails that can be told now."""
        with self.by(STAFF) as unit:
            paying.pay(unit, batch_id)
        self.teller.run_once()
        with self.ground.reading(STAFF) as unit:
            return unit.get(Batch, batch_id)

    def payout_id(self, order_id: str, payee_id: str) -> str:
        with self.ground.reading(STAFF) as unit:
            return service.settlement_of(unit, order_id).payout_id(payee_id)

    def balance(self, account: str) -> int:
        with self.ground.reading(STAFF) as unit:
            return views.balance_fen(unit.connection, account)

    def balances(self) -> dict[str, int]:
        table = SQLModel.metadata.tables["balance"]
        with self.ground.reading(STAFF) as unit:
            return {row[0]: row[1] for row in unit.connection.execute(select(table.c.id, table.c.amount_fen))}

    def check(self) -> None:
        """What must hold after anything: zero in all, only the world outside and debtors negative, views rebuilt."""
        balances = self.balances()
        assert sum(balances.values()) == 0
        owing = {account: amount for account, amount in balances.items() if account.startswith("receivable:")}
        assert all(amount >= 0 for account, amount in balances.items() if account not in (lines.BANK, *owing))
        assert all(amount <= 0 for amount in owing.values())
        with self.ground.store.writing() as connection:
            live = list(kernel_views.dump(connection))
            kernel_views.rebuild(connection)
            assert list(kernel_views.dump(connection)) == live
