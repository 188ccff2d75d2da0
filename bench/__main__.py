"""`bench trade`: prints what a trade costs on this machine, each aim beside what was measured."""

import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench import figures, intake, jailed, market, trips

commands = typer.Typer(add_completion=False)


@commands.callback(invoke_without_command=True)
def default(context: typer.Context) -> None:
    """Measures the trade where no other bench is named."""
    if context.invoked_subcommand is None:
        trade()


@commands.command()
def trade(
    orders: Annotated[int, typer.Option(min=1, help="orders, one after another")] = 60,
    seconds: Annotated[float, typer.Option(min=0.1, help="how long the API is asked for more")] = 8.0,
    rows: Annotated[int, typer.Option(min=1_000, help="rows the jailed query reads")] = 1_000_000,
) -> None:
    """One order's way, orders a second, and the price of the jail."""
    console = Console(width=None if sys.stdout.isatty() else 120)
    with tempfile.TemporaryDirectory(prefix="dx-") as name:
        home = Path(name)
        with market.opened(home) as opened:
            figures.show(console, "one order after another", trips.figures(trips.trips(opened, orders)))
            opened.stop_worker()
            accepted = intake.orders_per_s(opened, seconds)
        peers = intake.commits_per_s(home, 2.0), intake.syncs_per_s(home, 2.0)
        figures.show(console, "as many orders as the API takes", intake.figures(accepted, *peers))
        measured = jailed.jailed_and_raw(home, rows, rounds=9)
        figures.show(console, f"a query over {rows:,} rows, in the domain", jailed.figures(measured))


if __name__ == "__main__":
    commands()
