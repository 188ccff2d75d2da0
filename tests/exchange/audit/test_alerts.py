"""What the desk is warned of, over HTTP: a budget near its cap, what waits too long for a word, witnesses behind."""

import secrets
from typing import Any

from exchange.ledger import quorum
from exchange.wire.cosignatures import WitnessKey
from exchange.wire.log_policy import LogPolicy
from exchange.wire.notes import read_checkpoint
from tests.market import DAY_S, Market


def alerts(market: Market, kind: str) -> list[Any]:
    found = market.staff["auditor"].http.pages("/v1/audit/alerts")
    assert market.staff["first compliance officer"].http.pages("/v1/audit/alerts") == found
    return [one for one in found if one["kind"] == kind]


def test_a_request_without_an_answer_is_overdue_after_five_days(market: Market) -> None:
    licence_id = market.buyer.request_licence(market.listing["id"], market.listing["template"])["id"]
    market.passes(5 * DAY_S)
    assert alerts(market, "OVERDUE") == []

    market.passes(1)

    (found,) = alerts(market, "OVERDUE")
    provider = market.wallets["supplier"].identity.participant_id
    assert (found["subject"], found["participant_id"], found["code"]) == (licence_id, provider, "REQUESTED")
    market.provider.sign(licence_id)
    assert alerts(market, "OVERDUE") == []


def test_a_witness_that_falls_behind_is_named_and_so_is_a_log_without_its_quorum(market: Market) -> None:
    near, far = (WitnessKey(name, secrets.token_bytes(32)) for name in ("near.example", "far.example"))
    policy = LogPolicy.of(market.admin.about()["log_vkeys"], [near.vkey, far.vkey], 1)
    market.door.app.state.log_policy = policy  # type: ignore[attr-defined]
    market.logs()
    with market.store.writing() as connection:
        note = quorum.candidate(connection)
        checkpoint = read_checkpoint(note or "")[0]
        quorum.keep(connection, checkpoint.size, near.cosign(checkpoint, market.now_s), policy, market.now)
        connection.exec_driver_sql("UPDATE checkpoint SET published_at = NULL")

    market.passes(61)

    far_away, log = alerts(market, "WITNESS")
    assert (far_away["subject"], far_away["value"]) == ("far.example", checkpoint.size)
    assert (log["subject"], log["value"], log["code"]) == ("log", checkpoint.size, "E_QUORUM")
    health = market.door.get("/v1/ledger/health").json()
    assert (health["alarm"], health["payouts_stopped"]) == (True, True)
