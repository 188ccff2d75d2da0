"""A bank that is spoken to in files: money comes in by camt.054, goes out by pain.001, the books agree."""

import re
from pathlib import Path

import pytest

from exchange.client.connection import Problem
from exchange.settlement.bank_files import FILE_BYTES_MAX, BankFiles
from exchange.settlement.open_rails import opened
from exchange.settlement.teller import Teller
from tests.exchange.settlement.bank_speech import SPACE, bookings, status_report
from tests.market import DAY_S, Market
from tests.scenarios.disputing import refusal


class Banked:
    """The market of the scenarios whose bank is a folder; what it held before is not this bank's."""

    def __init__(self, market: Market, folder: Path) -> None:
        self.market, self.folder, self.clerk = market, folder, market.staff["settlement clerk"]
        self.starts()

    def starts(self) -> None:
        """As after a restart: the rails are opened again over what they left."""
        self.market.app.state.rails = opened(self.market.ground, self.folder, bank_account="ESCROW-1")
        self.market.teller = Teller(self.market.ground, self.market.app.state.rails)

    @property
    def bank(self) -> BankFiles:
        found = self.market.app.state.rails.bank
        assert isinstance(found, BankFiles)
        return found

    def says(self, name: str, content: str) -> None:
        (self.bank.inbox / name).write_text(content)
        self.market.teller.run_once()

    def orders(self) -> dict[str, dict[str, str]]:
        """Message → end-to-end id → yuan, as the bank reads our files."""
        found = {}
        for file in sorted(self.bank.outbox.glob("*.xml")):
            text = file.read_text()
            known, yuan = re.findall(r"<EndToEndId>(\w+)<", text), re.findall(r'Ccy="CNY">([\d.]+)<', text)
            found[file.stem] = dict(zip(known, yuan, strict=True))
        return found

    def settling(self) -> str:
        """One trade of 160,850 fen, batched, and ordered on the working day after."""
        order_id = self.market.ordered()
        self.market.works()
        self.market.buyer.accept(order_id)
        batch_id: str = self.clerk.close_day()["id"]
        self.market.passes(DAY_S)
        self.clerk.pay(batch_id)
        self.market.teller.run_once()
        return batch_id


@pytest.fixture
def banked(market: Market, tmp_path: Path) -> Banked:
    return Banked(market, tmp_path / "rails")


def test_payments_go_out_in_one_file_and_settle_when_the_bank_has_booked_them(banked: Banked) -> None:
    batch_id = banked.settling()
    [(message, transfers)] = banked.orders().items()
    assert sum(int(yuan.replace(".", "")) for yuan in transfers.values()) == 160_850
    banked.starts()
    banked.market.teller.run_once()
    assert len(banked.orders()) == 1

    first, *rest = transfers
    banked.says("a.xml", status_report("B-1", message, (first, "ACSC"), *((one, "ACSP") for one in rest)))
    assert {one["state"] for one in banked.clerk.money.payouts()} == {"SETTLED", "SUBMITTED"}
    banked.says("b.xml", bookings("C-1", [("DBIT", transfers[one], one, "") for one in rest]))

    assert banked.clerk.money.batch(batch_id)["state"] == "PAID"
    report = banked.clerk.money.reconciliation("bank")
    # The deposit of the market's first day came in by another bank: the report says so and nothing else.
    assert [one["what"] for one in report["differences"]] == ["NOT_ON_THE_RAIL"]
    assert (report["agreed"], report["agreed_fen"], report["under_way"]) == (3, 160_850, 0)
    ecny = banked.clerk.money.reconciliation("ecny")
    assert (report["simulated"], ecny["simulated"]) == (False, True)


def test_money_that_came_in_is_its_payers_and_claimed_once(banked: Banked) -> None:
    buyer = banked.market.buyer
    with pytest.raises(Problem) as too_early:
        buyer.deposit(70_000, "slip-9")
    others = [("CRDT", "5.00", "slip-8", "X"), ("CRDT", "6.00", "slip-7", "")]
    banked.says("in.xml", bookings("C-1", [("CRDT", "700.00", "slip-9", "buyer"), *others]))

    assert buyer.deposit(70_000, "slip-9")["available_fen"] == 320_000
    asked = ((70_001, "slip-9"), (500, "slip-8"), (600, "slip-7"))
    refused = [refusal_of(banked, amount_fen, slip) for amount_fen, slip in asked]

    assert [refusal(too_early.value), *refused] == [(409, "E_RAIL_REFERENCE")] * 4
    differences = {one["key"]: one["what"] for one in banked.clerk.money.reconciliation("bank")["differences"]}
    assert (differences["slip-8"], differences["slip-7"]) == ("UNCLAIMED", "UNCLAIMED")


def refusal_of(banked: Banked, amount_fen: int, slip: str) -> tuple[int, str]:
    with pytest.raises(Problem) as refused:
        banked.market.buyer.deposit(amount_fen, slip)
    return refusal(refused.value)


def test_files_that_are_damaged_or_come_twice_are_refused_and_lose_nothing(banked: Banked) -> None:
    batch_id = banked.settling()
    [(message, transfers)] = banked.orders().items()
    good = status_report("B-1", message, *((one, "ACSC") for one in transfers), version="03")
    banked.says("0.xml", good[: len(good) // 2])
    banked.says("1.xml", bookings("C-9", [("DBIT", "1.00", "a" * 32, "")], currency="USD"))
    assert banked.clerk.money.batch(batch_id)["state"] == "SUBMITTED"

    banked.says("2.xml", good)
    banked.says("3.xml", good)
    with pytest.raises(Problem) as again:
        banked.clerk.money.hand_in("4.xml", good.replace("ACSC", "RJCT"))

    assert refusal(again.value) == (409, "E_RAIL_FILE_DUPLICATE")
    assert banked.clerk.money.batch(batch_id)["state"] == "PAID"
    assert [one["code"] for one in banked.clerk.money.bank_files()] == [
        "E_RAIL_FILE", "E_RAIL_FILE", "", "E_RAIL_FILE_DUPLICATE", "E_RAIL_FILE_DUPLICATE",
    ]  # fmt: skip
    assert len(list((banked.folder / "bank/inbox/refused").iterdir())) == 4
    assert not list(banked.bank.inbox.glob("*.xml"))
    assert [place.stat().st_mode & 0o077 for place in (banked.bank.inbox, banked.bank.outbox)] == [0, 0]


@pytest.mark.parametrize("encoding", ["GBK", "hex", "UTF-7"])
def test_a_file_in_an_encoding_nobody_has_is_refused_and_keeps_nobody_else_waiting(
    banked: Banked, encoding: str
) -> None:
    strange = status_report("B-1", "m", ("a" * 32, "ACSC")).replace("?>", f' encoding="{encoding}"?>')
    banked.says("0.xml", strange)
    banked.says("1.xml", bookings("C-1", [("CRDT", "700.00", "slip-9", "buyer")]))

    assert [one["code"] for one in banked.clerk.money.bank_files()] == ["E_RAIL_FILE", ""]


def test_a_file_larger_than_any_is_refused_whole_and_a_link_is_not_followed(banked: Banked, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text(bookings("C-1", [("CRDT", "700.00", "slip-9", "buyer")]))
    (banked.bank.inbox / "0.xml").symlink_to(tmp_path / "elsewhere")
    banked.says("1.xml", bookings("C-1", [("CRDT", "700.00", "slip-9", "buyer")]) + " " * FILE_BYTES_MAX)

    assert [one["code"] for one in banked.clerk.money.bank_files()] == ["E_RAIL_FILE"]
    [kept] = (banked.folder / "bank/inbox/refused").iterdir()
    assert kept.stat().st_size > FILE_BYTES_MAX


def test_money_on_another_account_is_nobodys_here(banked: Banked) -> None:
    banked.says("0.xml", bookings("C-1", [("CRDT", "700.00", "slip-9", "buyer")], account="PRIVATE-9"))

    assert [one["code"] for one in banked.clerk.money.bank_files()] == ["E_RAIL_FILE"]
    assert refusal_of(banked, 70_000, "slip-9") == (409, "E_RAIL_REFERENCE")


def test_no_entity_is_declared_whatever_the_file_is_encoded_in(banked: Banked) -> None:
    """The kind stands readable in a comment of a file in UTF-16, where no plain search sees the declaration."""
    said = bookings("&x;", [("CRDT", "700.00", "slip-9", "buyer")])
    kind = f'{SPACE}camt.054.001.08" '.encode().decode("utf-16-le")
    hidden = f'\ufeff<!--{kind}--><!DOCTYPE Document [<!ENTITY x "C-1">]>{said}'.encode("utf-16-le")

    (banked.bank.inbox / "0.xml").write_bytes(hidden)
    banked.market.teller.run_once()

    assert [one["code"] for one in banked.clerk.money.bank_files()] == ["E_RAIL_FILE"]


def test_a_payment_the_bank_rejects_waits_for_two_people_and_goes_out_under_another_key(banked: Banked) -> None:
    batch_id = banked.settling()
    [(message, transfers)] = banked.orders().items()
    lost, *rest = transfers
    banked.says("a.xml", status_report("B-1", message, (lost, "RJCT"), *((one, "ACSC") for one in rest)))
    [failed] = [one for one in banked.clerk.money.payouts() if one["state"] == "FAILED_MANUAL"]

    second = banked.market.at(banked.market.key_of(banked.market.admin, "s" * 43, "SETTLEMENT"))
    for person in (banked.clerk, second):
        person.money.fix_payout(failed["id"], "a" * 64)
    banked.market.teller.run_once()

    [(again, sent)] = [one for one in banked.orders().items() if one[0] != message]
    assert (list(sent.values()), lost in sent) == ([transfers[lost]], False)
    banked.says("b.xml", status_report("B-2", again, *((one, "ACCC") for one in sent)))
    assert banked.clerk.money.batch(batch_id)["state"] == "PAID"
    banked.says("c.xml", bookings("C-1", [("DBIT", transfers[lost], lost, ""), ("DBIT", "3.00", "b" * 32, "")]))
    odd = {one["what"] for one in banked.clerk.money.reconciliation("bank")["differences"]}
    assert odd >= {"PAID_AFTER_REJECTED", "UNKNOWN_TRANSFER"}
