"""Keys: what opens what, and what opens nothing."""

import pytest
from sqlalchemy import text

from exchange.access import desk, service
from exchange.access.asks import KeyAsk, NodeAsk, Review
from exchange.access.credentials import authenticate
from exchange.access.founding import Operator, bootstrap
from exchange.kernel.caller import NOBODY, Caller, Role
from exchange.kernel.errors import ExchangeError, Forbidden, Guarded, Malformed, NotFound, Unauthenticated
from exchange.wire.keys import PrivateKey
from tests.exchange.rehearsal import FIRST, FOUND, SECOND, USCC, Market, digest, signed

SECRET = "a-secret-that-only-its-holder-knows-0001"
OPERATOR = Operator("交易所", USCC, PrivateKey.generated().public)


def opened(market: Market, credential: str) -> Caller:
    with market.ground.reading(NOBODY) as unit:
        return authenticate(unit, credential)


def founded(market: Market) -> Caller:
    key_id = bootstrap(market.ground, admin_sha256=digest(SECRET), operator=OPERATOR)
    return opened(market, f"dxk_{key_id}.{SECRET}")


def test_the_founding_can_be_repeated(market: Market) -> None:
    first = founded(market)
    with market.store.reading() as connection:
        facts = connection.execute(text("SELECT count(*) FROM event")).scalar()
    assert founded(market) == first
    with market.store.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM event")).scalar() == facts
    assert first.roles == {Role.ADMIN}


def test_a_key_has_no_roles_before_its_participant_is_active(market: Market) -> None:
    ask = market.application("BUYER").model_copy(update={"api_key_sha256": digest(SECRET)})
    with market.ground.writing(NOBODY) as unit:
        participant, key = service.apply(unit, ask)
    credential = f"dxk_{key.id}.{SECRET}"
    assert opened(market, credential).roles == frozenset()
    with market.ground.writing(FIRST) as unit:
        service.take(unit, participant.id)
    with market.ground.writing(SECOND) as unit:
        service.approve(unit, participant.id, Review(facts=FOUND))
    with market.ground.writing(opened(market, credential)) as unit:
        service.activate(unit, participant.id, signed(participant.id, unit.policies.digest))
    assert opened(market, credential).roles == {Role.BUYER}


@pytest.mark.parametrize(
    "credential",
    [
        "",
        "dxk_",
        SECRET,
        f"dxk_key_00000000000000000000000000.{SECRET}",
        f"dxk_part_exchange.{SECRET}",
        "dxk_{key}.",
        "dxk_{key}.wrong-secret-wrong-secret-wrong-secret",
        "dxk_{key}." + SECRET + " ",
        "dxk_{key}." + digest(SECRET),
    ],
)
def test_anything_but_the_credential_opens_nothing(market: Market, credential: str) -> None:
    key_id = bootstrap(market.ground, admin_sha256=digest(SECRET), operator=OPERATOR)
    with pytest.raises(Unauthenticated):
        opened(market, credential.replace("{key}", key_id))


def test_a_rotated_or_revoked_key_ends_at_once(market: Market) -> None:
    admin = founded(market)
    with market.ground.writing(admin) as unit:
        issued = desk.issue_key(unit, KeyAsk(roles=(Role.REVIEWER,), sha256=digest(SECRET), person_name="李"))
    reviewer = opened(market, f"dxk_{issued.id}.{SECRET}")
    assert (reviewer.participant_id, set(reviewer.roles)) == ("part_exchange", {Role.REVIEWER})
    with market.ground.writing(reviewer) as unit:
        rotated = desk.rotate_key(unit, issued.id, digest(SECRET + "2"))
    with pytest.raises(Unauthenticated):
        opened(market, f"dxk_{issued.id}.{SECRET}")
    assert opened(market, f"dxk_{rotated.id}.{SECRET}2").person_id == reviewer.person_id
    with market.ground.writing(admin) as unit:
        desk.revoke_key(unit, rotated.id)
    with pytest.raises(Unauthenticated):
        opened(market, f"dxk_{rotated.id}.{SECRET}2")


def test_nobody_hands_out_more_than_it_holds(market: Market) -> None:
    founded(market)
    supplier, buyer = market.admitted("SUPPLIER"), market.admitted("BUYER")
    tries = [
        (supplier, (Role.BUYER,)),
        (supplier, (Role.ADMIN,)),
        (buyer, (Role.NODE,)),
        (FIRST, (Role.REVIEWER,)),
        (FIRST, (Role.SUPPLIER,)),
        (NOBODY, (Role.BUYER,)),
    ]
    for caller, roles in tries:
        with pytest.raises(Forbidden), market.ground.writing(caller) as unit:
            desk.issue_key(unit, KeyAsk(roles=roles, sha256=digest(SECRET), person_name="李"))
    with market.ground.writing(supplier) as unit:
        node = desk.issue_key(unit, KeyAsk(roles=(Role.NODE,), sha256=digest(SECRET), person_name="节点"))
    assert opened(market, f"dxk_{node.id}.{SECRET}").roles == {Role.NODE}


def test_duties_that_check_each_other_are_kept_apart(market: Market) -> None:
    admin = founded(market)
    for roles in ((Role.ADMIN, Role.REVIEWER), (Role.REGULATOR, Role.COMPLIANCE), (Role.REVIEWER, Role.BUYER)):
        with pytest.raises(Guarded), market.ground.writing(admin) as unit:
            desk.issue_key(unit, KeyAsk(roles=roles, sha256=digest(SECRET), person_name="李"))
    with market.ground.writing(admin) as unit:
        key = desk.issue_key(unit, KeyAsk(roles=(Role.REGULATOR,), sha256=digest(SECRET), person_name="李"))
    assert key.participant_id == "part_regulator"


def test_a_stranger_cannot_end_my_key(market: Market) -> None:
    founded(market)
    supplier, other = market.admitted("SUPPLIER"), market.admitted("SUPPLIER")
    with market.ground.writing(supplier) as unit:
        key = desk.issue_key(unit, KeyAsk(roles=(Role.SUPPLIER,), sha256=digest(SECRET), person_name="李"))
    for caller in (other, FIRST, Caller(supplier.participant_id, "psn_else", frozenset({Role.NODE}))):
        with pytest.raises(NotFound), market.ground.writing(caller) as unit:
            desk.revoke_key(unit, key.id)


def test_a_domain_has_one_name_once(market: Market) -> None:
    supplier, other = market.admitted("SUPPLIER"), market.admitted("SUPPLIER")
    market.domain(supplier, "power")
    with pytest.raises(Guarded) as refused:
        market.domain(other, "power")
    assert refused.value.reason == "E_DOMAIN_TAKEN"
    with pytest.raises(NotFound), market.ground.writing(other) as unit:
        desk.retire_node(unit, "power")
    with market.ground.writing(supplier) as unit:
        desk.retire_node(unit, "power")
    with market.ground.reading(supplier) as unit, pytest.raises(Guarded):
        service.node_of(unit, "power")
    with pytest.raises(ExchangeError):
        market.domain(supplier, "power")


def test_a_domain_has_a_key_that_is_one(market: Market) -> None:
    supplier = market.admitted("SUPPLIER")
    ask = NodeAsk(domain="power", signing_key="bm90IGEga2V5", broker_sha256=digest("power"))
    with pytest.raises(Malformed), market.ground.writing(supplier) as unit:
        desk.register_node(unit, ask)
