"""Receipts reach the exchange once each, through every kind of absence. The exchange here is a few lines of HTTP."""

from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import httpx2
import pytest

from workers.claims import Claim, Claims
from workers.courier import deliver_forever, deliver_once, to_tick_ms
from workers.door import PROBLEM, Door, Unreachable

Answering = Callable[[httpx2.Request], httpx2.Response]


@pytest.fixture
def claims(tmp_path: Path) -> Claims:
    kept = Claims(tmp_path / "state.db")
    for number in (1, 2):
        kept.claim(Claim(f"tkt_{number}", "a" * 64, f"ord_{number}", "lic_1", 100))
        kept.conclude(f"tkt_{number}", b'{"receipt": %d}' % number)
    return kept


def door(answering: Answering) -> Door:
    return Door("https://exchange.example", "dxk_key.secret", httpx2.MockTransport(answering))


def problem(status: int, code: str) -> httpx2.Response:
    return httpx2.Response(status, json={"code": code}, headers={"content-type": PROBLEM})


def waiting(claims: Claims) -> list[str]:
    return [ticket_id for ticket_id, _ in claims.undelivered()]


def test_each_receipt_is_handed_in_under_a_key_of_its_own(claims: Claims) -> None:
    asked: list[httpx2.Request] = []

    def take(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return httpx2.Response(200, json={})

    assert deliver_once(claims, door(take)) == 2

    assert [(one.url.path, one.headers["idempotency-key"], one.content) for one in asked] == [
        ("/v1/receipts", "receipt-tkt_1", b'{"receipt": 1}'),
        ("/v1/receipts", "receipt-tkt_2", b'{"receipt": 2}'),
    ]
    assert {one.headers["authorization"] for one in asked} == {"Bearer dxk_key.secret"}
    assert waiting(claims) == []


def test_a_coded_no_of_the_exchange_is_an_answer(claims: Claims) -> None:
    assert deliver_once(claims, door(lambda request: problem(409, "E_TICKET"))) == 2

    assert waiting(claims) == []


@pytest.mark.parametrize(
    "answer",
    [
        problem(401, "E_UNAUTHENTICATED"),
        problem(403, "E_ROLE"),
        problem(409, "E_STALE_VERSION"),
        problem(429, "E_RATE"),
        problem(500, "E_INTERNAL"),
        problem(503, "E_LOG_STOPPED"),
        httpx2.Response(404, text="<h1>nginx</h1>"),
        httpx2.Response(302, headers={"location": "https://elsewhere.example"}),
    ],
    ids=lambda answer: str(answer.status_code),
)
def test_whatever_else_comes_back_the_receipts_are_kept(claims: Claims, answer: httpx2.Response) -> None:
    with pytest.raises(Unreachable):
        deliver_once(claims, door(lambda request: answer))

    assert waiting(claims) == ["tkt_1", "tkt_2"]


def test_a_receipt_that_is_not_taken_does_not_hold_up_the_next(claims: Claims) -> None:
    def take(request: httpx2.Request) -> httpx2.Response:
        first = request.headers["idempotency-key"] == "receipt-tkt_1"
        return httpx2.Response(500 if first else 200, json={})

    with pytest.raises(Unreachable):
        deliver_once(claims, door(take))

    assert waiting(claims) == ["tkt_1"]


def test_an_answer_lost_on_the_way_leads_to_the_same_bytes_under_the_same_key(claims: Claims) -> None:
    taken: list[tuple[str, bytes]] = []

    def take(request: httpx2.Request) -> httpx2.Response:
        taken.append((request.headers["idempotency-key"], request.content))
        if len(taken) == 1:
            raise httpx2.ReadError("cut off")
        return httpx2.Response(200, json={})

    with pytest.raises(Unreachable):
        deliver_once(claims, door(take))
    deliver_once(claims, door(take))

    assert taken[0] == taken[1]
    assert waiting(claims) == []


def test_the_courier_goes_on_after_an_absence_until_it_is_told_to_stop(claims: Claims) -> None:
    calls, done, stop, wake = 0, Event(), Event(), Event()

    def take(request: httpx2.Request) -> httpx2.Response:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise httpx2.ConnectError("away")
        if calls == 3:
            done.set()
        return httpx2.Response(200, json={})

    courier = Thread(target=deliver_forever, args=(claims, door(take), stop, wake))
    courier.start()
    assert done.wait(30)
    stop.set()
    wake.set()
    courier.join(30)

    assert not courier.is_alive()
    assert waiting(claims) == []


def test_a_consistency_proof_is_read_line_by_line() -> None:
    asked: list[str] = []

    def prove(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url))
        return httpx2.Response(200, text="AAAA\nAQEB\n")

    assert door(prove).consistency(3, 7) == [b"\0\0\0", b"\1\1\1"]
    assert asked == ["https://exchange.example/v1/ledger/proofs/consistency?from=3&to=7"]


def test_a_log_that_does_not_know_the_sizes_proves_nothing() -> None:
    assert door(lambda request: problem(404, "E_NOT_FOUND")).consistency(3, 7) == []


@pytest.mark.parametrize(
    "answer",
    [problem(401, "E_UNAUTHENTICATED"), httpx2.Response(404, text="gone"), httpx2.Response(200, text="not base64!")],
    ids=["401", "404 of somebody else", "no proof"],
)
def test_an_answer_that_is_none_is_waited_for(answer: httpx2.Response) -> None:
    with pytest.raises(Unreachable):
        door(lambda request: answer).consistency(3, 7)


@pytest.mark.parametrize(("now_ms", "left_ms"), [(0, 0), (1, 99), (100, 0), (101, 99), (1_999, 1)])
def test_a_receipt_leaves_on_the_next_tick_of_the_clock(now_ms: int, left_ms: int) -> None:
    assert to_tick_ms(now_ms, 100) == left_ms
    assert to_tick_ms(now_ms, 0) == 0
