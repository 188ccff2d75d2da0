"""Somebody who wants to act as somebody else: an administrator with a new secret, a clerk under its chief's name."""

import pytest

from exchange.access import desk
from exchange.access.asks import KeyAsk
from exchange.access.credentials import authenticate
from exchange.access.keys import ApiKey
from exchange.kernel.caller import NOBODY, Caller, Role
from exchange.kernel.errors import NotFound
from tests.exchange.rehearsal import ADMIN, Market, digest

SECRET = "s" * 43


def issued(market: Market, caller: Caller, *roles: Role, person_id: str) -> ApiKey:
    ask = KeyAsk(roles=roles, sha256=digest(SECRET), person_id=person_id, person_name="李")
    with market.ground.writing(caller) as unit:
        return desk.issue_key(unit, ask)


def bearer(market: Market, key: ApiKey) -> Caller:
    with market.ground.reading(NOBODY) as unit:
        return authenticate(unit, f"dxk_{key.id}.{SECRET}")


def rotated(market: Market, caller: Caller, key: ApiKey) -> ApiKey:
    with market.ground.writing(caller) as unit:
        return desk.rotate_key(unit, key.id, digest("another"))


def test_an_administrator_ends_a_buyers_key_and_cannot_take_it_over(market: Market) -> None:
    buyer = market.admitted("BUYER")
    key = issued(market, buyer, Role.BUYER, person_id="psn_clerk")

    with pytest.raises(NotFound):
        rotated(market, ADMIN, key)

    with market.ground.writing(ADMIN) as unit:
        assert desk.revoke_key(unit, key.id).state == "REVOKED"


def test_a_key_in_the_chiefs_name_gives_none_of_the_chiefs_power(market: Market) -> None:
    owner = market.admitted("BUYER", "SUPPLIER")
    chief = issued(market, owner, Role.BUYER, Role.SUPPLIER, person_id="psn_chief")
    clerk = bearer(market, issued(market, owner, Role.BUYER, person_id="psn_clerk"))
    disguised = bearer(market, issued(market, clerk, Role.BUYER, person_id="psn_chief"))

    with pytest.raises(NotFound):
        rotated(market, disguised, chief)


def test_a_stolen_node_key_locks_no_other_node_out(market: Market) -> None:
    owner = market.admitted("SUPPLIER")
    stolen = issued(market, owner, Role.NODE, person_id="psn_node_a")
    other = issued(market, owner, Role.NODE, person_id="psn_node_b")

    with pytest.raises(NotFound):
        rotated(market, bearer(market, stolen), other)

    assert rotated(market, bearer(market, stolen), stolen).state == "LIVE"
