"""What an auditor may look up: every fact opened, the books, facts by what they are about, and whom to watch."""

import hashlib
from base64 import b64decode
from typing import Any

import pytest

from exchange.client.api import Exchange
from exchange.client.connection import Problem
from exchange.wire.entries import SECTION_TYPE, Entry, commitment
from tests.market import DAY_S, Market

READS = ("openings", "position", "books/balance", "facts", "alerts")


def at(exchange: Exchange, path: str) -> Any:
    return exchange.http.raw(f"/v1/audit/{path}")


def listed(market: Market, path: str) -> list[Any]:
    return market.staff["auditor"].http.pages(f"/v1/audit/{path}")


def refused(exchange: Exchange, path: str) -> str:
    with pytest.raises(Problem) as caught:
        at(exchange, path)
    return caught.value.code


def misuse(market: Market, licence_id: str) -> None:
    with pytest.raises(Problem, match="E_PURPOSE"):
        market.buyer.place_order(market.ask(licence_id, purpose="MARKETING"))


def test_every_signed_fact_is_opened_in_the_order_of_the_log(market: Market) -> None:
    market.ordered()
    market.logs()

    opened = [*listed(market, "openings?limit=200"), *listed(market, "openings?after=199&limit=200")]

    assert [one["index"] for one in opened] == list(range(len(opened)))
    assert market.staff["auditor"].http.get("/v1/audit/position") == {"facts": len(opened)}
    for one in opened:
        tags = {commit.what: commit.tag for commit in Entry.opened(b64decode(one["entry"])).commit}
        assert tags.keys() - one["sections"].keys() <= {"personal"}
        for what, section in one["sections"].items():
            content, salt = b64decode(section["content"]), b64decode(section["salt"])
            assert commitment(salt, SECTION_TYPE, content) == tags[what]


def test_a_fact_no_checkpoint_covers_is_not_opened_but_counted(market: Market) -> None:
    market.logs()
    before = len(listed(market, "openings?limit=200"))
    market.ordered()

    assert len(listed(market, "openings?limit=200")) == before
    assert market.staff["auditor"].http.get("/v1/audit/position")["facts"] > before


def test_a_book_is_read_page_by_page(market: Market) -> None:
    market.ordered()
    first = listed(market, "books/balance?limit=2")

    rest = listed(market, f"books/balance?after={first[-1]['id']}&limit=200")

    assert {row["id"]: row["amount_fen"] for row in (*first, *rest)} == market.balances()


def test_facts_are_found_by_subject_party_type_time_and_refusal(market: Market) -> None:
    licence_id = market.licence()
    order_id, buyer_id = market.ordered(licence_id), market.wallets["buyer"].identity.participant_id
    market.passes(3_600)
    misuse(market, licence_id)
    market.logs()

    assert [one["type"] for one in listed(market, f"facts?subject={order_id}")] == ["order.placed", "ticket.issued"]
    assert {one["subject"] for one in listed(market, "facts?type=order.placed")} > {order_id}
    refusals = listed(market, "facts?code=E_PURPOSE")
    assert [one["type"] for one in refusals] == ["order.placed", "order.refused"]
    assert order_id not in {one["subject"] for one in listed(market, f"facts?type=order.placed&since={market.now}")}
    assert {licence_id, order_id} <= {one["subject"] for one in listed(market, f"facts?party={buyer_id}")}
    assert listed(market, "facts?party=part_nobody") == []


def test_three_uses_outside_the_purposes_in_thirty_days_raise_an_alert(market: Market) -> None:
    licence_id = market.licence()
    misuse(market, licence_id)
    market.passes(10 * DAY_S)
    misuse(market, licence_id)
    assert listed(market, "alerts") == []

    misuse(market, licence_id)

    alert = listed(market, "alerts")[0]
    assert (alert["participant_id"], alert["code"], alert["refusals"]) == (
        market.wallets["buyer"].identity.participant_id,
        "E_PURPOSE",
        3,
    )
    market.passes(21 * DAY_S)
    assert listed(market, "alerts") == []


def test_the_rules_that_decided_are_kept_under_their_digest(market: Market) -> None:
    digest = market.ground.policies.digest

    assert hashlib.sha256(at(market.buyer, f"policies/{digest}")).hexdigest() == digest
    assert refused(market.buyer, f"policies/{'0' * 64}") == "E_NOT_FOUND"


def test_a_kept_set_of_rules_that_was_changed_is_not_shown(market: Market) -> None:
    digest = market.ground.policies.digest
    path = market.home / "policies" / f"{digest}.json"
    path.write_bytes(path.read_bytes().replace(b"E_PURPOSE", b"E_NOTHING"))

    assert refused(market.buyer, f"policies/{digest}") == "E_NOT_FOUND"


def test_only_auditors_and_regulators_look(market: Market) -> None:
    for read in READS:
        assert refused(market.buyer, read) == "E_ROLE"
        assert refused(market.staff["settlement clerk"], read) == "E_ROLE"
    assert refused(market.staff["auditor"], "books/section") == "E_NOT_FOUND"
    assert refused(market.staff["auditor"], "facts?type=%27%20OR%201=1") == "E_MALFORMED"
