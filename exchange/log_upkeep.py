"""The log's keys over the years: made, rotated, retired, given up. What changes them is signed offline by the root.

`root` and `sign` are for a machine without a network; `next` and `promote` for the one that holds the log's keys; the
others record, each with the root's signature, and refuse what the log does not show yet. Runbook: docs/operations.md.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from exchange.access.service import EXCHANGE_ID
from exchange.audit import log_keys
from exchange.audit.log_keys import Anchor
from exchange.audit.log_routes import keys_shown
from exchange.house import House
from exchange.kernel.caller import NOBODY, Caller, Role
from exchange.kernel.errors import ExchangeError
from exchange.ledger.files import kept_secret
from exchange.ledger.keeping import next_log_keys, promote, sm2_key
from exchange.ledger.proofs import head, signed_size
from exchange.settings import Settings
from exchange.wire.envelope import BadEnvelope, Envelope
from exchange.wire.keys import PrivateKey
from exchange.wire.log_keys import KeyChange
from exchange.wire.sm2 import Sm2Missing

log = typer.Typer(no_args_is_help=True, help="The log's keys: rotation, retirement, compromise.")
RootFile = Annotated[Path, typer.Option("--root", help="The root's seed, on the machine without a network.")]
OPERATOR = Caller(EXCHANGE_ID, "psn_log_operator", frozenset({Role.ADMIN}))


@log.command("root")
def root(file: Path) -> None:
    """Make the offline root, once, and print its public key: that goes to DX_SECRETS/log_root and to all who verify."""
    typer.echo(_root(file).public.text)


@log.command("sign")
def sign(
    what: Annotated[str, typer.Argument(help="ADDED, RETIRED, COMPROMISED, FROZEN or CONTINUED.")],
    root: RootFile,
    origin: Annotated[str, typer.Option(help="The log's name.")],
    number: Annotated[int, typer.Option(help="1 for the first change, and so on; `status` says which is next.")],
    size: Annotated[int, typer.Option(help="From which size on, below which size, or up to which size believed.")],
    vkey: Annotated[list[str] | None, typer.Option(help="The keys it is about, both of the pair.")] = None,
    tree: Annotated[str, typer.Option(help="The root hash of that size, in hex; not for ADDED and RETIRED.")] = "",
    successor: Annotated[str, typer.Option(help="For CONTINUED: the name of the log that goes on.")] = "",
) -> None:
    """Sign one change of the keys. Needs no network and no database; prints what is to be carried to the exchange."""
    if not root.exists():
        raise typer.BadParameter("there is no such root")
    said = {
        "what": what,
        "origin": origin,
        "number": number,
        "size": size,
        "vkeys": vkey or [],
        "root": tree,
        "successor": successor,
    }
    act = KeyChange.model_validate_json(json.dumps({**said, "successor": successor, "at_s": int(time.time())}))
    typer.echo(act.signed(_root(root)).model_dump_json())


@log.command("status")
def status() -> None:
    """What the next change is signed over: its number, how far the log was signed, its keys."""
    with opened() as house, house.ground.reading(NOBODY) as unit:
        found, _ = log_keys.shown(unit, anchor_of(house))
        size, tree = head(unit.connection)
        told = {"origin": found.origin, "next_number": found.number + 1, "signed_size": signed_size(unit.connection)}
        told |= {"head_size": size, "head_root": tree.hex(), "vkeys": list(house.log_vkeys)}
    typer.echo(json.dumps(told))


@log.command("next")
def make_next() -> None:
    """Make the pair of keys that comes next and print it. Start the signer again: from then on both pairs sign."""
    settings = Settings.read()
    for vkey in next_log_keys(settings.secrets, settings.origin):
        typer.echo(vkey)


@log.command("rotate")
def rotate(change: Path) -> None:
    """Record that the next pair signs too (key.added), once every checkpoint from there on shows it."""
    _told(change, "ADDED")


@log.command("retire")
def retire(change: Path) -> None:
    """Record that a pair need not sign any more (key.retired). Then `promote`, and start the signer again."""
    _told(change, "RETIRED")


@log.command("compromise")
def compromise(change: Path) -> None:
    """Record up to where a stolen pair is believed (key.compromised): a size published with the quorum."""
    _told(change, "COMPROMISED")


@log.command("sm2-key")
def make_sm2() -> None:
    """Print the SM2 verifier key (made if need be), for readers who want it; DX_LOG_SM2=1 makes the signer use it."""
    settings = Settings.read()
    try:
        typer.echo(sm2_key(settings.secrets, settings.origin).vkey)
    except Sm2Missing as missing:
        typer.echo(str(missing), err=True)
        raise typer.Exit(1) from None


@log.command("promote")
def promoted() -> None:
    """The next pair becomes the log's, and the old one's bytes are overwritten. After `retire` or `compromise`."""
    promote(Settings.read().secrets)


@contextmanager
def opened() -> Iterator[House]:
    """The house for one command."""
    house = House.opened(Settings.read())
    try:
        yield house
    finally:
        house.ground.store.close()


def shown_keys(house: House) -> tuple[list[str], bytes]:
    """The keys that sign now, and the entries that changed them, as an export holds them."""
    with house.ground.reading(NOBODY) as unit:
        shown = keys_shown(unit, anchor_of(house))
    active = [one.vkey for one in shown.keys if one.to_size is None and one.trusted_until_size is None]
    changes = [one.model_dump() for one in shown.changes]
    return active, json.dumps(changes).encode() if changes else b""


def _told(file: Path, what: str) -> None:
    try:
        envelope = Envelope.parsed(file.read_text())
        if KeyChange.peeked(envelope).what != what:
            raise BadEnvelope("another kind of change")
        with opened() as house, house.ground.writing(OPERATOR) as unit:
            log = log_keys.change(unit, envelope, anchor_of(house))
    except (BadEnvelope, ExchangeError) as refused:
        typer.echo(f"{getattr(refused, 'reason', log_keys.CODE)}: {refused}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{log.id}: {len(log.changes)} changes")


def anchor_of(house: House) -> Anchor:
    return Anchor(house.log_vkeys, house.log_root, house.log_policy())


def _root(file: Path) -> PrivateKey:
    return PrivateKey(bytes.fromhex(kept_secret(file, lambda: PrivateKey.generated().seed.hex()).strip()))
