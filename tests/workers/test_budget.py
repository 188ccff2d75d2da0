"""The domain's own account of privacy: whole numbers, all accounts or none, and never below nothing."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.budget import Account, Budget, Cost
from workers.statefile import StateFile

COST = Cost(50, 7)
VERSION = Account("version:a", Cost(1_000, 1_000))
BUYER = Account("buyer:a:1", Cost(100, 1_000))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


def test_what_is_spent_is_spent_from_every_account_and_stays_so_after_a_restart(path: Path) -> None:
    assert Budget(StateFile(path)).spend("tkt_1", [VERSION, BUYER], COST)

    after = Budget(StateFile(path))

    assert after.balance("version:a") == after.balance("buyer:a:1") == (50, 7)
    assert after.spent_nrho("tkt_1") == 50
    assert after.spent_nrho("tkt_2") == 0


def test_when_one_account_has_too_little_none_is_charged(path: Path) -> None:
    budget = Budget(StateFile(path))
    spent = [budget.spend(f"tkt_{number}", [VERSION, BUYER], COST) for number in range(3)]

    assert spent == [True, True, False]
    assert budget.balance("version:a") == budget.balance("buyer:a:1") == (100, 14)
    assert budget.spent_nrho("tkt_2") == 0


def test_delta_runs_out_as_rho_does(path: Path) -> None:
    tight = Account("version:a", Cost(1_000_000, 10))
    budget = Budget(StateFile(path))

    assert [budget.spend(f"tkt_{number}", [tight], COST) for number in range(2)] == [True, False]


def test_a_ticket_spends_once(path: Path) -> None:
    budget = Budget(StateFile(path))

    assert [budget.spend("tkt_1", [VERSION], COST) for _ in range(2)] == [True, False]
    assert budget.balance("version:a") == (50, 7)


def test_buyers_who_race_for_the_last_of_it_never_overdraw(path: Path) -> None:
    budgets = [Budget(StateFile(path)) for _ in range(4)]

    def race(number: int) -> bool:
        buyer = Account(f"buyer:a:{number % 4}", Cost(10_000, 10_000))
        return budgets[number % 4].spend(f"tkt_{number}", [VERSION, buyer], COST)

    with ThreadPoolExecutor(8) as racing:
        granted = list(racing.map(race, range(60)))

    assert sum(granted) == 20
    assert budgets[0].balance("version:a") == (1_000, 140)
    assert sum(budgets[0].balance(f"buyer:a:{number}")[0] for number in range(4)) == 1_000


@settings(max_examples=25, deadline=None)
@given(asked=st.lists(st.tuples(st.integers(1, 60), st.integers(0, 60)), max_size=12))
def test_no_order_of_asking_gets_more_than_the_cap(
    tmp_path_factory: pytest.TempPathFactory, asked: list[tuple[int, int]]
) -> None:
    budget = Budget(StateFile(tmp_path_factory.mktemp("asked") / "state.db"))
    cap = Account("version:a", Cost(100, 100))

    granted = [cost for place, cost in enumerate(asked) if budget.spend(f"tkt_{place}", [cap], Cost(*cost))]

    assert budget.balance("version:a") == (sum(rho for rho, _ in granted), sum(delta for _, delta in granted))
    assert all(spent <= 100 for spent in budget.balance("version:a"))


def test_an_answer_is_stored_once_and_found_again(path: Path) -> None:
    budget = Budget(StateFile(path))
    budget.store("a" * 64, b"first")
    budget.store("a" * 64, b"second")

    assert Budget(StateFile(path)).stored("a" * 64) == b"first"
    assert budget.stored("b" * 64) is None


@pytest.mark.parametrize("cost", [(0, 5), (-1, 5), (5, -1)], ids=str)
def test_an_answer_that_costs_nothing_is_no_cost(cost: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="costs"):
        Cost(*cost)
