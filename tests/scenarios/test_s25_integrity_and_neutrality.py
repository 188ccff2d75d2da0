"""S25: whoever runs the exchange, or belongs to who does, trades on it in no role; and its past can be told again."""

from typing import Any

import pytest

from demo.people import FOUND, uscc
from exchange.client.wallet import Wallet
from exchange.kernel.views import dump, rebuild
from tests.scenarios.overseeing import Overseen, opened, refused


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Overseen:
    return opened(tmp_path_factory.mktemp("neutral"))


def applied(market: Overseen, name: str, number: int, role: str, **more: Any) -> str:
    """An application in the hands of the first reviewer."""
    wallet = Wallet.made(market.home / name)
    form = {
        "org_name": name,
        "uscc": uscc(number),
        "roles": [role],
        "territory": "CN-HB",
        "operates_node": False,
        "evidence": {"identity": "0" * 64},
        "legal_representative": "Zhang San",
        **more,
    }
    market.at(None).apply(form, wallet)
    market.staff["first reviewer"].take_application(wallet.identity.participant_id)
    return wallet.identity.participant_id


@pytest.mark.parametrize("role", ["DATA_MERCHANT", "SUPPLIER", "THIRD_PARTY"])
def test_an_affiliate_of_the_exchange_is_refused_whatever_its_reviewer_found(market: Overseen, role: str) -> None:
    number = 50 + len(role)
    affiliate = applied(market, f"affiliate-{number}", number, role, group_uscc=uscc(0))

    code = refused(market.staff["second reviewer"].approve, affiliate, {**FOUND, "independent": True})

    assert code == (403, "E_INDEPENDENCE")
    assert market.regulator.participant(affiliate)["state"] == "REJECTED"
    assert market.types_of(affiliate)[-1] == "participant.rejected"


def test_a_reviewers_finding_of_dependence_is_enough_and_another_group_is_none_of_ours(market: Overseen) -> None:
    found = applied(market, "found", 70, "DATA_MERCHANT")
    other = applied(market, "other", 71, "DATA_MERCHANT", group_uscc=uscc(72))
    second = market.staff["second reviewer"]

    assert refused(second.approve, found, {**FOUND, "independent": False}) == (403, "E_INDEPENDENCE")
    assert second.approve(other, FOUND)["state"] == "APPROVED"


def test_a_code_of_a_controller_that_does_not_check_is_no_code(market: Overseen) -> None:
    form: dict[str, Any] = {"group_uscc": "91420100MA00000X0X"}

    assert refused(applied, market, "typo", 73, "BUYER", **form) == (409, "E_USCC")


def test_nobody_assesses_its_own_group(market: Overseen) -> None:
    listing = market.supplier.submit_listing(
        asset_id=market.listing["asset_id"],
        merchant_id=market.id_of("merchant"),
        template=market.listing["template"],
        quality_report_sha256="0" * 64,
    )

    own = {"passed": True, "report_sha256": "0" * 64, "assessor_id": market.id_of("supplier")}
    assert refused(market.officer.assess, listing["id"], **own) == (409, "E_INDEPENDENCE")


def test_all_facts_folded_again_into_nothing_show_the_same_market(market: Overseen) -> None:
    market.works()
    with market.store.writing() as connection:
        shown = list(dump(connection))
        rebuild(connection)
        assert list(dump(connection)) == shown
