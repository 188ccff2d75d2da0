"""The examples of rulebook 4.5, to the fen, and what holds for every price."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.kernel import money
from exchange.kernel.caller import CLOCKWORK
from exchange.kernel.errors import IllegalTransition
from exchange.kernel.unit import Ground
from exchange.ledger import tables
from exchange.ledger.store import Store
from exchange.pricing import service
from exchange.pricing.model import Conditions, FixedCharge, PerCallCharge, charge, quote
from exchange.wire.licences import FixedPrice, Mode, NegotiatedPrice, PerCallPrice, Purpose
from policies.engine import load_policies

CONDITIONS = Conditions(
    listing_id="lst_power", purpose=Purpose.FIN_RISK, mode=Mode.VERIFY, territory="CN-HB", exception="NONE"
)
PER_CALL = PerCallPrice(model="P2", unit_micro_yuan=2_800)


def test_a_fixed_price_is_held_and_charged_whole() -> None:
    price = FixedPrice(model="P1", price_fen=200_000)

    asked = quote(price, CONDITIONS)

    assert (asked.hold_fen, asked.charge) == (200_000, FixedCharge(price_fen=200_000))
    assert charge(price, 77) == (200_000, 77)


def test_a_negotiated_price_is_charged_as_signed() -> None:
    price = NegotiatedPrice(model="P11", price_fen=345, quote_digest="0" * 64)

    assert quote(price, CONDITIONS).hold_fen == 345
    assert charge(price, 0) == (345, 0)


def test_a_price_below_a_fen_holds_a_whole_one() -> None:
    asked = quote(PER_CALL, CONDITIONS)

    assert (asked.hold_fen, asked.charge) == (1, PerCallCharge(unit_micro_yuan=2_800))


def test_calls_accrue_as_the_rulebook_says() -> None:
    carry, statements = 0, []
    for calls in (12_345, 1_000):
        billed_fen = 0
        for _ in range(calls):
            fen, carry = charge(PER_CALL, carry)
            billed_fen += fen
        statements.append((billed_fen, carry))

    assert statements == [(3_456, 6_000), (280, 6_000)]
    assert money.close(carry) == 1


def test_a_month_of_credit_scores_costs_what_it_should() -> None:
    price, carry, gross_fen = PerCallPrice(model="P2", unit_micro_yuan=500_000), 0, 0
    for _ in range(3_217):
        fen, carry = charge(price, carry)
        gross_fen += fen

    assert (gross_fen, carry) == (160_850, 0)


@given(unit=st.integers(0, 10**15), carry=st.integers(0, 9_999))
def test_a_hold_covers_every_charge_and_nothing_is_lost_below_a_fen(unit: int, carry: int) -> None:
    price = PerCallPrice(model="P2", unit_micro_yuan=unit)

    fen, after = charge(price, carry)

    assert fen <= quote(price, CONDITIONS).hold_fen
    assert fen * 10_000 + after == carry + unit
    assert 0 <= after < 10_000


def test_equal_conditions_have_equal_digests_and_others_do_not() -> None:
    twin = CONDITIONS.model_copy()
    favoured = CONDITIONS.model_copy(update={"exception": "NEW_USER"})

    assert quote(PER_CALL, twin).conditions_digest == quote(PER_CALL, CONDITIONS).conditions_digest
    assert quote(PER_CALL, favoured).conditions_digest != quote(PER_CALL, CONDITIONS).conditions_digest


def test_a_licence_has_one_meter_and_closing_ends_it(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/meter.db")
    tables.create(store)
    ground = Ground(store, lambda: 1, load_policies())
    price = PerCallPrice(model="P2", unit_micro_yuan=6_000)

    charged = []
    for n in range(3):
        with ground.writing(CLOCKWORK) as unit:
            charged.append(service.charge_call(unit, licence_id="lic_a", order_id=f"ord_{n}", rule=price))
    with ground.writing(CLOCKWORK) as unit:
        last = service.close_meter(unit, "lic_a")

    assert (charged, last) == ([0, 1, 0], 1)
    with pytest.raises(IllegalTransition), ground.writing(CLOCKWORK) as unit:
        service.charge_call(unit, licence_id="lic_a", order_id="ord_9", rule=price)
    store.close()


def test_a_licence_that_never_metered_owes_nothing(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/meter.db")
    tables.create(store)

    with Ground(store, lambda: 1, load_policies()).writing(CLOCKWORK) as unit:
        assert service.close_meter(unit, "lic_a") == 0
    store.close()
