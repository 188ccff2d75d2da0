"""The worked examples of rulebook 4.5 for models no order uses yet, to the fen, and what holds whatever the numbers."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.kernel import money
from exchange.pricing import formulas, valuation
from exchange.pricing.formulas import Award, Bid, Tier

TIERS = (Tier(10_000, 50_000), Tier(100_000, 40_000), Tier(None, 30_000))
amounts = st.integers(0, 10**12)


@pytest.mark.parametrize(
    ("calls", "fen"), [(0, 0), (9_999, 49_995), (10_000, 50_000), (10_001, 50_004), (123_456, 480_368)]
)
def test_tiers_are_graduated(calls: int, fen: int) -> None:
    assert money.close(formulas.tiered(calls, TIERS)) == fen


@pytest.mark.parametrize("tiers", [(), (Tier(10, 1),), (Tier(None, 1), Tier(None, 1)),
                                   (Tier(10, 2), Tier(10, 1), Tier(None, 1))])  # fmt: skip
def test_tiers_that_do_not_rise_to_no_end_are_refused(tiers: tuple[Tier, ...]) -> None:
    with pytest.raises(ValueError, match="tier"):
        formulas.tiered(5, tiers)


def test_usage_is_rows_and_cpu() -> None:
    assert money.bill(formulas.usage(2_000_000, 15, 3_600, 2_500)) == (3_900, 0)


def test_a_subscription_costs_its_fee_and_what_goes_beyond_its_quota() -> None:
    assert 500_000 + money.close(formulas.overage(137_250, 100_000, 40_000)) == 649_000
    assert formulas.overage(99_999, 100_000, 40_000) == 0


@pytest.mark.parametrize(("fee", "days", "earned"), [(1_200_000, 73, 240_000), (3_000_000, 100, 821_917)])
def test_a_subscription_is_earned_by_the_day(fee: int, days: int, earned: int) -> None:
    assert formulas.subscription_accrued(fee, days, 365) == earned


@pytest.mark.parametrize(
    ("revenue", "price"), [(10_000_000, 2_000_000), (123_456_789, 6_172_839), (500_000_000, 20_000_000)]
)
def test_a_revenue_share_lies_between_floor_and_cap(revenue: int, price: int) -> None:
    assert formulas.revenue_share(revenue, 500, 2_000_000, 20_000_000) == price


def test_the_winner_pays_the_second_bid_or_the_reserve() -> None:
    a, b, c = Bid("A", 500_000, 1), Bid("B", 750_000, 5), Bid("C", 750_000, 3)

    assert formulas.second_price([a, b], 400_000) == Award("B", 500_000)
    assert formulas.second_price([Bid("A", 600_000, 1)], 400_000) == Award("A", 400_000)
    assert formulas.second_price([b, c], 400_000) == Award("C", 750_000)
    assert formulas.second_price([a], 500_001) is None


def test_privacy_is_paid_by_what_is_spent() -> None:
    assert formulas.privacy(200_000, 150_000, 800_000) == 320_000


def test_an_excess_is_deducted_from_the_next_allowance() -> None:
    first = formulas.allowed_revenue(80_000_000, 800, 0, 0)

    assert first == 86_400_000
    assert formulas.allowed_revenue(82_000_000, 800, first, 90_000_000) == 84_960_000


def test_an_asset_is_valued_by_three_methods() -> None:
    assert valuation.by_cost(120_000_000, 1_500, 8_000) == 110_400_000
    assert valuation.by_income([40_000_000, 44_000_000, 48_400_000], 1_200) == 105_240_980
    assert valuation.by_market(100_000_000, [11_000, 9_500]) == 104_500_000


@given(calls=st.integers(0, 200_000), more=st.integers(0, 1_000))
def test_more_calls_never_cost_less(calls: int, more: int) -> None:
    assert formulas.tiered(calls, TIERS) <= formulas.tiered(calls + more, TIERS)


@given(st.lists(amounts, min_size=1, max_size=6), amounts)
def test_nobody_pays_more_than_was_bid_nor_less_than_the_reserve(offers: list[int], reserve: int) -> None:
    bids = [Bid(f"b{n}", offer, n) for n, offer in enumerate(offers)]

    award = formulas.second_price(bids, reserve)

    assert (award is None) == (max(offers) < reserve)
    assert award is None or reserve <= award.price_fen <= max(offers)


@given(fee=amounts, term=st.integers(1, 400), data=st.data())
def test_a_term_is_earned_whole_and_never_twice(fee: int, term: int, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, term), max_size=5)))
    days = [0, *cuts, term]

    billed = [
        formulas.subscription_accrued(fee, later, term) - formulas.subscription_accrued(fee, earlier, term)
        for earlier, later in pairwise(days)
    ]

    assert sum(billed) == fee
    assert min(billed) >= 0


@pytest.mark.parametrize("amount", [-1, -(10**12)])
def test_nothing_negative_is_priced(amount: int) -> None:
    for priced in (
        lambda: formulas.usage(amount, 1, 1, 1),
        lambda: formulas.privacy(amount, 1, 1),
        lambda: formulas.revenue_share(amount, 1, 0, 1),
        lambda: formulas.second_price([Bid("A", amount, 1)], 0),
        lambda: valuation.by_cost(amount, 0, 0),
    ):
        with pytest.raises(ValueError, match="negative"):
            priced()
