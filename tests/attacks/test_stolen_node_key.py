"""Somebody who found the credential of a domain's worker: it hands in receipts and offers, and ends nothing."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from exchange.kernel.caller import Role
from exchange.kernel.errors import Forbidden
from exchange.licensing import stops
from tests.exchange.orders.trading import begun
from tests.exchange.rehearsal import Market

ENDING: list[Callable[..., Any]] = [
    lambda unit, licence_id: stops.revoke(unit, licence_id, "MISUSE"),
    lambda unit, licence_id: stops.suspend(unit, licence_id, "MISUSE"),
    lambda unit, licence_id: stops.terminate(unit, licence_id),
]


@pytest.mark.parametrize("roles", [frozenset({Role.NODE}), frozenset()], ids=["node", "outside the market"])
def test_a_workers_credential_ends_no_licence(market: Market, roles: frozenset[Role]) -> None:
    trading = begun(market)
    thief = replace(trading.supplier, roles=roles)

    for end in ENDING:
        with pytest.raises(Forbidden), market.ground.writing(thief) as unit:
            end(unit, trading.licence_id)

    assert trading.licence().state == "ACTIVE"
