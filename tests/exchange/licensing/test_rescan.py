"""A new version of the negative list: the market is looked through again, and what it bars stops at once."""

from pathlib import Path

import pytest

from exchange.kernel.errors import Guarded
from exchange.licensing import listings, stops
from exchange.orders.clockwork import Clockwork
from policies.engine import PolicySet, load_policies
from policies.engine.policy_set import TABLES
from tests.exchange.orders.trading import DEPOSIT_FEN, Trading
from tests.exchange.rehearsal import COMPLIANCE, digest


def rules(folder: Path, old: str, new: str) -> PolicySet:
    """The rules in force with one change of the negative list or of its words."""
    for path in TABLES.glob("*.yaml"):
        (folder / path.name).write_text(path.read_text("utf-8").replace(old, new, 1), "utf-8")
    return load_policies(folder)


@pytest.fixture
def barring(tmp_path: Path) -> PolicySet:
    return rules(tmp_path, "survey_uncleared: true}", "survey_uncleared: false}")


@pytest.fixture
def asking_more(tmp_path: Path) -> PolicySet:
    """A list that asks what no form has said yet."""
    rules(tmp_path, "  - survey_uncleared\noutputs", "  - survey_uncleared\n  - metered\noutputs")
    return load_policies(tmp_path)


def test_a_hit_suspends_listing_and_licence_and_names_the_row(trading: Trading, barring: PolicySet) -> None:
    trading.tick()
    assert (trading.listing().state, trading.licence().state) == ("LIVE", "ACTIVE")

    trading.market.ground.policies = barring
    trading.tick()

    assert (trading.listing().state, trading.licence().state) == ("SUSPENDED", "SUSPENDED")
    assert "E_NEGLIST" in trading.reasons()
    assert trading.listing().suspended_by == ""


def test_what_was_running_is_not_released_and_is_paid_back(trading: Trading, barring: PolicySet) -> None:
    order = trading.order()
    trading.market.ground.policies = barring
    trading.tick()

    ended = trading.report(order)

    assert (ended.state, ended.refund_rule) == ("FAILED", "R8")
    assert trading.escrow_fen() == DEPOSIT_FEN


def test_one_clockwork_sees_a_change_between_two_looks(trading: Trading, barring: PolicySet) -> None:
    clockwork = Clockwork(trading.market.ground, None)
    clockwork.run_once()

    trading.market.ground.policies = barring
    clockwork.run_once()
    clockwork.run_once()

    assert trading.listing().state == "SUSPENDED"


def test_a_barred_licence_is_not_resumed(trading: Trading, barring: PolicySet) -> None:
    trading.market.ground.policies = barring
    trading.tick()

    with pytest.raises(Guarded) as refused, trading.market.ground.writing(COMPLIANCE) as unit:
        stops.resume(unit, trading.licence_id)

    assert refused.value.reason == "E_NEGLIST:N22"
    assert trading.licence().state == "SUSPENDED"


def test_a_question_the_form_never_answered_bars_too(trading: Trading, asking_more: PolicySet) -> None:
    trading.market.ground.policies = asking_more
    assert "E_NEGLIST" in trading.reasons()
    trading.tick()

    assert trading.listing().state == "SUSPENDED"


def test_a_barred_listing_comes_back_only_with_a_list_that_lets_it(trading: Trading, barring: PolicySet) -> None:
    before = trading.market.ground.policies
    trading.market.ground.policies = barring
    trading.tick()

    with pytest.raises(Guarded) as refused, trading.market.ground.writing(COMPLIANCE) as unit:
        listings.reinstate(unit, trading.listing_id, digest("assessed again"))
    assert refused.value.reason == "E_NEGLIST:N22"

    trading.market.ground.policies = before
    with trading.market.ground.writing(COMPLIANCE) as unit:
        listings.reinstate(unit, trading.listing_id, digest("assessed again"))
    trading.tick()
    assert trading.listing().state == "LIVE"
