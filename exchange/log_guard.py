"""A guard that was lost is made anew, from what witnesses hold. A command beside those of the log's keys.

Never from the database: whoever can restore or rewrite that would have a fork signed. Never over a guard that is there.
"""

import json
from pathlib import Path
from typing import Annotated

import httpx2
import typer

from exchange.audit import log_keys
from exchange.house import House
from exchange.kernel.caller import NOBODY
from exchange.ledger.guard import ForkRefused, Guard, GuardKept
from exchange.ledger.regained import NotRegained, regained
from exchange.log_upkeep import anchor_of, opened
from exchange.wire.notes import NOTE_CHARS_MAX, Checkpoint
from exchange.wire.witnessing import place_of

WAIT_S = 10.0
guards = typer.Typer()


@guards.command("guard")
def guard(
    note: Annotated[list[Path] | None, typer.Option(help="What a witness holds, as a file: its newest note.")] = None,
    witness: Annotated[list[str] | None, typer.Option(help="Where a witness serves what it holds.")] = None,
) -> None:
    """Rebuild a lost guard from what enough witnesses hold now. Run where the keys are, with all else stopped."""
    try:
        with opened() as house:
            notes = [path.read_text("utf-8") for path in note or ()]
            notes += [_fetched(url, house.settings.origin) for url in witness or ()]
            found = _rebuilt(house, notes)
    except (NotRegained, GuardKept, ForkRefused) as refused:
        typer.echo(f"E_LOG_GUARD: {refused}", err=True)
        raise typer.Exit(1) from None
    except (OSError, UnicodeDecodeError):
        typer.echo("E_LOG_GUARD: a note cannot be read", err=True)
        raise typer.Exit(1) from None
    typer.echo(json.dumps({"origin": found.origin, "size": found.size, "root": found.root.hex()}))


def _rebuilt(house: House, notes: list[str]) -> Checkpoint:
    guard = Guard(house.settings.home / "guard")
    with house.ground.reading(NOBODY) as unit:
        found = regained(unit.connection, notes, house.log_policy(), house.log_vkeys)
        ended = log_keys.has_ended(unit, anchor_of(house))
    if found.origin != house.settings.origin:
        raise NotRegained("the keys are another log's")
    guard.regain(found, house.ground.clock())
    if ended:
        guard.freeze()  # What stopped all signing was lost with it.
    return found


def _fetched(url: str, origin: str) -> str:
    """What a witness serves (C2SP tlog-witness)."""
    try:
        answer = httpx2.get(f"{url.rstrip('/')}/{place_of(origin)}/checkpoint", timeout=WAIT_S)
    except (httpx2.HTTPError, httpx2.InvalidURL):
        raise NotRegained("a witness does not answer") from None
    if answer.status_code != 200 or len(answer.content) > 2 * NOTE_CHARS_MAX:
        raise NotRegained("a witness holds nothing of this log")
    return answer.text
