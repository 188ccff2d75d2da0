"""Somebody owns the broker, and so every byte between exchange and domain. He can lose tickets; he can do nothing else.

What he has are true deliveries he saw go by. He recombines, replays and alters them.
"""

import json
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workers.tiny_log import EXCHANGE, KEEPER, LICENCE, NOW_S, PROVIDER, TERMS, TICKET, TinyLog, ticket
from workers.claims import Claims
from workers.engines import Answered
from workers.runner import Runner

LOG = TinyLog()
FIRST = json.loads(LOG.deliver(TICKET.signed(EXCHANGE)))
SECOND = json.loads(LOG.deliver(ticket(id="tkt_2", order_id="ord_2").signed(EXCHANGE)))
OLD_LICENCE = LICENCE.model_copy(update={"terms": TERMS.model_copy(update={"jobs_max": 9})}).signed(PROVIDER)
PARTS = ("entry", "content", "salt", "proof", "licence")


class Counting:
    """An engine that only counts how often something reached it."""

    def __init__(self) -> None:
        self.asked = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def portable(self, tables: AbstractSet[str]) -> bool:
        return False

    def run(self, sql: str, tables: AbstractSet[str]) -> Answered:
        self.asked += 1
        return Answered(("ward", "n", "units"), ((0, 40, 40),))


class Victim:
    def __init__(self, folder: Path) -> None:
        self.engine, self.claims = Counting(), Claims(folder / "state.db")
        self.runner = Runner(KEEPER, self.claims, self.engine, PROVIDER, LOG.consistency, lambda: NOW_S, lambda: None)

    def brought(self, delivery: Any) -> int:
        self.runner.handle(delivery if isinstance(delivery, str) else json.dumps(delivery))
        return self.engine.asked


@pytest.fixture
def victim(tmp_path: Path) -> Victim:
    return Victim(tmp_path)


@given(taken=st.tuples(*[st.sampled_from([FIRST, SECOND]) for _ in PARTS]))
def test_parts_of_true_deliveries_make_no_third_ticket(
    tmp_path_factory: pytest.TempPathFactory, taken: tuple[dict[str, Any], ...]
) -> None:
    victim = Victim(tmp_path_factory.mktemp("domain"))
    mixed = {part: source[part] for part, source in zip(PARTS, taken, strict=True)}

    victim.brought(mixed)

    # The salt and the licence are alike in both; leaf, content and proof must belong together.
    whole = taken[0] is taken[1] is taken[3]
    assert victim.engine.asked == (1 if whole else 0)
    assert {one[0] for one in victim.claims.undelivered()} <= {"tkt_1", "tkt_2"}


def test_an_older_licence_of_the_same_provider_does_not_serve(victim: Victim) -> None:
    assert victim.brought({**FIRST, "licence": OLD_LICENCE.model_dump()}) == 0


def test_a_ticket_brought_a_hundred_times_runs_once(victim: Victim) -> None:
    for _ in range(100):
        victim.brought(FIRST)

    assert victim.engine.asked == 1


@pytest.mark.parametrize("part", PARTS)
def test_a_part_left_out_or_emptied_runs_nothing_and_spoils_nothing(victim: Victim, part: str) -> None:
    assert victim.brought({name: value for name, value in FIRST.items() if name != part}) == 0
    assert victim.brought({**FIRST, part: ""}) == 0
    assert victim.brought({**FIRST, part: None}) == 0

    assert victim.brought(FIRST) == 1


@pytest.mark.parametrize(
    "token",
    [
        "",
        "{}",
        "null",
        "\ud800",
        "[" * 30_000,
        '{"entry":' * 3_000,
        "9" * 30_000,
        json.dumps({"sql": "SELECT 1"}),
    ],
    ids=["none", "empty", "null", "surrogate", "deep list", "deep object", "number", "query"],
)
def test_nonsense_runs_nothing_and_stops_nothing(victim: Victim, token: str) -> None:
    assert victim.brought(token) == 0

    assert victim.brought(FIRST) == 1


def test_one_field_more_is_another_message(victim: Victim) -> None:
    assert victim.brought({**FIRST, "computation": "SELECT * FROM visits"}) == 0
