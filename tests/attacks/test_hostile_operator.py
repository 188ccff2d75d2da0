"""The operator of the exchange turns on a provider: it holds every key of the exchange and of the log, and runs both.

It cannot run a query the provider's own key did not license, nor one that is not in the log everybody sees.
"""

from pathlib import Path
from typing import Any

import pytest

from exchange.wire.refusals import Refusal, Refused
from exchange.wire.sealing import OpeningKey
from exchange.wire.tickets import Ticket
from tests.workers.tiny_log import (
    EXCHANGE,
    KEEPER,
    LICENCE,
    NOW_S,
    ORIGIN,
    PROVIDER,
    SIGNED_LICENCE,
    STRANGER,
    TERMS,
    TICKET,
    TinyLog,
    content_of,
    entry_of,
    packed,
    ticket,
)
from workers import gate
from workers.claims import Claims


def tried(token: str, claims: Claims, shown: TinyLog) -> Refusal | None:
    """What the gate says, and the domain's memory of the log as it is afterwards."""
    try:
        proven = gate.prove(token, KEEPER, seen=claims.seen(ORIGIN), consistency=shown.consistency)
        claims.see(ORIGIN, proven.checkpoint.size, proven.checkpoint.root)
        gate.admit(proven, KEEPER, now_s=NOW_S, runs=1)
    except Refused as refused:
        return refused.code
    return None


@pytest.fixture
def claims(tmp_path: Path) -> Claims:
    return Claims(tmp_path / "state.db")


@pytest.fixture
def log() -> TinyLog:
    log = TinyLog()
    log.grow(7)
    return log


def signed(one: Ticket = TICKET) -> str:
    content = content_of(one.signed(EXCHANGE))
    return packed(entry_of(content), content, "", SIGNED_LICENCE)


def test_a_ticket_that_was_never_logged_does_not_run(claims: Claims, log: TinyLog) -> None:
    assert tried(signed(), claims, log) is Refusal.NOT_LOGGED


def test_the_proof_of_another_entry_proves_nothing(claims: Claims, log: TinyLog) -> None:
    content = content_of(TICKET.signed(EXCHANGE))

    token = packed(entry_of(content), content, log.proof(3))

    assert tried(token, claims, log) is Refusal.NOT_LOGGED


def test_a_leaf_that_commits_to_a_harmless_ticket_does_not_carry_another(claims: Claims, log: TinyLog) -> None:
    harmless = entry_of(content_of(ticket(k_min=1000).signed(EXCHANGE)))
    index = log.add(harmless)

    token = packed(harmless, content_of(TICKET.signed(EXCHANGE)), log.proof(index))

    assert tried(token, claims, log) is Refusal.NOT_LOGGED


@pytest.mark.parametrize("kept", [0, 1], ids=["classic only", "quantum-safe only"])
def test_a_checkpoint_with_one_of_its_two_signatures_is_none(claims: Claims, log: TinyLog, kept: int) -> None:
    content = content_of(TICKET.signed(EXCHANGE))
    entry = entry_of(content)
    *head, first, second = log.proof(log.add(entry)).splitlines()

    stripped = "\n".join([*head, (first, second)[kept], ""])

    assert tried(packed(entry, content, stripped), claims, log) is Refusal.NOT_LOGGED


def test_a_log_under_other_keys_is_not_the_log(claims: Claims) -> None:
    aside = TinyLog(signer=STRANGER)

    assert tried(aside.deliver(TICKET.signed(EXCHANGE)), claims, aside) is Refusal.NOT_LOGGED


def test_a_log_made_for_this_domain_alone_is_found_out(claims: Claims, log: TinyLog) -> None:
    assert tried(log.deliver(TICKET.signed(EXCHANGE)), claims, log) is None
    fork = TinyLog()
    fork.grow(20, word=b"forked")

    token = fork.deliver(ticket(id="tkt_2").signed(EXCHANGE))

    assert tried(token, claims, fork) is Refusal.LOG_INCONSISTENT
    assert claims.seen(ORIGIN) == (8, log.checkpoint().root)


def test_a_log_that_forgot_what_it_said_is_found_out(claims: Claims, log: TinyLog) -> None:
    tried(log.deliver(TICKET.signed(EXCHANGE)), claims, log)
    rewritten = TinyLog(leaves=[*log.leaves])
    rewritten.leaves[2] = b"what was never said"

    assert tried(rewritten.deliver(ticket(id="tkt_2").signed(EXCHANGE)), claims, rewritten) is Refusal.LOG_INCONSISTENT


def test_a_log_of_the_same_size_with_another_root_is_found_out(claims: Claims, log: TinyLog) -> None:
    tried(log.deliver(TICKET.signed(EXCHANGE)), claims, log)
    twin = TinyLog()
    twin.grow(7)

    assert tried(twin.deliver(ticket(id="tkt_2").signed(EXCHANGE)), claims, twin) is Refusal.LOG_INCONSISTENT


def test_an_operator_who_brings_no_proof_of_growth_gets_no_answer(claims: Claims, log: TinyLog) -> None:
    tried(log.deliver(TICKET.signed(EXCHANGE)), claims, log)
    log.grow(9)
    token = log.deliver(ticket(id="tkt_2").signed(EXCHANGE))

    with pytest.raises(Refused) as caught:
        gate.prove(token, KEEPER, seen=claims.seen(ORIGIN), consistency=lambda old, new: [])
    assert caught.value.code is Refusal.LOG_INCONSISTENT


def test_an_older_checkpoint_of_the_same_log_is_fine_and_the_newer_is_remembered(claims: Claims, log: TinyLog) -> None:
    early = log.deliver(TICKET.signed(EXCHANGE))
    log.grow(30)
    late = log.deliver(ticket(id="tkt_2").signed(EXCHANGE))
    assert tried(late, claims, log) is None

    assert tried(early, claims, log) is None

    assert claims.seen(ORIGIN) == (39, log.checkpoint().root)


def test_a_licence_the_provider_never_signed_opens_nothing(claims: Claims, log: TinyLog) -> None:
    invented = LICENCE.signed(EXCHANGE)
    asked = ticket(licence_digest=invented.digest).signed(EXCHANGE)

    assert tried(log.deliver(asked, invented), claims, log) is Refusal.LICENCE_INVALID


def test_the_providers_signature_does_not_move_to_a_wider_licence(claims: Claims, log: TinyLog) -> None:
    wider = LICENCE.model_copy(update={"terms": TERMS.model_copy(update={"territories": ("CN", "US")})})
    forged = wider.signed(EXCHANGE).model_copy(update={"signatures": SIGNED_LICENCE.signatures})
    asked = ticket(licence_digest=forged.digest, territory="US").signed(EXCHANGE)

    assert tried(log.deliver(asked, forged), claims, log) is Refusal.LICENCE_INVALID


def test_a_licence_of_one_buyer_does_not_serve_another(claims: Claims, log: TinyLog) -> None:
    asked = ticket(buyer_id="par_friend_of_the_operator").signed(EXCHANGE)

    assert tried(log.deliver(asked), claims, log) is Refusal.LICENCE_INVALID


def test_looser_controls_than_the_provider_declared_are_not_known_here(claims: Claims, log: TinyLog) -> None:
    looser = LICENCE.model_copy(update={"controls_digest": "b" * 64}).signed(PROVIDER)
    asked = ticket(licence_digest=looser.digest, controls_digest="b" * 64).signed(EXCHANGE)

    assert tried(log.deliver(asked, looser), claims, log) is Refusal.POLICY_DIFFERS


def test_looser_policies_than_the_providers_own_copy_are_refused(claims: Claims, log: TinyLog) -> None:
    assert tried(log.deliver(ticket(policy_digest="c" * 64).signed(EXCHANGE)), claims, log) is Refusal.POLICY_DIFFERS


@pytest.mark.parametrize(
    "changed",
    [
        {"recipient_key": OpeningKey.generated().public.text},
        {"recipient_key": "none"},
        {"k_min": 2},
        {"dominance_bp_max": 10_000},
    ],
    ids=["sealed to the operator", "sealed to nobody", "over fewer units", "though one unit makes the sum"],
)
def test_the_operator_can_neither_redirect_an_answer_nor_lower_its_floor(
    claims: Claims, changed: dict[str, Any]
) -> None:
    log = TinyLog()

    assert tried(log.deliver(ticket(**changed).signed(EXCHANGE)), claims, log) is Refusal.LICENCE_INVALID
