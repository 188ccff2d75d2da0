"""`bench trade`, `bench disclosure` and `bench log`: what is measured on this machine, each aim beside it."""

import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench import (
    answering,
    around,
    breaking,
    figures,
    intake,
    jailed,
    logs,
    market,
    peers,
    reading,
    tpch,
    trees,
    trips,
    wards,
)
from bench.figures import Report

PEER_ROWS = 1_000_000
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


@commands.command()
def disclosure(
    rows: Annotated[str, typer.Option(help="table sizes, with commas between")] = "100000,1000000,10000000",
    rounds: Annotated[int, typer.Option(min=1, help="rounds in which each way is tried once")] = 15,
    scale: Annotated[str, typer.Option(help="TPC-H scale factor; 0 leaves it out")] = "1",
    peer: Annotated[bool, typer.Option("--peer", help="install smartnoise-sql beside us and ask it the same")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object instead of tables")] = False,
) -> None:
    """What answers cost under the rules: with noise and exact beside raw DuckDB, the jail, the analyser."""
    report = Report(as_json)
    with tempfile.TemporaryDirectory(prefix="dx-") as name:
        home = Path(name)
        home.chmod(0o755)  # The jail's own user passes through here.
        for count in [int(one) for one in rows.split(",")]:
            table = wards.wards(home / str(count), count)
            told = answering.answered_ms(home / str(count), table, rounds)
            report.add(f"an answer over {count:,} rows", answering.figures(count, told))
            if peer and count == PEER_ROWS:
                found = peers.smartnoise_ms(home, table, 3)
                report.add("another way to the same answer", peers.figures(count, told["noisy"], found))
        report.add("around a query", around.figures(around.around_ms(home, 3 * rounds)))
        report.add("reading a query", reading.figures(reading.demo_ms(rounds), reading.hurtful_ms()))
        if scale != "0":
            (home / "tpch").mkdir()
            files = tpch.generated(home / "tpch", scale)
            report.add("TPC-H, no rules asked", tpch.figures(scale, tpch.jailed_and_raw_ms(files, max(1, rounds // 3))))
        report.add("this machine", [figures.machine()])
    report.close()


@commands.command()
def log(
    crash: Annotated[bool, typer.Option("--crash", help="break it off at every call to the system instead")] = False,
    entries: Annotated[int, typer.Option(min=1_000, help="entries of the log that is verified whole")] = 1_000_000,
    seconds: Annotated[float, typer.Option(min=0.05, help="how long each rate is taken")] = 2.0,
    every: Annotated[int, typer.Option(min=1, help="of the faults, every so-manieth")] = 1,
    kills: Annotated[int, typer.Option(min=1, help="kills under load on each database")] = 300,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object instead of tables")] = False,
) -> None:
    """What the log costs beside bare hashing and bare flushing; or, with --crash, whether it can be broken."""
    report = Report(as_json)
    if crash:
        report.add("the log, broken off", breaking.figures(every, kills, stop_every=max(1, kills // 12)))
    else:
        report.add("the tree", trees.tree_figures(min(entries, 200_000)))
        with tempfile.TemporaryDirectory(prefix="dx-") as name:
            for title, figures_of in logs.measured(Path(name), entries, seconds):
                report.add(title, figures_of)
    report.close()


if __name__ == "__main__":
    commands()
