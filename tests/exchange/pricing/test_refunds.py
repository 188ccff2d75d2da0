"""The rules of refunds as code asks for them: a case in, one rule out; and the sums of rulebook 4.8 to the fen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.pricing import refunds as sums
from policies.engine import PolicyRefused, load_policies
from policies.refunds import RefundCase, refund, whole

POLICIES = load_policies()


def test_every_case_of_the_table_has_a_name_in_code() -> None:
    assert {case.value for case in RefundCase} == POLICIES.tables["refunds"].inputs["refund_case"].atoms(())


@pytest.mark.parametrize(
    ("case", "rule"),
    [
        (RefundCase.CANCELLED_BEFORE_DELIVERY, "R1"),
        (RefundCase.NOT_DELIVERED, "R2"),
        (RefundCase.OUTPUT_SUPPRESSED, "R7"),
        (RefundCase.JOB_ABORTED, "R8"),
        (RefundCase.JOB_FAILED, "R8"),
    ],
)
def test_what_was_not_delivered_goes_back_whole(case: RefundCase, rule: str) -> None:
    assert whole(POLICIES, case) == rule


@pytest.mark.parametrize("case", [RefundCase.QUALITY_DEFECT, RefundCase.CONSENT_WITHDRAWN, RefundCase.REGULATOR_STOP])
def test_a_case_that_keeps_some_of_the_price_is_not_a_whole_refund(case: RefundCase) -> None:
    with pytest.raises(PolicyRefused):
        whole(POLICIES, case)


def test_only_a_metered_price_is_stopped_early() -> None:
    assert refund(POLICIES, RefundCase.METERED_STOPPED, metered=True).formula == "PREPAID_LESS_USED"
    with pytest.raises(PolicyRefused):
        refund(POLICIES, RefundCase.METERED_STOPPED)


def test_the_sums_of_the_rulebook_are_exact() -> None:
    assert sums.prepaid_less_used(100_000, 34_566_000) == 96_543
    assert sums.unused_days(1_200_000, 73, 365) == 960_000
    assert sums.unused_days(3_000_000, 100, 365) == 2_178_083
    assert sums.defect_share(600_001, 3_000) == 180_000


@given(price=st.integers(0, 10**13), used=st.integers(0, 400), term=st.integers(1, 400))
def test_a_refund_never_exceeds_the_price(price: int, used: int, term: int) -> None:
    if used > term:
        with pytest.raises(ValueError, match="days"):
            sums.unused_days(price, used, term)
    else:
        assert 0 <= sums.unused_days(price, used, term) <= price
