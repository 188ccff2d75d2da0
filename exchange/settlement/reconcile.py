"""The books beside the rails: every key that both should know, and every difference by its name. Changes nothing.

A difference is for people to look at; what is under way is none of them, but is counted.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from exchange.settlement.rails import Movement, RailStatus


class Booked(NamedTuple):
    """One key as our facts say. `paid_fen` is above zero for money that left us."""

    key: str
    state: str
    paid_fen: int


class Difference(NamedTuple):
    key: str
    what: str
    books_fen: int
    rail_fen: int


class Report(NamedTuple):
    """What both sides agree on, in number and in sum, what is under way, and what they do not agree on."""

    agreed: int
    agreed_fen: int
    under_way: int
    differences: tuple[Difference, ...]


def compare(books: Iterable[Booked], rail: Iterable[Movement]) -> Report:
    told = list(rail)
    known = {one.key: one for one in told if not one.odd}
    ours = {one.key: one for one in books}
    agreed = [key for key in ours.keys() & known.keys() if _agree(ours[key], known[key])]
    differences = sorted({*_odd(told), *_different(ours, known)})
    waiting = sum(1 for key in ours if _is_waiting(ours[key], known.get(key)))
    return Report(len(agreed), sum(ours[key].paid_fen for key in agreed), waiting, tuple(differences))


def _different(ours: dict[str, Booked], known: dict[str, Movement]) -> Iterator[Difference]:
    for key in ours.keys() | known.keys():
        booked, moved = ours.get(key), known.get(key)
        books_fen = booked.paid_fen if booked and booked.state == "PAID" else 0
        rail_fen = moved.paid_fen if moved and moved.status is RailStatus.PAID else 0
        if books_fen == rail_fen:
            continue
        if books_fen and rail_fen:
            yield Difference(key, "AMOUNT", books_fen, rail_fen)
        elif books_fen:
            yield Difference(key, "NOT_ON_THE_RAIL", books_fen, 0)
        else:
            # The rail paid under a key we gave: a crash or a silence lies between, and the teller will hear of it.
            yield Difference(key, "NOT_BOOKED" if booked else "UNKNOWN_TO_THE_BOOKS", 0, rail_fen)


def _odd(told: list[Movement]) -> Iterator[Difference]:
    return (Difference(one.key, one.odd, 0, one.paid_fen) for one in told if one.odd)


def _agree(booked: Booked, moved: Movement) -> bool:
    return booked.state == "PAID" and moved.status is RailStatus.PAID and booked.paid_fen == moved.paid_fen


def _is_waiting(booked: Booked, moved: Movement | None) -> bool:
    return booked.state == "SUBMITTED" and (moved is None or moved.status is not RailStatus.PAID)
