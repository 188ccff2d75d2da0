"""`demo`: plays the whole trade and verifies its log. `serve`: leaves the embedded market running."""

import json
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from demo.people import sha256, staff, uscc
from demo.processes import Processes, at_once
from demo.sets import SPECS
from demo.story import DAY_S, Story
from exchange.client.api import Exchange
from exchange.client.verify import Report, verify_log

commands = typer.Typer(add_completion=False, no_args_is_help=True)
Home = Annotated[Path | None, typer.Option(help="keep everything here (default: a fresh folder, removed at the end)")]
BEHIND_S = 26 * DAY_S
LEFT_BEHIND_S = BEHIND_S - 21 * DAY_S


@commands.command()
def play(
    home: Home = None, as_json: Annotated[bool, typer.Option("--json", help="the last line is one JSON object")] = False
) -> None:
    """Play one whole trade on real data and verify the log from outside."""
    folder = Path(tempfile.mkdtemp(prefix="dx-")) if home is None else home.resolve()
    if home is not None and folder.exists() and any(folder.iterdir()):
        raise typer.BadParameter("the home must be empty: a rehearsal is played once")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        told = _played(folder, Console(file=sys.stdout, width=None if sys.stdout.isatty() else 120))
        if as_json:
            sys.stdout.write(json.dumps(told) + "\n")
    finally:
        if home is None:
            shutil.rmtree(folder, ignore_errors=True)


@commands.command()
def serve(home: Annotated[Path, typer.Option()] = Path("home"), port: Annotated[int, typer.Option()] = 8000) -> None:
    """Leave the embedded exchange running, with a worker for every domain under the home; stop with Ctrl-C."""
    processes, admin_secret = Processes(home.resolve(), port=port, behind_s=0), home / "admin.secret"
    processes.start_broker()
    if not admin_secret.exists():
        admin_secret.write_text(secrets.token_urlsafe(32))
        admin_secret.chmod(0o600)
    key_id = processes.found_exchange(sha256(admin_secret.read_text()), "Data-element exchange", uscc(0))
    try:
        processes.start_exchange()
        for domain in sorted(path.parent.name for path in (home / "domains").glob("*/domain.json")):
            processes.start_worker(domain)
        typer.echo(f"{processes.url}/docs · administrator's key: dxk_{key_id}.<the text of {admin_secret}>")
        typer.echo(f"broker for new domains: {processes.broker_url}")
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        signal.pause()
    except KeyboardInterrupt:
        pass
    finally:
        processes.stop()


def _played(folder: Path, console: Console) -> dict[str, Any]:
    began, processes = time.monotonic(), Processes(folder, port=_free_port(), behind_s=BEHIND_S)
    try:
        processes.start_broker()
        secret = secrets.token_urlsafe(32)
        key_id = processes.found_exchange(sha256(secret), "Data-element exchange", uscc(0))
        processes.start_exchange()
        admin = Exchange(processes.url, f"dxk_{key_id}.{secret}")
        story = Story(processes, console, admin, staff(processes.url, admin))
        story.admission()
        story.registration()
        processes.rehearse(LEFT_BEHIND_S)
        at_once(processes.start_worker, SPECS)
        for act in (story.grading, story.licensing, story.trading, story.refusing, story.settlement, story.audit):
            act()
        resident = processes.resident_bytes()
        vkeys = admin.http.get("/v1/exchange")["log_vkeys"]
    finally:
        processes.stop()
    export = processes.export()
    report = verify_log(export, vkeys)
    _summed_up(console, story, report, resident, time.monotonic() - began)
    return {
        "answers": story.answers,
        "refusals": len(story.refusals),
        "refunds": story.refunds,
        "log": {"origin": report.origin, "size": report.size, "root": report.root.hex()},
        "verified": True,
        "export": str(export),
    }


def _summed_up(console: Console, story: Story, report: Report, resident: int, took_s: float) -> None:
    console.rule("what was shown")
    console.print(f"{story.answers} sealed answers from four domains; no row left any of them.")
    console.print(f"{len(story.refusals)} refusals, recorded before they were reported: {', '.join(story.refusals)}.")
    console.print(f"{story.refunds} failed job refunded in full; one revocation stopped the next query.")
    console.print(
        f"The log, {report.size} entries, verified offline from its exported files: root {report.root.hex()[:16]}…"
    )
    console.print(f"{took_s:.0f} s, {resident / 2**20:.0f} MiB resident in all processes.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    commands()
