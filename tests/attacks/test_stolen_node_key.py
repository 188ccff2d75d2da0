"""Somebody who found the credential of a domain's worker: it hands in receipts and offers, and ends nothing."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from exchange.dispute import objections
from exchange.kernel.caller import Role
from exchange.kernel.errors import Forbidden, NotFound
from exchange.licensing import stops
from exchange.registration.model import Asset
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


@pytest.mark.parametrize("roles", [frozenset({Role.NODE}), frozenset()], ids=["node", "outside the market"])
def test_a_workers_credential_freezes_no_rivals_certificate(market: Market, roles: frozenset[Role]) -> None:
    trading = begun(market)
    thief, asset_id = replace(trading.buyer, roles=roles), trading.licence().asset_id

    with pytest.raises(Forbidden), market.ground.writing(thief) as unit:
        objections.object_to(unit, asset_id, "a" * 64)

    with market.ground.reading(trading.supplier) as unit:
        assert unit.get(Asset, asset_id).state == "CERTIFIED"


def test_to_a_stranger_a_licence_is_not_there(market: Market) -> None:
    trading = begun(market)
    stranger = replace(trading.buyer, participant_id="part_stranger")

    for end in ENDING:
        with pytest.raises(NotFound), market.ground.writing(stranger) as unit:
            end(unit, trading.licence_id)
