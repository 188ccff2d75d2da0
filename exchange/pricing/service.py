"""Charging metered licences: each call moves its licence's meter once. Never moves money; that is settlement's."""

from exchange.kernel import ids, money
from exchange.kernel.unit import Unit
from exchange.pricing.model import Meter, MeterCharged, MeterClosed, MeterState, charge
from exchange.wire.licences import PerCallPrice, PriceRule


def meter_id(licence_id: str) -> str:
    return ids.derived("mtr", licence_id)


def charge_call(unit: Unit, *, licence_id: str, order_id: str, rule: PriceRule) -> int:
    """What this computation costs in fen. A per-call price moves the meter of its licence; the others have none."""
    if not isinstance(rule, PerCallPrice):
        return charge(rule, 0)[0]
    meter = unit.load(Meter, meter_id(licence_id))
    charged_fen, carry = charge(rule, meter.carry_micro_yuan)
    fact = MeterCharged(
        licence_id=licence_id,
        order_id=order_id,
        unit_micro_yuan=rule.unit_micro_yuan,
        charged_fen=charged_fen,
        carry_micro_yuan=carry,
    )
    return unit.record(meter, fact).charged_fen


def close_meter(unit: Unit, licence_id: str) -> int:
    """The last statement of a licence: what is still to be charged, in fen. One that never metered owes nothing."""
    meter = unit.load(Meter, meter_id(licence_id))
    if meter.state == MeterState.NEW:
        return 0
    return unit.record(meter, MeterClosed(charged_fen=money.close(meter.carry_micro_yuan))).charged_fen
