"""A trade that is ready to run, for the tests of listings and licences."""

import pytest

from tests.exchange.orders.trading import Trading, begun
from tests.exchange.rehearsal import Market


@pytest.fixture
def trading(market: Market) -> Trading:
    return begun(market)
