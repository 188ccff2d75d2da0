"""A figure: what was measured, beside what was aimed at. It is shown whether or not the aim was reached."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of a report. `reached` is None where there is no aim."""

    name: str
    measured: str
    aim: str = ""
    reached: bool | None = None


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest measured value that at least so many per cent do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def show(console: Console, title: str, figures: Sequence[Figure]) -> None:
    table = Table("what", "measured", "aim", "", title=title, title_justify="left")
    words = {None: "", True: "[green]reached[/]", False: "[red]missed[/]"}
    for one in figures:
        table.add_row(one.name, one.measured, one.aim, words[one.reached])
    console.print(table)
