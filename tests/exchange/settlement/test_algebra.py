"""What holds for all money, whatever happens: nothing is made, nothing is lost, no state is reached unlawfully."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from exchange.kernel import money
from exchange.kernel.caller import CLOCKWORK
from exchange.kernel.entity import Entity, Event
from exchange.kernel.errors import ExchangeError, IllegalTransition
from exchange.ledger import tables
from exchange.ledger.store import Store
from exchange.pricing.model import Meter
from exchange.settlement import refunds, service
from exchange.settlement.deposits import Deposit, EscrowFunded
from exchange.settlement.lines import Line, moved
from exchange.settlement.model import Batch, Hold, Settlement
from exchange.settlement.payout import Payout
from exchange.settlement.simulated import Fault
from tests.exchange.settlement.books import BANK_CO, OTHER_CO, Books

KINDS: tuple[type[Entity], ...] = (Deposit, Hold, Settlement, Batch, Payout, Meter)
ORDERS = [f"ord_{n}" for n in range(4)]

STEP = st.one_of(
    st.tuples(st.just("fund"), st.sampled_from(["in-1", "in-2", "in-3"]), st.integers(0, 400)),
    st.tuples(st.just("hold"), st.sampled_from(ORDERS), st.integers(0, 300)),
    st.tuples(st.just("capture"), st.sampled_from(ORDERS), st.integers(0, 300)),
    st.tuples(st.sampled_from(["release", "accept", "hold_back", "let_go"]), st.sampled_from(ORDERS), st.just(0)),
    st.tuples(st.sampled_from(["contest", "conclude"]), st.sampled_from(ORDERS), st.integers(0, 300)),
    st.tuples(st.sampled_from(["close_day", "pay"]), st.just(""), st.integers(0, 2_000)),
)


class Walk:
    """A market in which anything may be asked at any time; what is refused must leave no trace."""

    def __init__(self, store: Store, faults: list[Fault]) -> None:
        self.books = Books(store, faults)
        self.batches: list[str] = []

    def step(self, verb: str, about: str, amount: int) -> None:
        before = self.books.balances()
        try:
            self._do(verb, about, amount)
        except ExchangeError:
            assert self.books.balances() == before

    def _do(self, verb: str, about: str, amount: int) -> None:
        books, caller = self.books, (BANK_CO if amount % 2 else OTHER_CO)
        match verb:
            case "fund":
                books.fund(caller, amount, about)
            case "hold":
                books.hold(about, amount, caller)
            case "capture":
                books.capture(about, amount, ("T1", "T2", "T3")[amount % 3])
            case "release":
                with books.by(CLOCKWORK) as unit:
                    service.release(unit, about, "R8")
            case "accept":
                books.accept(about)
            case "hold_back" | "let_go":
                with books.by(CLOCKWORK) as unit:
                    {"hold_back": service.hold_back, "let_go": service.let_go}[verb](unit, about, "dsp_one")
            case "contest":
                with books.by(CLOCKWORK) as unit:
                    refunds.hold_disputed(unit, about, f"dsp_{about}")
            case "conclude":
                with books.by(CLOCKWORK) as unit:
                    refunds.conclude_disputed(unit, about, f"dsp_{about}", amount, "R6")
            case "close_day":
                self.batches.append(books.close_day().id)
            case "pay":
                books.clock.forward(86_400 * (amount % 3) + amount)
                for batch_id in self.batches:
                    books.pay(batch_id)


@settings(max_examples=40, deadline=None)
@given(steps=st.lists(STEP, max_size=40), faults=st.lists(st.sampled_from(Fault), max_size=6))
def test_no_walk_makes_or_loses_a_fen(steps: list[tuple[str, str, int]], faults: list[Fault]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{Path(folder)}/walk.db")
        tables.create(store)
        walk = Walk(store, faults)
        for step in steps:
            walk.step(*step)
        walk.books.check()
        store.close()


@given(
    amount=st.integers(0, 10**15),
    cuts=st.lists(st.integers(0, 10_000), max_size=6),
)
def test_a_split_is_exact_and_fair_to_a_fen(amount: int, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), 10_000]
    shares = {f"part_{n}": edges[n + 1] - edges[n] for n in range(len(edges) - 1)}

    parts = money.split(amount, shares)

    assert sum(parts.values()) == amount
    assert all(abs(parts[payee] * 10_000 - amount * bp) < 10_000 for payee, bp in shares.items())


@given(parts=st.dictionaries(st.sampled_from(["held:a", "payable:b", "escrow:c"]), st.integers(-50, 50)))
def test_moving_money_is_always_balanced(parts: dict[str, int]) -> None:
    posting = moved("rail:bank", parts)

    fact = EscrowFunded(payer_id="part_a", amount_fen=1, rail_reference="r", by="per_a", lines=posting)
    assert sum(line.amount_fen for line in fact.lines) == 0


@pytest.mark.parametrize(
    "amounts",
    [{"escrow:a": 1}, {"rail:bank": -2, "escrow:a": 1}, {"rail:bank": 0}],
    ids=["one leg", "a fen short", "nothing moved"],
)
def test_a_posting_that_does_not_balance_is_no_fact(amounts: Mapping[str, int]) -> None:
    wrong = tuple(Line(account=account, amount_fen=fen) for account, fen in amounts.items())

    with pytest.raises(ValidationError):
        EscrowFunded(payer_id="part_a", amount_fen=1, rail_reference="r", by="per_a", lines=wrong)


@pytest.mark.parametrize("account", ["bank", "rail:", "cash:me", "escrow:a b", "escrow:a:b"])
def test_there_are_no_other_kinds_of_account(account: str) -> None:
    with pytest.raises(ValidationError):
        Line(account=account, amount_fen=1)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_state_refuses_every_fact_that_is_not_its_next(kind: type[Entity]) -> None:
    facts: set[type[Event]] = {fact for _, fact in kind.NEXT}
    states = {"NEW", *(state for state, _ in kind.NEXT), *kind.NEXT.values()}

    for state in states:
        for fact in facts:
            # Built without its fields: which facts are next depends on the kind of a fact alone.
            event, thing = fact.model_construct(), kind(id="xx_one", state=state)
            if (state, fact) in kind.NEXT:
                assert kind.NEXT[state, fact] in states
            else:
                with pytest.raises(IllegalTransition):
                    thing.then(event)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_state_can_be_reached(kind: type[Entity]) -> None:
    reached = {"NEW"}
    for _ in kind.NEXT:
        reached |= {after for (before, _fact), after in kind.NEXT.items() if before in reached}

    assert reached >= {state for state, _ in kind.NEXT} | set(kind.NEXT.values())
