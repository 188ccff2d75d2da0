"""Whom a domain trusts, and what it vouched for: commands for onboarding, and for when the log is in doubt."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from workers.claims import Claims
from workers.domain import Domain, Trusted

trusting = typer.Typer()


@trusting.command()
def trust(
    folder: Path,
    domain: Annotated[str, typer.Option()],
    exchange: Annotated[str, typer.Option(help="the exchange's address")],
    exchange_key: Annotated[str, typer.Option(help="the key that signs tickets")],
    log_vkey: Annotated[list[str], typer.Option(help="a verifier key of the log; every one must sign")],
    broker_url: Annotated[str, typer.Option()],
    api_key_id: Annotated[str, typer.Option()],
    log_root: Annotated[str, typer.Option(help="the offline root that may change the log's keys")] = "",
) -> None:
    """Pin whom this domain trusts. Nothing of it is ever learnt from a message."""
    here = Domain(folder)
    here.trust(Trusted(
        domain=domain, exchange_url=exchange, exchange_key=exchange_key, log_vkeys=tuple(log_vkey), log_root=log_root,
        broker_url=broker_url,
    ))  # fmt: skip
    here.keep_secret("api.key", f"dxk_{api_key_id}.{here.secret('api.secret')}")
    sys.stdout.write(json.dumps({"domain": domain, "witness_vkey": here.witness_key.vkey}) + "\n")


@trusting.command()
def held(folder: Path) -> None:
    """Print the newest checkpoint this domain holds, cosigned: what a lost guard of the log is made anew from."""
    origin = Domain(folder).trusted.log_vkeys[0].partition("+")[0]
    sys.stdout.write(Claims(folder / "state.db").note(origin))
