"""One logical call, however many tries: the same key, growing waits, and a coded end."""

import httpx2
import pytest

from exchange.client.connection import TRIES_MAX, Problem, TimedOut, Unreachable
from tests.exchange.client.answering import Script, Waiting, exchange_of, problem, said


def test_a_try_whose_answer_was_lost_is_repeated_under_the_same_key() -> None:
    script = Script([httpx2.ReadError("lost"), said(503, {}), said(502, {}), said(202, {"id": "ord_a"})])

    order = exchange_of(script).place_order({"licence_id": "lic_a"})

    assert order == {"id": "ord_a"}
    assert len({request.headers["idempotency-key"] for request in script.asked}) == 1
    assert len({request.content for request in script.asked}) == 1


def test_two_calls_have_two_keys() -> None:
    script = Script([said(202, {}), said(202, {})])
    exchange = exchange_of(script)

    exchange.place_order({})
    exchange.place_order({})

    assert len({request.headers["idempotency-key"] for request in script.asked}) == 2


def test_a_caller_may_bring_its_own_key() -> None:
    script = Script([said(202, {})])

    exchange_of(script).place_order({}, key="mine")

    assert script.asked[0].headers["idempotency-key"] == "mine"


def test_waits_grow_and_the_exchanges_own_word_is_heeded() -> None:
    waiting = Waiting()
    script = Script([said(503, {}), said(503, {}), said(429, {}, Retry_After="3"), said(200, {})])

    exchange_of(script, waiting).escrow()

    assert waiting.slept == [0.1, 0.2, 3.0]


@pytest.mark.parametrize("asked", ["99999999", "-1", "soon", "1e9"])
def test_nobody_can_make_a_client_wait_for_ever(asked: str) -> None:
    waiting = Waiting()

    exchange_of(Script([said(429, {}, Retry_After=asked), said(200, {})]), waiting).escrow()

    assert max(waiting.slept) <= 5.0


def test_an_exchange_that_is_away_is_said_to_be_away() -> None:
    script = Script([httpx2.ConnectError("refused")] * TRIES_MAX)

    with pytest.raises(Unreachable):
        exchange_of(script).escrow()

    assert script.answers == []


def test_a_no_is_not_asked_again() -> None:
    script = Script([problem(409, "E_FUNDS")])

    with pytest.raises(Problem) as raised:
        exchange_of(script).place_order({})

    assert (raised.value.status, raised.value.code, raised.value.detail) == (409, "E_FUNDS", "a sentence")


def test_a_recorded_refusal_brings_its_reasons_and_where_it_is_recorded() -> None:
    more = {"reasons": ["E_PURPOSE", "E_FUNDS"], "subject": "ord_a", "explanation": "ask for another purpose"}

    with pytest.raises(Problem) as raised:
        exchange_of(Script([problem(403, "E_PURPOSE", **more)])).place_order({})

    assert raised.value.reasons == ("E_PURPOSE", "E_FUNDS")
    assert (raised.value.subject, raised.value.explanation) == ("ord_a", "ask for another purpose")


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(500, text="<html>Traceback</html>"),
        httpx2.Response(500, json=["Traceback"]),
        httpx2.Response(500, json={"detail": {"input": "secret"}}),
    ],
)
def test_whatever_else_answers_gets_a_code_and_is_not_quoted(answer: httpx2.Response) -> None:
    with pytest.raises(Problem) as raised:
        exchange_of(Script([answer])).escrow()

    assert raised.value.code == "E_HTTP_500"
    assert "Traceback" not in str(raised.value)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("answer", [httpx2.Response(200, text="hello"), httpx2.Response(200, json=[1])])
def test_an_answer_that_cannot_be_read_is_a_problem(answer: httpx2.Response) -> None:
    with pytest.raises(Problem) as raised:
        exchange_of(Script([answer])).escrow()

    assert raised.value.code == "E_ANSWER"


def test_a_redirect_is_not_followed_with_the_credential() -> None:
    script = Script([said(302, {}, Location="http://elsewhere.test/")])

    with pytest.raises(Problem):
        exchange_of(script).escrow()

    assert len(script.asked) == 1


def test_every_page_of_a_list_is_read() -> None:
    link = '</v1/orders?limit=200&cursor=b3Jk>; rel="next"'
    script = Script([said(200, [{"id": "ord_a"}], Link=link), said(200, [{"id": "ord_b"}])])

    orders = exchange_of(script).orders()

    assert [order["id"] for order in orders] == ["ord_a", "ord_b"]
    assert script.asked[1].url.params["cursor"] == "b3Jk"


@pytest.mark.parametrize("place", ["http://elsewhere.test/v1/orders", "//elsewhere.test/v1/orders"])
def test_a_next_page_elsewhere_is_not_asked_for(place: str) -> None:
    script = Script([said(200, [], Link=f'<{place}>; rel="next"')])

    with pytest.raises(Problem):
        exchange_of(script).orders()

    assert len(script.asked) == 1


def test_waiting_for_an_order_ends_when_something_came_of_it() -> None:
    states = [said(200, {"state": state}) for state in ("TICKETED", "TICKETED", "DELIVERED")]

    order = exchange_of(Script([*states])).wait_for_order("ord_a", deadline_s=60)

    assert order["state"] == "DELIVERED"


def test_waiting_for_an_order_ends_at_its_deadline() -> None:
    waiting = Waiting()

    with pytest.raises(TimedOut):
        exchange_of(lambda _: said(200, {"state": "TICKETED"}), waiting).wait_for_order("ord_a", deadline_s=5)

    assert sum(waiting.slept) == pytest.approx(5)


def test_a_proof_is_waited_for_until_a_checkpoint_covers_the_entry() -> None:
    script = Script([said(404, {"detail": "E_NOT_YET_SIGNED"}), httpx2.Response(200, text="the proof")])

    assert exchange_of(script).log.proof("evt_a", deadline_s=5) == "the proof"


def test_an_id_cannot_become_another_path() -> None:
    script = Script([said(200, {})])

    exchange_of(script).order("../keys")

    assert script.asked[0].url.raw_path == b"/v1/orders/..%2Fkeys"


def test_a_stranger_sends_no_credential() -> None:
    script = Script([said(200, {})])

    exchange_of(script, credential=None).escrow()

    assert "authorization" not in script.asked[0].headers
