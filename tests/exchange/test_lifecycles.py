"""Participants, assets and grades under any order of commands: no unlawful state, and views that can be made again."""

import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.access import oversight
from exchange.access import service as access
from exchange.access.asks import ReinstatementAsk, Review, RevocationAsk, SuspensionAsk
from exchange.access.keys import ApiKey
from exchange.access.model import Participant
from exchange.access.nodes import Node
from exchange.classification import service as classification
from exchange.classification.model import Grading
from exchange.kernel.caller import CLOCKWORK, Caller, Role
from exchange.kernel.entity import Entity, Event
from exchange.kernel.errors import ExchangeError, IllegalTransition, RecordedRefusal
from exchange.kernel.unit import Unit, history
from exchange.kernel.views import dump, rebuild
from exchange.ledger import tables
from exchange.ledger.store import Store
from exchange.registration import register
from exchange.registration import service as registration
from exchange.registration.model import Asset
from exchange.wire.event_types import TYPES
from tests.exchange.forms import form, supplier
from tests.exchange.rehearsal import (
    ADMIN,
    COMPLIANCE,
    FIRST,
    FOUND,
    REGISTRAR,
    REGULATOR,
    SECOND,
    Market,
    at,
    digest,
    staff,
)

KINDS: tuple[type[Entity], ...] = (Participant, ApiKey, Node, Asset, Grading)
ENDS = {
    Participant: {"REVOKED", "REJECTED", "EXITED"},
    ApiKey: {"REVOKED"},
    Node: {"RETIRED"},
    Asset: {"REFUSED", "WITHDRAWN", "EXPIRED", "CANCELLED"},
    Grading: set(),
}
RIVAL = Caller("part_rival", "psn_rival", frozenset({Role.SUPPLIER}))
OTHER = staff(Role.COMPLIANCE, "other")
DAY_US = 86_400_000_000
D = digest("document")

ADMISSION: list[Callable[[Unit, str], object]] = [
    access.take,
    lambda unit, id_: access.ask_supplement(unit, id_, ("legal_form",)),
    lambda unit, id_: access.supply(unit, id_, {"legal_form": D}),
    access.lapse_supplement,
    lambda unit, id_: access.approve(unit, id_, Review(facts=FOUND)),
    lambda unit, id_: access.approve(unit, id_, Review(facts={**FOUND, "mainland": False})),
    lambda unit, id_: access.reject(unit, id_, ("E_ADMISSION:A1",)),
    lambda unit, id_: oversight.suspend(unit, id_, SuspensionAsk(ground="DATA_BREACH", until_s=0)),
    lambda unit, id_: oversight.reinstate(unit, id_, ReinstatementAsk(evidence_sha256=D)),
    lambda unit, id_: oversight.revoke(unit, id_, RevocationAsk(ground="DATA_BREACH", order_sha256=D)),
    oversight.leave,
]
REGISTER: list[Callable[[Unit, str], object]] = [
    register.accept,
    register.pass_formal_review,
    register.start_publicity,
    lambda unit, id_: register.refuse(unit, id_, "E_EVIDENCE"),
    lambda unit, id_: register.object_to(unit, id_, D),
    lambda unit, id_: register.dismiss(unit, id_, D),
    lambda unit, id_: register.uphold(unit, id_, D),
    register.issue_certificate,
    lambda unit, id_: register.freeze(unit, id_, D),
    lambda unit, id_: register.unfreeze(unit, id_, D),
    lambda unit, id_: register.cancel(unit, id_, "GIVEN_UP"),
    register.expire,
    register.withdraw,
    lambda unit, id_: classification.self_grade(unit, id_, "G2"),
    classification.review,
    lambda unit, id_: classification.report(unit, id_, D),
    classification.confirm,
    lambda unit, id_: classification.trigger_regrade(unit, id_, "SCHEMA"),
]


STEP = st.tuples(st.booleans(), st.integers(0, 17), st.integers(0, 10), st.sampled_from([0, 0, 1, 15]))
"""About the asset or the applicant, which command, who is asked first, and how many days later."""


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_state_is_reached_and_only_ends_are_final(kind: type[Entity]) -> None:
    begun = {kind(id="x_1").state}
    reached = begun | set(kind.NEXT.values())
    left = {state for state, _ in kind.NEXT}
    assert left <= reached
    assert reached - left == ENDS[kind]
    assert {event.WIRE_TYPE for _, event in kind.NEXT} <= TYPES


@settings(max_examples=200)
@given(st.data())
def test_an_event_either_follows_the_table_or_is_refused(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(KINDS))
    events: list[type[Event]] = sorted({event for _, event in kind.NEXT}, key=lambda event: event.__name__)
    entity, taken = kind(id="x_1"), 0
    for event in data.draw(st.lists(st.sampled_from(events), max_size=12)):
        expected = kind.NEXT.get((entity.state, event))
        if expected is None:
            with pytest.raises(IllegalTransition):
                entity.then(event.model_construct(by="psn_x", evidence={}))
        else:
            entity, taken = entity.then(event.model_construct(by="psn_x", evidence={})), taken + 1
            assert (entity.state, entity.version) == (expected, taken)


@settings(max_examples=25)
@given(st.lists(STEP, max_size=40))
def test_any_order_of_commands_leaves_views_that_can_be_made_again(steps: list[tuple[bool, int, int, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{Path(folder)}/walk.db")
        tables.create(store)
        market = Market(store, at("2026-03-02 09:00"))
        holder, applicant = supplier(market), market.applied("BUYER").id
        with market.ground.writing(holder) as unit:
            asset_id = registration.submit(unit, form("power")).id
        callers = (holder, Caller(applicant, "psn_a"), RIVAL, FIRST, SECOND, REGISTRAR, COMPLIANCE, OTHER, ADMIN)
        callers += (REGULATOR, CLOCKWORK)
        for on_asset, verb, who, days in steps:
            market.now += days * DAY_US
            commands, about = (REGISTER, asset_id) if on_asset else (ADMISSION, applicant)
            _asked(market, commands[verb % len(commands)], about, callers[who:] + callers[:who])
        _hold(market, (applicant, asset_id))
        store.close()


def _asked(market: Market, command: Callable[[Unit, str], object], about: str, callers: tuple[Caller, ...]) -> None:
    """Everybody tries, one after another, until somebody may; so that walks get far."""
    for caller in callers:
        try:
            # As the edge of HTTP does: a recorded refusal is kept, any other error undoes the unit.
            with market.ground.writing(caller) as unit, suppress(RecordedRefusal):
                command(unit, about)
        except ExchangeError:
            continue
        return


def _hold(market: Market, subjects: tuple[str, ...]) -> None:
    """The facts are without gaps, and folded again they show what was shown."""
    with market.store.writing() as connection:
        for subject in subjects:
            versions = [fact.version for fact in history(connection, subject)]
            assert versions == list(range(1, len(versions) + 1))
        live = list(dump(connection))
        rebuild(connection)
        assert list(dump(connection)) == live
