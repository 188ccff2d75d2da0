"""One real server for the session, with an access file for three domains."""

from collections.abc import Iterator

import pytest

from tests.exchange.dispatch.market_broker import MarketBroker, started


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MarketBroker]:
    running = started(tmp_path_factory.mktemp("broker"))
    yield running
    running.broker.stop()
