"""Tickets go into one domain's queue, once each, and come out at that domain's worker."""

import pytest

from exchange.wire.queue import MESSAGE_BYTES_MAX, BadMessage
from tests.exchange.dispatch.market_broker import MarketBroker
from workers import queue


def delivered(broker: MarketBroker, domain: str) -> list[str]:
    tokens: list[str] = []
    queue.serve(tokens.append, domain=domain, connection=broker.worker(domain), burst=True)
    return tokens


def test_a_ticket_put_reaches_its_domain_and_no_other(broker: MarketBroker) -> None:
    assert broker.queue("hosp1").put("tkt_reaches", "a signed ticket")

    assert delivered(broker, "grid") == []
    assert delivered(broker, "hosp1") == ["a signed ticket"]


def test_the_same_ticket_put_twice_is_delivered_once(broker: MarketBroker) -> None:
    tickets = broker.queue("hosp1")
    assert tickets.put("tkt_twice", "first")

    assert not tickets.put("tkt_twice", "second")

    assert delivered(broker, "hosp1") == ["first"]


def test_a_ticket_just_finished_is_still_the_same_ticket(broker: MarketBroker) -> None:
    tickets = broker.queue("hosp1")
    tickets.put("tkt_finished", "once")
    delivered(broker, "hosp1")

    assert tickets.holds("tkt_finished")
    assert not tickets.put("tkt_finished", "once")
    assert delivered(broker, "hosp1") == []


def test_one_process_serves_many_domains_each_under_its_own_keys(broker: MarketBroker) -> None:
    hosp1, grid = broker.queue("hosp1"), broker.queue("grid")

    assert hosp1.put("tkt_same", "for the hospital")
    assert grid.put("tkt_same", "for the grid")

    assert (hosp1.waiting(), grid.waiting()) == (1, 1)
    assert delivered(broker, "grid") == ["for the grid"]
    assert delivered(broker, "hosp1") == ["for the hospital"]


def test_every_key_of_the_broker_lies_under_a_domain(broker: MarketBroker) -> None:
    broker.queue("bank").put("tkt_keys", "one")
    delivered(broker, "bank")

    keys = [str(key) for key in broker.as_user("admin").keys("*")]

    assert keys
    assert all(key.startswith(("b'dx:hosp1:", "b'dx:grid:", "b'dx:bank:")) for key in keys)


def test_tickets_are_delivered_in_the_order_they_were_put(broker: MarketBroker) -> None:
    tickets = broker.queue("grid")
    for number in range(20):
        tickets.put(f"tkt_order{number}", f"ticket {number}")

    assert delivered(broker, "grid") == [f"ticket {number}" for number in range(20)]


def test_nothing_of_a_finished_ticket_stays_in_the_broker_but_a_word(broker: MarketBroker) -> None:
    broker.queue("grid").put("tkt_word", "secret text")
    delivered(broker, "grid")

    record = broker.as_user("admin").hgetall("dx:grid:job:grid-word")

    assert record.pop(b"ended_at")
    assert record == {b"status": b"finished", b"code": b"done"}


@pytest.mark.parametrize("token", ["", "x" * MESSAGE_BYTES_MAX])
def test_a_message_the_other_side_would_refuse_is_not_put(broker: MarketBroker, token: str) -> None:
    with pytest.raises(BadMessage):
        broker.queue("hosp1").put("tkt_long", token)
    assert not broker.queue("hosp1").holds("tkt_long")


@pytest.mark.parametrize("ticket_id", ["ord_1", "tkt_", "tkt_a:b", "tkt_" + "a" * 101, "tkt_ä", "tkt_a\n"])
def test_an_id_that_is_not_a_tickets_is_refused(broker: MarketBroker, ticket_id: str) -> None:
    with pytest.raises(BadMessage):
        broker.queue("hosp1").put(ticket_id, "token")


@pytest.mark.parametrize("domain", ["ab", "hosp1-b", "Hosp1", "hosp1:x", "a" * 25, "hosp1\n", "*"])
def test_a_domain_id_that_could_reach_into_another_is_refused(broker: MarketBroker, domain: str) -> None:
    with pytest.raises(BadMessage):
        broker.queue(domain)
    with pytest.raises(BadMessage):
        queue.serve(print, domain=domain, connection=broker.worker("hosp1"), burst=True)
