"""`dex witness`: hold the log to what it showed. A buyer's or supervisor's own witness, in a folder of its own."""

from pathlib import Path
from typing import Annotated

import typer

from exchange.client.commands.desk import AsJson, InputRefused, LogKeys, LogRoot, desk_of, log_keys_of, show
from exchange.client.witness import OwnWitness, WitnessRefused
from exchange.client.witness_server import WitnessServer
from exchange.wire.notes import read_checkpoint
from exchange.wire.witnessing import place_of, request_of

witness = typer.Typer(no_args_is_help=True, help="A witness of your own: it cosigns a log that only grows.")


@witness.command("init")
def init(
    folder: Path,
    name: Annotated[str, typer.Option(help="Like a host and a path.")],
    key: LogKeys,
    root: LogRoot = "",
    as_json: AsJson = False,
) -> None:
    """Make a witness's folder and key; shows the verifier key that others may name in a policy."""
    try:
        made = OwnWitness.made(folder, name, log_keys_of(key), root)
    except ValueError:
        raise InputRefused("a name or a key cannot stand in a note") from None
    show({"vkey": made.key.vkey}, as_json)


@witness.command("serve")
def serve(folder: Path, port: int = 8600, host: str = "127.0.0.1") -> None:
    """Answer `add-checkpoint`, until stopped."""
    with WitnessServer(OwnWitness(folder), host, port) as server:
        typer.echo(f"witness on port {server.server_address[1]}")
        server.serve_forever()


@witness.command("keys")
def keys(ctx: typer.Context, folder: Path) -> None:
    """Fetch the changes of the log's keys, for a witness that serves; those its pinned root signed are kept."""
    with desk_of(ctx).as_stranger() as exchange:
        origin = read_checkpoint(exchange.log.checkpoint())[0].origin
        OwnWitness(folder).learn(origin, exchange.log.key_changes())


@witness.command("look")
def look(ctx: typer.Context, folder: Path, as_json: AsJson = False) -> None:
    """Fetch the newest checkpoint and vouch for it, if it continues the last one seen; shows the cosignature."""
    own = OwnWitness(folder)
    with desk_of(ctx).as_stranger() as exchange:
        note = exchange.log.checkpoint()
        checkpoint = read_checkpoint(note)[0]
        if own.is_rooted:
            own.learn(checkpoint.origin, exchange.log.key_changes())
        seen = own.note(place_of(checkpoint.origin))
        old = read_checkpoint(seen)[0].size if seen else 0
        proof = exchange.log.consistency(old, checkpoint.size) if 0 < old < checkpoint.size else []
    reply = own.witness().add_checkpoint(request_of(old, proof, note))
    if reply.status != 200:
        raise WitnessRefused(_WHY.get(reply.status, "the checkpoint was not vouched for"))
    show({"size": checkpoint.size, "cosignature": reply.body.strip()}, as_json)


_WHY = {
    400: "the log is shorter than it was, or what it sent cannot be read",
    403: "the checkpoint is not signed by the keys this witness knows",
    404: "this witness does not know that log",
    409: "another process was first; look again",
    422: "the log does not continue what was seen before; the evidence is kept",
}
