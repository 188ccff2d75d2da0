"""Sealed results are kept as they came and handed to their buyer alone."""

import pytest
from sqlalchemy import update
from sqlmodel import SQLModel

from exchange.custody import service
from exchange.custody.model import CIPHERTEXT_BYTES_MAX, CustodyState
from exchange.kernel import errors
from exchange.kernel import views as kernel_views
from exchange.kernel.caller import CLOCKWORK, Caller, Role
from exchange.kernel.unit import Ground
from exchange.ledger.store import Store
from policies.engine import load_policies

BUYER = Caller("part_bank", "per_bo", frozenset({Role.BUYER}))
STRANGER = Caller("part_other", "per_oz", frozenset({Role.BUYER}))
CUSTODIAN = Caller("part_vault", "per_cy", frozenset({Role.CUSTODIAN}))
POLICIES = load_policies()
SEALED = b"\x00\xffsealed"


@pytest.fixture
def ground(store: Store) -> Ground:
    return Ground(store, lambda: 1_000_000, POLICIES)


def kept(ground: Ground, ciphertext: bytes = SEALED) -> None:
    with ground.writing(CLOCKWORK) as unit:
        service.keep(unit, order_id="ord_a", buyer_id="part_bank", ciphertext=ciphertext)


def test_the_buyer_gets_what_was_deposited_and_can_come_again(ground: Ground) -> None:
    kept(ground)

    for _ in range(2):
        with ground.reading(BUYER) as unit:
            assert service.hand_out(unit, "ord_a") == SEALED
        with ground.writing(BUYER) as unit:
            assert service.collect(unit, "ord_a").state == CustodyState.RELEASED


@pytest.mark.parametrize("caller", [STRANGER, CUSTODIAN, CLOCKWORK], ids=["stranger", "custodian", "clockwork"])
def test_to_everybody_else_there_is_nothing(ground: Ground, caller: Caller) -> None:
    kept(ground)

    with pytest.raises(errors.NotFound), ground.reading(caller) as unit:
        service.hand_out(unit, "ord_a")
    with pytest.raises(errors.NotFound), ground.writing(caller) as unit:
        service.collect(unit, "ord_a")


def test_one_order_has_one_result(ground: Ground) -> None:
    kept(ground)

    with pytest.raises(errors.IllegalTransition):
        kept(ground, b"another")

    with ground.reading(BUYER) as unit:
        assert service.hand_out(unit, "ord_a") == SEALED


@pytest.mark.parametrize("size", [0, CIPHERTEXT_BYTES_MAX + 1])
def test_what_is_empty_or_too_large_is_not_taken(ground: Ground, size: int) -> None:
    with pytest.raises(errors.Guarded):
        kept(ground, bytes(size))


def test_bytes_changed_in_the_vault_are_not_handed_out(ground: Ground) -> None:
    kept(ground)
    with ground.store.writing() as connection:
        connection.execute(update(SQLModel.metadata.tables["sealed_result"]).values(ciphertext=b"forged"))

    with pytest.raises(errors.Guarded) as refused, ground.reading(BUYER) as unit:
        service.hand_out(unit, "ord_a")

    assert refused.value.reason == "E_CUSTODY_HASH"


def test_nothing_is_destroyed_before_its_time_and_then_it_is_gone(ground: Ground) -> None:
    kept(ground)
    with pytest.raises(errors.Guarded), ground.writing(CUSTODIAN) as unit:
        service.destroy(unit, "ord_a")

    later = Ground(ground.store, lambda: 91 * 86_400 * 1_000_000, POLICIES)
    with pytest.raises(errors.Forbidden), later.writing(BUYER) as unit:
        service.destroy(unit, "ord_a")
    with later.writing(CUSTODIAN) as unit:
        assert service.destroy(unit, "ord_a").state == CustodyState.DESTROYED

    with pytest.raises(errors.NotFound), later.reading(BUYER) as unit:
        service.hand_out(unit, "ord_a")


def test_rebuilding_the_views_leaves_the_vault_alone(ground: Ground) -> None:
    kept(ground)
    with ground.store.writing() as connection:
        kernel_views.rebuild(connection)

    with ground.reading(BUYER) as unit:
        assert service.hand_out(unit, "ord_a") == SEALED
