"""A figure: what was measured, beside what was aimed at. It is shown whether or not the aim was reached."""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median

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


def interleaved_ms(rounds: int, **ways: Callable[[], object]) -> dict[str, float]:
    """Medians in milliseconds, each way tried once a round: a machine that is busy for a while is so for all alike."""
    for does in ways.values():
        does()
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, does in ways.items():
            began = time.perf_counter()
            does()
            times[name].append(1e3 * (time.perf_counter() - began))
    return {name: median(measured) for name, measured in times.items()}


def machine() -> Figure:
    """Who else was at work: on a busy machine what runs in several processes waits more often than what does not."""
    return Figure(f"load of the last minute, {os.cpu_count()} processors", f"{os.getloadavg()[0]:.1f}")


def show(console: Console, title: str, figures: Sequence[Figure]) -> None:
    table = Table("what", "measured", "aim", "", title=title, title_justify="left")
    words = {None: "", True: "[green]reached[/]", False: "[red]missed[/]"}
    for one in figures:
        table.add_row(one.name, one.measured, one.aim, words[one.reached])
    console.print(table)


class Report:
    """Tables on the console as they come, or one JSON object at the end."""

    def __init__(self, as_json: bool) -> None:
        self._console = None if as_json else Console(width=None if sys.stdout.isatty() else 120)
        self._told: dict[str, list[dict[str, object]]] = {}

    def add(self, title: str, figures: Sequence[Figure]) -> None:
        self._told[title] = [asdict(one) for one in figures]
        if self._console is not None:
            show(self._console, title, figures)

    def close(self) -> None:
        if self._console is None:
            sys.stdout.write(json.dumps(self._told, ensure_ascii=False) + "\n")
