"""A domain's own commands: make it, say whom it trusts, prepare its data, sign a licence, run tickets.

What a command prints is what may leave the domain: public keys, hashes, profiles, signed terms.
"""

import fcntl
import hashlib
import json
import os
import re
import sys
import time
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

import structlog
import typer
from redis import Redis

from exchange.wire.envelope import Envelope
from exchange.wire.licences import Licence, LicenceTerms, PrivacyBudget
from exchange.wire.queue import worker_user
from policies.engine import load_policies
from workers import approving, fitness, preparing
from workers.claims import Claims
from workers.cohort import Cohorts
from workers.courier import deliver_forever
from workers.domain import Domain
from workers.door import Door, Unreachable
from workers.engines import Limits
from workers.engines.postgres import DatabaseUnfit
from workers.gate import Gatekeeper
from workers.held import CONNINFO, engine_of
from workers.jail.parent import JailUnavailable
from workers.log_keys import LearntKeys
from workers.logs import log_lines
from workers.queue import serve_forever
from workers.runner import Runner
from workers.stopping import Stop, Stopping
from workers.trusting import trusting
from workers.witness import Watch, watch_of

LIMITS = Limits(wall_s=30, cpu_s=30, memory_bytes=2**31, output_bytes=2**19, rows_max=10_000)
AGAIN_S = 0.5
# No pretty tracebacks: they would show what variables hold.
commands = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
commands.command("approve")(approving.command)
commands.add_typer(trusting)
commands.command("check")(fitness.command)
commands.command("prepare")(preparing.command)


@commands.command()
def init(folder: Path) -> None:
    """Make a domain's folder and keys; prints what the exchange may know of them."""
    domain = Domain.made(folder)
    public = {
        "signing_key": domain.key.public.text,
        "api_key_sha256": _sha256(domain.secret("api.secret")),
        "broker_sha256": _sha256(domain.secret("broker.password")),
    }
    _print(public)


@commands.command()
def database(folder: Path) -> None:
    """Keep, from standard input, how to reach the provider's own PostgreSQL as the role that queries run as."""
    Domain(folder).keep_secret(CONNINFO, sys.stdin.readline().strip())


@commands.command()
def sign(folder: Path, licence_id: str) -> None:
    """Sign a licence with this domain's own key and hand it in; prints the terms that were signed."""
    try:
        _print(_signed(Domain(folder), licence_id))
    except Unreachable as away:
        typer.echo(str(away), err=True)
        raise typer.Exit(1) from None


def _signed(domain: Domain, licence_id: str) -> dict[str, Any]:
    with Door(domain.trusted.exchange_url, domain.secret("api.key")) as door:
        asked = door.licence(licence_id)
        names = set(Licence.model_fields) - {"terms", "budget"}
        budget = None if asked["budget"] is None else PrivacyBudget.model_validate(asked["budget"])
        terms = LicenceTerms.model_validate(asked["terms"])
        act = Licence(**{name: asked[name] for name in names}, terms=terms, budget=budget)
        ours = act.domain == domain.name and domain.controls(act.controls_digest) is not None
        if act.id != licence_id or not ours:
            raise typer.BadParameter("this licence is not for data of this domain")
        envelope: Envelope = act.signed(domain.key)
        door.offer(licence_id, envelope)
    return {"licence_id": act.id, "digest": envelope.digest, "terms": act.terms.model_dump(mode="json")}


@commands.command()
def enrol(folder: Path, table: str, pseudonym: str, unit: str) -> None:
    """Keep who bears a pseudonym; nobody but this domain ever knows."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,62} psd_[0-9a-f]{32}", f"{table} {pseudonym}"):
        raise typer.BadParameter("not a pseudonym, or not a table")
    Domain(folder).enrol(table, pseudonym, unit)


@commands.command()
def run(folder: Path) -> None:
    """Take tickets from the queue and run them, until told to stop."""
    try:
        with suppress(Stopping):
            _run(folder)
    except (JailUnavailable, DatabaseUnfit) as unfit:
        # One line, and a code that tells whoever restarts services that starting again does not help.
        typer.echo(f"{unfit.code}: {unfit}", err=True)
        raise typer.Exit(os.EX_CONFIG) from None


def _run(folder: Path) -> None:
    log_lines()
    domain, stop, wake = Domain(folder), Stop(), Event()
    stop.listen()
    lock = (folder / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise typer.BadParameter("another worker runs this domain") from None
    claims = Claims(folder / "state.db")
    door = Door(domain.trusted.exchange_url, domain.secret("api.key"))
    fit = fitness.Fitness(domain)
    with engine_of(domain, LIMITS, fit.held()) as engine:
        keys = LearntKeys(domain)
        outside = _patiently(door, stop.event), _clock_s, wake.set, Cohorts(domain.roster, door.checkpoint)
        runner = Runner(_keeper(domain, keys, fit), claims, engine, domain.key, *outside)
        runner.recover()
        (courier := Thread(target=_deliver, args=(claims, door, stop.event, wake), daemon=True)).start()
        Thread(target=_watch, args=(watch_of(domain, claims, door, _clock_s, keys), stop.event), daemon=True).start()
        handle = stop.sparing(runner.handle)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        with suppress(Stopping):
            serve_forever(handle, domain=domain.name, connection=_broker(domain), stop=stop.event)
        wake.set()
        courier.join(1)
    if not stop.told:
        raise typer.Exit(1)


def _deliver(claims: Claims, door: Door, stop: Event, wake: Event) -> None:
    """A worker that cannot report must not go on taking tickets: if the courier fails, everything stops."""
    try:
        deliver_forever(claims, door, stop, wake, tick_ms=_tick_ms())
    except Exception as error:
        structlog.get_logger().error("courier.failed", error=type(error).__name__)
        stop.set()


def _tick_ms() -> int:
    """A second at most: a receipt says in whole seconds when its job began and ended."""
    return max(0, min(1_000, int(os.environ.get("DX_TICK_MS", "100"))))


def _watch(watch: Watch, stop: Event) -> None:
    """A domain that cannot remember what it vouched for must not go on: if its witness fails, everything stops."""
    try:
        watch.look_forever(stop)
    except Exception as error:
        structlog.get_logger().error("witness.failed", error=type(error).__name__)
        stop.set()


def _clock_s() -> int:
    """Unix seconds. In a rehearsal the whole market runs behind real time, each side by its own setting."""
    return int(time.time()) - int(os.environ.get("DX_REHEARSAL_BEHIND_S", "0"))


def _keeper(domain: Domain, keys: LearntKeys, fit: fitness.Fitness) -> Gatekeeper:
    return Gatekeeper(
        domain=domain.name,
        own_key=domain.key.public,
        exchange_key=domain.exchange_key,
        log_vkeys=domain.trusted.log_vkeys,
        log_keys=keys,
        policy_digest=load_policies().digest,
        controls=domain.controls,
        fits=fit.fits,
    )


def _patiently(door: Door, stop: Event) -> Any:
    """A consistency proof, waited for while the exchange is away: a ticket must not be lost because nobody answered."""

    def consistency(old: int, new: int) -> list[bytes]:
        while not stop.is_set():
            try:
                return door.consistency(old, new)
            except Unreachable:
                stop.wait(AGAIN_S)
        raise Stopping

    return consistency


def _broker(domain: Domain) -> Redis:
    return Redis.from_url(
        domain.trusted.broker_url, username=worker_user(domain.name), password=domain.secret("broker.password")
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _print(told: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    os.umask(0o077)
    commands()
