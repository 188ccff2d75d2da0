"""The machine of a dispute, whole: what is not its next is refused; and what a clawback takes is exact."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.dispute.model import Dispute
from exchange.kernel import money
from exchange.kernel.entity import Event
from exchange.kernel.errors import IllegalTransition
from exchange.wire.event_types import TYPES

ENDS = {"CLOSED", "WITHDRAWN", "REJECTED"}
FACTS: set[type[Event]] = {fact for _, fact in Dispute.NEXT}
STATES = {"NEW", *Dispute.NEXT.values()}


def test_every_state_is_reached_and_only_ends_are_final() -> None:
    left = {state for state, _ in Dispute.NEXT}

    assert left <= STATES
    assert STATES - left == ENDS
    assert {fact.WIRE_TYPE for fact in FACTS} <= TYPES


@pytest.mark.parametrize("state", sorted(STATES))
def test_every_state_refuses_every_fact_that_is_not_its_next(state: str) -> None:
    for fact in FACTS:
        dispute, event = Dispute(id="dsp_one", state=state), fact.model_construct()
        if (state, fact) not in Dispute.NEXT:
            with pytest.raises(IllegalTransition):
                dispute.then(event)


def test_thirty_per_cent_of_the_rulebooks_example() -> None:
    received = {"part_a_supplier": 540_001, "part_b_merchant": 42_000, "part_exchange": 18_000}

    assert money.share(600_001, 3_000) == 180_000
    assert list(money.in_proportion(180_000, received).values()) == [162_000, 12_600, 5_400]


@given(
    weights=st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 10**13), min_size=1).filter(
        lambda weights: sum(weights.values()) > 0
    ),
    bp=st.integers(0, 10_000),
)
def test_nobody_gives_back_more_than_it_received(weights: dict[str, int], bp: int) -> None:
    refund_fen = money.share(sum(weights.values()), bp)

    parts = money.in_proportion(refund_fen, weights)

    assert sum(parts.values()) == refund_fen
    assert all(0 <= parts[payee] <= weight for payee, weight in weights.items())
