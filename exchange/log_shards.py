"""A log is frozen, and goes on under another name: yearly, or when its keys are in doubt. With all else stopped.

`freeze` and `continue` are commands beside those of the keys (`python -m exchange log`). The old database and export
are kept as they are; the new one begins with `log.continued` and holds every entry of the old one again.
"""

import json
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

import exchange.app  # noqa: F401 - every table that is carried over must be known.
from exchange.audit import log_keys
from exchange.house import House
from exchange.kernel.errors import ExchangeError
from exchange.kernel.unit import Ground
from exchange.ledger.continuing import NotToBeContinued, carry_over
from exchange.ledger.guard import Guard
from exchange.ledger.keeping import next_log_keys
from exchange.ledger.proofs import head
from exchange.ledger.sequencer import Sequencer
from exchange.ledger.signer import sign_head
from exchange.ledger.store import Store
from exchange.log_upkeep import OPERATOR, anchor_of, opened
from exchange.migrations import upgrade
from exchange.settings import Settings
from exchange.wire.envelope import BadEnvelope, Envelope

shards = typer.Typer()


@shards.command("freeze")
def freeze(reason: Annotated[str, typer.Option(help="Why, in a word: YEAR_END, KEY_IN_DOUBT.")]) -> None:
    """Log that nothing follows, sign that, and nothing after it. Run where the keys are, with all else stopped."""
    with opened() as house:
        with house.ground.writing(OPERATOR) as unit:
            log_keys.freeze(unit, anchor_of(house), reason)
        while Sequencer(house.ground.store).run_once():
            pass
        sign_head(house.ground.store, house.holder(), house.ground.clock(), needs_quorum=_needs_quorum(house))
        Guard(house.settings.home / "guard").freeze()
        with house.ground.store.reading() as connection:
            size, root = head(connection)
    typer.echo(json.dumps({"origin": house.settings.origin, "size": size, "root": root.hex()}))


@shards.command("successor-keys")
def successor_keys(successor: Annotated[str, typer.Argument(help="The name of the log that goes on.")]) -> None:
    """Make the pair of keys of the log that goes on, and print it."""
    for vkey in next_log_keys(Settings.read().secrets, successor):
        typer.echo(vkey)


@shards.command("continue")
def go_on(
    frozen: Annotated[Path, typer.Option(help="The root's word FROZEN.")],
    continued: Annotated[Path, typer.Option(help="The root's word CONTINUED.")],
    into: Annotated[str, typer.Option(help="The address of an empty database.")],
) -> None:
    """Begin the next log in another database: entry 0, then everything again. Then `promote`, and start from there."""
    try:
        acts = (Envelope.parsed(frozen.read_text()), Envelope.parsed(continued.read_text()))
        with opened() as house, closing(Store(into)) as store:
            carried = _carried(house, store, acts)
    except (BadEnvelope, ExchangeError, NotToBeContinued) as refused:
        typer.echo(f"{getattr(refused, 'reason', log_keys.CODE)}: {refused}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{carried} facts are carried over")


def _carried(house: House, store: Store, acts: tuple[Envelope, ...]) -> int:
    anchor = anchor_of(house)
    with house.ground.reading(OPERATOR) as unit:
        after, note = log_keys.frozen_at(unit, anchor, acts)
    with store.engine.connect() as connection:
        upgrade(connection)
        connection.commit()
    with Ground(store, house.ground.clock, house.ground.policies).writing(OPERATOR) as unit:
        log_keys.continued(unit, after, note, acts, anchor.root_key)
        unit.flush()
        with house.ground.store.reading() as old:
            carried = carry_over(old, unit.connection)
    Guard(house.settings.home / "guard").set_aside(after.origin)
    return carried


def _needs_quorum(house: House) -> bool:
    return house.settings.witness_quorum > 0
