"""`dex log` and `dex audit`: the log from outside. Verifying trusts the keys given and nothing the exchange says."""

from pathlib import Path
from typing import Annotated

import orjson
import typer

from exchange.client.audit import order_audit, proven_entry
from exchange.client.auditing.evidence import checked_evidence
from exchange.client.commands.desk import (
    AsJson,
    DeadlineS,
    InputRefused,
    LogKeys,
    LogRoot,
    desk_of,
    form_in,
    log_keys_of,
    show,
    text_in,
)
from exchange.client.continued import check_continued
from exchange.client.mirror import download_log
from exchange.client.verify import verify_log
from exchange.wire.notes import open_checkpoint, read_checkpoint
from exchange.wire.sm2 import check as check_sm2

log = typer.Typer(no_args_is_help=True, help="The signed log, from outside.")
Witnesses = Annotated[list[str] | None, typer.Option("--witness", help="A witness's verifier key, or a file of them.")]
_PROVEN = ("index", "version", "type", "at", "id")
audit = typer.Typer(no_args_is_help=True, help="What happened, proved (合规监管).")


@log.command("checkpoint")
def checkpoint(ctx: typer.Context, key: LogKeys, as_json: AsJson = False) -> None:
    """The newest checkpoint, if every key given signed it."""
    with desk_of(ctx).as_stranger() as exchange:
        found = open_checkpoint(exchange.log.checkpoint(), log_keys_of(key))
    show({"origin": found.origin, "size": found.size, "root": found.root.hex()}, as_json)


@log.command("keys")
def keys(ctx: typer.Context, as_json: AsJson = False) -> None:
    """The keys the exchange claims. Compare them with those you got elsewhere before you trust them."""
    with desk_of(ctx).as_stranger() as exchange:
        show([{"vkey": vkey} for vkey in exchange.log.vkeys()], as_json, "vkey")


@log.command("download")
def download(ctx: typer.Context, folder: Path, as_json: AsJson = False) -> None:
    """Mirror the whole log into a folder. A mirror that is there is brought up to date."""
    with desk_of(ctx).as_stranger() as exchange:
        found = download_log(exchange.log, folder)
    show({"folder": str(folder), "claimed_size": found.size}, as_json)


@log.command("verify")
def verify(
    folder: Path,
    key: LogKeys,
    old_checkpoint: Annotated[str | None, typer.Option(help="A checkpoint kept earlier, as a file.")] = None,
    witness: Witnesses = None,
    quorum: Annotated[int | None, typer.Option(min=0, help="So many witnesses suffice; else all are needed.")] = None,
    root: LogRoot = "",
    after: Annotated[Path | None, typer.Option(help="The folder of the log that was frozen before this one.")] = None,
    sm2: Annotated[str, typer.Option(help="An SM2 verifier key that must have signed too (商用密码).")] = "",
    as_json: AsJson = False,
) -> None:
    """Verify a mirrored or exported log, offline."""
    if not folder.is_dir():
        raise InputRefused("there is no such folder")
    remembered, named = text_in(old_checkpoint) if old_checkpoint else None, log_keys_of(witness or ())
    needed = len(named) if quorum is None else quorum
    vkeys = log_keys_of(key)
    mine = vkeys if after is None else _keys_of(folder, vkeys)
    report = verify_log(folder, mine, remembered, root=root, witnesses=named, quorum=needed)
    if after is not None:
        check_continued(folder, report, verify_log(after, [vkey for vkey in vkeys if vkey not in mine], root=root))
    if sm2:
        check_sm2((folder / "checkpoint").read_text("utf-8"), sm2)
    show({"verified": True, "origin": report.origin, "size": report.size, "root": report.root.hex()}, as_json)


def _keys_of(folder: Path, vkeys: list[str]) -> list[str]:
    """Where two logs are looked at, the keys that bear the name of this one."""
    origin = read_checkpoint((folder / "checkpoint").read_text("utf-8"))[0].origin
    return [vkey for vkey in vkeys if vkey.startswith(f"{origin}+")]


@log.command("proof")
def proof(
    ctx: typer.Context,
    event_id: str,
    key: LogKeys,
    out: Annotated[Path | None, typer.Option(help="Keep the proof in this file.")] = None,
    deadline: DeadlineS = 10,
    as_json: AsJson = False,
) -> None:
    """Fetch and verify the proof that one entry is in the log."""
    with desk_of(ctx).as_stranger() as exchange:
        found, checkpoint, text = proven_entry(exchange.log, event_id, log_keys_of(key), deadline_s=deadline)
    if out is not None:
        out.write_text(text)
    show({**found.model_dump(), "tree_size": checkpoint.size}, as_json)


@audit.command("order")
def audit_order(
    ctx: typer.Context, order: str, key: LogKeys, deadline: DeadlineS = 10, as_json: AsJson = False
) -> None:
    """Prove every fact of an order's story, from placed to its end: by its id, or offline from a file of evidence."""
    vkeys = log_keys_of(key)
    if Path(order).is_file():
        story = checked_evidence(form_in(order), vkeys)
    else:
        with desk_of(ctx).exchange() as exchange:
            story = order_audit(exchange, order, vkeys, deadline_s=deadline)
    show([one.model_dump() for one in story], as_json, *_PROVEN)


@audit.command("evidence")
def evidence(
    ctx: typer.Context,
    order_id: str,
    out: Annotated[Path, typer.Option(help="The file to keep it in.")],
    key: LogKeys,
    as_json: AsJson = False,
) -> None:
    """Fetch an order's evidence (auditors and regulators), check it, and keep it."""
    with desk_of(ctx).exchange() as exchange:
        bundle = exchange.evidence(order_id)
    checked = checked_evidence(bundle, log_keys_of(key))
    out.write_bytes(orjson.dumps(bundle))
    show([one.model_dump() for one in checked], as_json, "subject", *_PROVEN)


@audit.command("check")
def check(file: str, key: LogKeys, as_json: AsJson = False) -> None:
    """Check kept evidence, offline."""
    checked = checked_evidence(form_in(file), log_keys_of(key))
    show([one.model_dump() for one in checked], as_json, "subject", *_PROVEN)
