"""The exchange's own commands: found it, serve it, and run its parts as processes of their own."""

import os
import signal
import sys
from pathlib import Path
from threading import Event, Thread
from typing import Annotated

import typer
import uvicorn

from exchange import log_guard, log_shards
from exchange.access.founding import Operator, bootstrap
from exchange.app import create_app
from exchange.house import CLOCKWORK_PAUSE_S, FOLLOW_PAUSE_S, TELLER_PAUSE_S, House
from exchange.kernel.views import rebuild as rebuild_views
from exchange.ledger import keeping
from exchange.ledger.export import export as export_log
from exchange.ledger.log_lines import log_lines
from exchange.ledger.store import Store
from exchange.log_upkeep import log, opened, shown_keys
from exchange.migrations import upgrade
from exchange.orders.clockwork import Clockwork
from exchange.orders.schedules import Planner
from exchange.oversight.timers import TIMERS as ABOVE
from exchange.settings import Settings
from exchange.settlement.teller import Teller
from exchange.states import drawn
from exchange.upkeep import payload_key

commands = typer.Typer(no_args_is_help=True, add_completion=False)
commands.add_typer(payload_key, name="payload-key")
log.add_typer(log_shards.shards)
log.add_typer(log_guard.guards)
commands.add_typer(log, name="log")


@commands.command()
def found(
    admin_sha256: Annotated[str, typer.Option(help="SHA-256 (hex) of the first administrator's secret")],
    name: Annotated[str, typer.Option(help="the operator's name")],
    uscc: Annotated[str, typer.Option(help="its unified social credit code")],
) -> None:
    """Make the tables, the exchange itself and its first administrator. Safe to repeat. Prints the key's id."""
    house = House.opened(Settings.read(), signs_tickets=True)
    _migrated(house.ground.store)
    operator = Operator(org_name=name, uscc=uscc, signing_key=house.ground.key.public)
    typer.echo(bootstrap(house.ground, admin_sha256=admin_sha256, operator=operator))


@commands.command()
def migrate() -> None:
    """Bring the database's schema to this version; before any process of this version starts."""
    _migrated(Store(Settings.read().database_url))


@commands.command()
def serve(host: str = "127.0.0.1", port: int = 8000) -> None:
    """Serve the API; on SQLite with the sequencer, the dispatcher and the clockwork as threads of this process."""
    log_lines()
    house = House.opened(Settings.read(), signs_tickets=True)
    house.ground.sweep()  # Whoever was here before may have been killed between an erasure and this.
    app = create_app(house)
    if not house.settings.embedded:
        # Here is the key that signs tickets: standing orders run where the orders of members do.
        Thread(target=Planner(house.ground).run, args=(Event(), CLOCKWORK_PAUSE_S), daemon=True).start()
    uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False, timeout_graceful_shutdown=5)


@commands.command()
def sequencer() -> None:
    """Place facts in the log and sign checkpoints, as a process of its own (PostgreSQL)."""
    log_lines()
    House.opened(Settings.read()).sequencer(_stop(), Event()).run()


@commands.command()
def signer() -> None:
    """Hold the log's keys and their guard, alone, and sign what continues the log: on the socket `DX_SIGNER`."""
    settings = Settings.read()
    if settings.signer_socket is None:
        raise typer.BadParameter("DX_SIGNER must name the socket")
    told = {"keys": settings.secrets, "guard": settings.home / "guard", "socket": settings.signer_socket}
    words = [word for name, path in told.items() for word in (f"--{name}", str(path))]
    words += ["--sm2"] if settings.log_sm2 else []
    # Become a small process: what this one has imported has no business beside the keys.
    os.execv(sys.executable, [sys.executable, "-m", keeping.__name__, *words, "--origin", settings.origin])  # noqa: S606


@commands.command()
def dispatch() -> None:
    """Carry tickets to the queues and payouts to the rails, keep the clockwork: a process of its own (PostgreSQL)."""
    log_lines()
    house, stop = House.opened(Settings.read()), _stop()
    dispatcher = house.dispatcher()
    clockwork, teller = Clockwork(house.ground, dispatcher, also=ABOVE), Teller(house.ground, house.rails())
    Thread(target=clockwork.run, args=(stop, CLOCKWORK_PAUSE_S), daemon=True).start()
    Thread(target=teller.run, args=(stop, TELLER_PAUSE_S), daemon=True).start()
    dispatcher.follower().run(stop, FOLLOW_PAUSE_S)


@commands.command()
def export(folder: Path) -> None:
    """Write the log as a folder any tlog-tiles verifier reads."""
    with opened() as house:
        vkeys, changes = shown_keys(house)
        export_log(house.ground.store, folder, vkeys, changes)


@commands.command()
def states() -> None:
    """Print the state diagrams of every entity."""
    typer.echo(drawn(), nl=False)


@commands.command()
def rebuild() -> None:
    """Throw the views away and fold all facts again."""
    house = House.opened(Settings.read())
    with house.ground.store.writing() as connection:
        typer.echo(f"{rebuild_views(connection)} facts folded")


def _migrated(store: Store) -> None:
    with store.engine.connect() as connection:
        upgrade(connection)
        connection.commit()


def _stop() -> Event:
    stop = Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: stop.set())
    return stop


if __name__ == "__main__":
    commands()
