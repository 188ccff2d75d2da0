"""The gate: a good ticket passes, and each thing that can be wrong with one is refused by its own code."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.wire.computations import SqlQuery
from exchange.wire.licences import Mode, Purpose
from exchange.wire.queue import packed as queue_message
from exchange.wire.refusals import Refusal, Refused
from tests.workers.tiny_log import (
    EXCHANGE,
    KEEPER,
    LICENCE,
    NOW_S,
    OTHER,
    PROVIDER,
    SIGNED_LICENCE,
    TERMS,
    TICKET,
    TinyLog,
    content_of,
    entry_of,
    packed,
    ticket,
)
from workers import gate
from workers.gate import Admitted, Proven, Seen
from workers.programs import Program

FIRST: Seen = (0, b"")


def nobody(old: int, new: int) -> list[bytes]:
    raise AssertionError("no proof is needed here")


def proven(token: str, log: TinyLog | None = None, seen: Seen = FIRST) -> Proven:
    return gate.prove(token, KEEPER, seen=seen, consistency=log.consistency if log else nobody)


def refusal_of(token: str, log: TinyLog | None = None, seen: Seen = FIRST) -> Refusal:
    with pytest.raises(Refused) as caught:
        proven(token, log, seen)
    return caught.value.code


def refusal_at_door(now_s: int = NOW_S, **changed: Any) -> Refusal:
    good = proven(TinyLog().deliver(ticket(**changed).signed(EXCHANGE)))
    with pytest.raises(Refused) as caught:
        gate.admit(good, KEEPER, now_s=now_s, runs=1)
    return caught.value.code


def test_a_logged_and_licensed_ticket_is_admitted() -> None:
    log = TinyLog()
    log.grow(5)

    found = proven(log.deliver(TICKET.signed(EXCHANGE)))

    assert (found.ticket, found.licence, found.checkpoint) == (TICKET, LICENCE, log.checkpoint())
    assert gate.admit(found, KEEPER, now_s=NOW_S, runs=1).proven is found


def test_admission_cannot_be_forged() -> None:
    found = proven(TinyLog().deliver(TICKET.signed(EXCHANGE)))

    with pytest.raises(TypeError):
        Admitted(found, {}, Program("", True), object())


def test_a_ticket_signed_by_another_key_is_refused() -> None:
    assert refusal_of(TinyLog().deliver(TICKET.signed(OTHER))) is Refusal.BAD_TICKET


def test_a_ticket_nobody_signed_is_refused() -> None:
    unsigned = TICKET.signed(EXCHANGE).model_copy(update={"signatures": ()})

    assert refusal_of(TinyLog().deliver(unsigned)) is Refusal.BAD_TICKET


def test_an_act_of_another_kind_by_the_exchange_is_no_ticket() -> None:
    assert refusal_of(TinyLog().deliver(LICENCE.signed(EXCHANGE))) is Refusal.BAD_TICKET


def test_a_ticket_for_another_domain_is_refused() -> None:
    assert refusal_of(TinyLog().deliver(ticket(domain="hosp2").signed(EXCHANGE))) is Refusal.NOT_FOR_US


def test_a_licence_that_only_the_exchange_signed_is_refused() -> None:
    licence = LICENCE.signed(EXCHANGE)

    assert refusal_of(TinyLog().deliver(TICKET.signed(EXCHANGE), licence)) is Refusal.LICENCE_INVALID


def test_another_licence_of_this_provider_than_the_one_named_is_refused() -> None:
    wider = LICENCE.model_copy(update={"terms": TERMS.model_copy(update={"jobs_max": 99})}).signed(PROVIDER)

    assert refusal_of(TinyLog().deliver(TICKET.signed(EXCHANGE), wider)) is Refusal.LICENCE_INVALID


def test_the_buyers_signature_beside_the_providers_changes_nothing() -> None:
    both = SIGNED_LICENCE.countersigned(OTHER)

    assert proven(TinyLog().deliver(TICKET.signed(EXCHANGE), both)).ticket == TICKET


@pytest.mark.parametrize(
    "changed",
    [
        {"purpose": Purpose.MARKETING},
        {"territory": "US"},
        {"mode": Mode.FILE},
        {"asset_id": "ast_2"},
        {"buyer_id": "par_other"},
        {"provider_id": "par_other"},
        {"licence_id": "lic_2"},
        {"controls_digest": "b" * 64},
        {"rho_nrho": 5},
    ],
    ids=str,
)
def test_a_ticket_beyond_its_licence_is_refused(changed: dict[str, Any]) -> None:
    assert refusal_at_door(**changed) is Refusal.LICENCE_INVALID


@pytest.mark.parametrize("now_s", [TERMS.valid_from_s - 1, TERMS.valid_to_s])
def test_a_ticket_outside_the_time_of_its_licence_is_refused(now_s: int) -> None:
    assert refusal_at_door(now_s, issued_at_s=now_s, expires_at_s=now_s + 900) is Refusal.LICENCE_INVALID


@pytest.mark.parametrize("now_s", [TICKET.expires_at_s, TICKET.issued_at_s - gate.CLOCK_SKEW_S - 1])
def test_a_ticket_too_late_or_from_the_future_is_refused(now_s: int) -> None:
    assert refusal_at_door(now_s) is Refusal.STALE


def test_a_ticket_decided_under_other_policies_is_refused() -> None:
    assert refusal_at_door(policy_digest="b" * 64) is Refusal.POLICY_DIFFERS


def test_the_largest_query_fits_into_the_queue() -> None:
    longest = "SELECT 'xx" + "条" * 2663 + "'"
    log = TinyLog()
    log.grow(2**14)

    token = log.deliver(ticket(computation=SqlQuery(kind="sql", sql=longest)).signed(EXCHANGE), SIGNED_LICENCE)

    assert queue_message(token)
    with pytest.raises(ValueError, match="too long"):
        SqlQuery(kind="sql", sql="条" * 2668)


@given(st.text() | st.recursive(st.none() | st.text(), st.lists).map(repr))
def test_whatever_is_no_delivery_is_refused(token: str) -> None:
    assert refusal_of(token) is Refusal.BAD_TICKET


@given(st.data())
def test_a_delivery_spoiled_anywhere_is_refused_or_is_the_very_same(data: st.DataObject) -> None:
    token = TOKEN
    place = data.draw(st.integers(0, len(token) - 1))
    spoiled = token[:place] + data.draw(st.characters(max_codepoint=0x3FF)) + token[place + 1 :]

    try:
        found = proven(spoiled)
    except Refused:
        return
    assert found.ticket == TICKET


TOKEN = TinyLog().deliver(TICKET.signed(EXCHANGE))


def test_a_lone_surrogate_is_refused_like_any_other_nonsense() -> None:
    assert refusal_of("\ud800") is Refusal.BAD_TICKET


@pytest.mark.parametrize("kind", ["order.placed", "licence.agreed"])
def test_a_leaf_of_another_type_does_not_carry_a_ticket(kind: str) -> None:
    log, content = TinyLog(), content_of(TICKET.signed(EXCHANGE))
    entry = entry_of(content, kind=kind)

    assert refusal_of(packed(entry, content, log.proof(log.add(entry)))) is Refusal.NOT_LOGGED


def test_a_leaf_that_commits_to_a_ticket_elsewhere_than_in_its_content_does_not_carry_it() -> None:
    log, content = TinyLog(), content_of(TICKET.signed(EXCHANGE))
    entry = entry_of(content, what="notes")

    assert refusal_of(packed(entry, content, log.proof(log.add(entry)))) is Refusal.NOT_LOGGED


def test_a_licence_is_used_as_often_as_it_was_signed_for_and_no_oftener() -> None:
    good = proven(TinyLog().deliver(TICKET.signed(EXCHANGE)))

    gate.admit(good, KEEPER, now_s=NOW_S, runs=TERMS.jobs_max)
    with pytest.raises(Refused) as caught:
        gate.admit(good, KEEPER, now_s=NOW_S, runs=TERMS.jobs_max + 1)

    assert caught.value.code is Refusal.LICENCE_INVALID
