"""`dex audit verify | replay | report | facts | alerts`: the auditor's desk. Trusts the log's keys as given."""

import time
from pathlib import Path
from typing import Annotated

import typer

from exchange.client.auditing.age import check_age
from exchange.client.auditing.door import AuditDoor
from exchange.client.auditing.findings import checked_report
from exchange.client.auditing.replay import Audit, replay
from exchange.client.commands import logs
from exchange.client.commands.desk import (
    AsJson,
    DeadlineS,
    InputRefused,
    LogKeys,
    LogRoot,
    desk_of,
    log_keys_of,
    show,
    text_in,
)
from exchange.client.verify import verify_log
from exchange.wire.keys import PublicKey

audit = logs.audit
OldCheckpoint = Annotated[str | None, typer.Option(help="A checkpoint kept earlier, as a file.")]
_FOUND = ("kind", "row", "index", "entry", "says", "shown", "folded")
_FACT = ("index", "type", "subject", "version", "at", "actor", "id")
DAY_S = 86_400


@audit.command("verify")
def verify(
    folder: Path,
    key: LogKeys,
    witness: logs.Witnesses = None,
    quorum: Annotated[int | None, typer.Option(min=0, help="So many witnesses suffice; else all are needed.")] = None,
    old_checkpoint: OldCheckpoint = None,
    root: LogRoot = "",
    max_age: Annotated[
        int, typer.Option(min=1, help="Refuse a log whose newest signature is older (seconds).")
    ] = DAY_S,
    as_json: AsJson = False,
) -> None:
    """Verify a mirrored log, offline, and that it is fresh: an old copy may hide what came after it."""
    if not folder.is_dir():
        raise InputRefused("there is no such folder")
    vkeys, named, remembered = (
        log_keys_of(key),
        log_keys_of(witness or ()),
        text_in(old_checkpoint) if old_checkpoint else None,
    )
    needed = len(named) if quorum is None else quorum
    report = verify_log(folder, vkeys, remembered, root=root, witnesses=named, quorum=needed)
    signed_at_s = check_age(folder, report.keys, now_s=int(time.time()), max_age_s=max_age)
    show({"verified": True, "size": report.size, "root": report.root.hex(), "signed_at_s": signed_at_s}, as_json)


@audit.command("replay")
def replayed(
    ctx: typer.Context,
    folder: Path,
    key: LogKeys,
    out: Annotated[Path, typer.Option(help="The file to keep the signed report in.")],
    old_checkpoint: OldCheckpoint = None,
    root: LogRoot = "",
    deadline: DeadlineS = 60,
    as_json: AsJson = False,
) -> None:
    """Mirror the log into a folder, keep the books a second time, compare, decide again; ends with 2 on a finding."""
    wallet = desk_of(ctx).wallet
    remembered = text_in(old_checkpoint) if old_checkpoint else None
    audit_of = Audit(
        folder / "log",
        folder / "policies",
        log_keys_of(key),
        wallet.identity.participant_id,
        int(time.time()),
        remembered,
        root,
    )
    with desk_of(ctx).exchange() as exchange:
        report = replay(AuditDoor(exchange), audit_of, deadline_s=deadline)
    out.write_text(report.signed(wallet.signing_key).model_dump_json())
    if as_json:
        show(report, as_json)
    else:
        show([one.model_dump() for one in report.findings], as_json, *_FOUND)
    if not report.is_clean:
        raise typer.Exit(2)


@audit.command("report")
def report(
    file: str,
    auditor_key: Annotated[str, typer.Option(help="The auditor's public signing key, from the auditor.")],
    as_json: AsJson = False,
) -> None:
    """Read a signed report, if this auditor signed it."""
    show(checked_report(text_in(file), PublicKey.parsed(auditor_key)), as_json)


@audit.command("facts")
def facts(
    ctx: typer.Context,
    subject: str = "",
    party: str = "",
    type_: Annotated[str, typer.Option("--type", help="A kind of fact, such as order.refused.")] = "",
    code: Annotated[str, typer.Option(help="The primary reason an order was refused for.")] = "",
    since: Annotated[int, typer.Option(min=0, help="In seconds since the epoch.")] = 0,
    until: Annotated[int, typer.Option(min=0, help="In seconds since the epoch.")] = 2**33,
    as_json: AsJson = False,
) -> None:
    """Find facts by subject, party, type, time and refusal code."""
    sought = {"subject": subject, "party": party, "type": type_, "code": code}
    with desk_of(ctx).exchange() as exchange:
        found = AuditDoor(exchange).facts(**sought, since=since * 1_000_000, until=until * 1_000_000)
    show(found, as_json, *_FACT)


@audit.command("alerts")
def alerts(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Repeated uses outside a purpose, budgets near their cap, what waits too long for a word, witnesses behind."""
    with desk_of(ctx).exchange() as exchange:
        show(AuditDoor(exchange).alerts(), as_json, "kind", "subject", "participant_id", "code", "value", "limit")
