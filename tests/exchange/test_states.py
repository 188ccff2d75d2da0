"""The state diagrams of the docs are those the code decides by."""

from pathlib import Path

from exchange.kernel.entity import KINDS
from exchange.states import drawn

PAGE = Path(__file__).parents[2] / "docs" / "states.md"


def test_the_page_of_diagrams_is_in_step() -> None:
    assert PAGE.read_text() == drawn(), "run `python -m exchange states > docs/states.md`"


def test_every_event_that_can_happen_is_drawn() -> None:
    page = drawn()
    product = {event for event in KINDS if event.__module__.startswith("exchange.")}

    assert {event.__name__ for event in product if f": {event.__name__}\n" not in page} == set()
