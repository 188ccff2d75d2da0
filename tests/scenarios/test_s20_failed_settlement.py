"""S20: a bank that is silent, one that says no, and a wallet that is full. Everybody is paid once, or told why not."""

from typing import Any

import pytest

from exchange.client.api import Exchange
from exchange.client.connection import Problem
from tests.market import DAY_S, Market
from tests.scenarios.disputing import refusal

ACCOUNT, WALLET = "a" * 64, "wallet-alias-1"


class Paying:
    """The supplier's part of one settled trade on its way through the rails; the working day after has come."""

    def __init__(self, market: Market, rail: str, *faults: str) -> None:
        self.market, self.clerk = market, market.staff["settlement clerk"]
        self.supplier_id = market.wallets["supplier"].identity.participant_id
        order_id = market.ordered()
        market.works()
        market.buyer.accept(order_id)
        # Only the supplier's payout meets the faults: the others are told apart by who they are for.
        self.batch_id = self.clerk.close_day()["id"]
        market.passes(DAY_S)
        market.admin.http.post("/v1/simulator/faults", {"rail": rail, "faults": faults})
        self.clerk.pay(self.batch_id)

    def tells(self, *waits_s: int) -> dict[str, Any]:
        for wait_s in waits_s:
            self.market.passes(wait_s)
            self.market.teller.run_once()
        return self.payout

    @property
    def payout(self) -> dict[str, Any]:
        [found] = [one for one in self.clerk.money.payouts() if one["payee_id"] == self.supplier_id]
        return dict(found)

    def events(self) -> list[str]:
        self.market.logs()
        with self.market.store.reading() as connection:
            sql = "SELECT type FROM event WHERE subject = '" + str(self.payout["id"]) + "' ORDER BY version"
            return [str(row[0]) for row in connection.exec_driver_sql(sql)]


def in_e_cny(market: Market, who: Exchange, wallet: str) -> None:
    """Paid into an e-CNY wallet from now on, which nobody else of the market is."""
    bound = who.money.bind_account(wallet, WALLET)
    market.staff["settlement clerk"].money.verify_account(bound["payee_id"], bound["account_digest"])


def test_a_timeout_is_asked_about_and_never_sent_a_third_time(market: Market) -> None:
    in_e_cny(market, market.supplier, "ECNY_2")
    paying = Paying(market, "ecny", "LOST_BEFORE_PAYING", "LOST_AFTER_PAYING")

    assert [paying.tells(wait_s)["state"] for wait_s in (0, 60, 300)] == ["RETRYING", "RETRYING", "SETTLED"]

    assert paying.events() == [
        "payout.ordered", "payout.submitted", "payout.retrying", "payout.submitted", "payout.retrying",
        "payout.settled",
    ]  # fmt: skip
    assert paying.payout["paid_fen"] == 144_765
    assert market.balances()["rail:ecny"] == 144_765
    assert paying.clerk.money.batch(paying.batch_id)["state"] == "PAID"


def test_three_refusals_leave_the_money_until_two_operators_verify_the_account(market: Market) -> None:
    in_e_cny(market, market.supplier, "ECNY_1")
    paying = Paying(market, "ecny", "NACK", "NACK", "NACK")
    assert paying.tells(0, 60, 300)["state"] == "FAILED_MANUAL"
    assert market.balances()[f"payable:{paying.supplier_id}"] == 144_765
    second = market.at(market.key_of(market.admin, "s" * 43, "SETTLEMENT"))
    bound = market.supplier.money.bind_account("BANK", "6222-0001")
    second.money.verify_account(bound["payee_id"], bound["account_digest"])

    paying.clerk.money.fix_payout(paying.payout["id"], bound["account_digest"])
    with pytest.raises(Problem) as alone:
        paying.clerk.money.fix_payout(paying.payout["id"], bound["account_digest"])
    with pytest.raises(Problem) as other_account:
        second.money.fix_payout(paying.payout["id"], ACCOUNT)
    second.money.fix_payout(paying.payout["id"], bound["account_digest"])

    assert (alone.value.code, other_account.value.code) == ("E_SECOND_PERSON", "E_ACCOUNT")
    assert paying.tells(0)["state"] == "SETTLED"
    assert market.balances()[f"payable:{paying.supplier_id}"] == 0
    assert market.balances().get("rail:ecny", 0) == 0


def test_a_wallet_takes_what_it_has_room_for_and_the_rest_the_day_after(market: Market) -> None:
    in_e_cny(market, market.supplier, "ECNY_4")
    paying = Paying(market, "ecny")
    market.admin.http.post("/v1/simulator/wallets", {"reference": WALLET, "balance_fen": 900_000})

    first = paying.tells(0)
    assert (first["state"], first["paid_fen"], first["code"]) == ("DEFERRED", 100_000, "DEFERRED_WALLET_CAP")
    market.admin.http.post("/v1/simulator/wallets", {"reference": WALLET, "balance_fen": 0})
    assert paying.tells(3_600)["state"] == "DEFERRED"

    assert paying.tells(DAY_S)["state"] == "SETTLED"
    assert paying.events()[1:] == [
        "payout.submitted", "payout_part.paid", "payout.deferred", "payout.submitted", "payout.settled",
    ]  # fmt: skip


def test_nobody_verifies_the_account_it_has_named_itself(market: Market) -> None:
    clerk = market.staff["settlement clerk"]
    bound = clerk.money.bind_account("BANK", "6222-0002")

    with pytest.raises(Problem) as alone:
        clerk.money.verify_account(bound["payee_id"], bound["account_digest"])

    assert refusal(alone.value) == (409, "E_SECOND_PERSON")
