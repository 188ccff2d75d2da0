"""A buyer who countersigns its licence with more than a signature, so that its tickets fit in no domain's queue.

One ticket that cannot be put anywhere must not stop the tickets of everybody else behind it in the log.
"""

from pathlib import Path
from typing import Any

import fakeredis
import pytest
from pydantic import ValidationError

from exchange.authorization.model import TicketIssued
from exchange.dispatch.doors import Doors
from exchange.dispatch.queue import TicketQueue
from exchange.dispatch.service import Dispatcher
from exchange.kernel.errors import Malformed
from exchange.kernel.unit import history
from exchange.licensing import service as licensing
from exchange.licensing.model import Licence
from exchange.wire.deliveries import Delivery
from exchange.wire.envelope import Signature, sign
from exchange.wire.keys import PrivateKey
from tests.exchange.orders.trading import begun
from tests.exchange.rehearsal import Market


@pytest.mark.parametrize("field", [{"sig": "\U0001f6d1" * 512}, {"keyid": "\U0001f6d1" * 64}, {"sig": ""}])
def test_a_signature_is_a_signature_and_no_other_text(field: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Signature.model_validate({"keyid": "0" * 16, "sig": "AA==", **field})


def test_nobody_signs_a_licence_who_is_not_asked_to(market: Market) -> None:
    trading = begun(market)
    licence_id = trading.request()
    trading.offer(licence_id)

    with market.ground.reading(trading.buyer) as unit:
        both = unit.get(Licence, licence_id).signed.countersigned(trading.buyer_key)
    with pytest.raises(Malformed) as refused, market.ground.writing(trading.buyer) as unit:
        licensing.agree(unit, licence_id, both.countersigned(PrivateKey.generated()))

    assert refused.value.reason == "E_SIGNATURE"


class OneQueue(Doors):
    """The way to one queue, whatever the domain."""

    def __init__(self, secrets: Path) -> None:
        super().__init__("", secrets)
        self.queue = TicketQueue(fakeredis.FakeRedis(), "power")

    def queue_of(self, domain: str) -> TicketQueue:
        return self.queue


class Swollen(Dispatcher):
    """As if an oversized ticket had come into the log by a way nobody has thought of."""

    def _delivery(self, issued: TicketIssued, event_id: str) -> Delivery:
        return Delivery(
            entry="A" * 32_768, content="", salt="", proof="", licence=sign("x", b"", PrivateKey.generated())
        )


def test_a_ticket_that_fits_in_no_queue_does_not_stop_those_behind_it(market: Market, tmp_path: Path) -> None:
    trading, doors = begun(market), OneQueue(tmp_path)
    order = trading.order()
    with market.ground.reading(trading.buyer) as unit:
        issued = next(one for one in history(unit.connection, order.id) if isinstance(one.event, TicketIssued))

    Swollen(market.ground, doors).handle(issued)

    assert doors.queue.waiting() == 0
