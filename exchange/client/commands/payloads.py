"""`dex payloads open | erase`: what a fact says of a person, opened and proved, or erased (删除权). Keeps none."""

import json
from base64 import b64decode
from typing import Annotated

import typer

from exchange.client.audit import Evidence, opened_fact
from exchange.client.commands.desk import AsJson, LogKeys, desk_of, log_keys_of, show
from exchange.client.payloads import Payloads

payloads = typer.Typer(no_args_is_help=True, help="What facts say about persons (个人信息).")
Basis = Annotated[str, typer.Option(help="PIPL_47_1 to PIPL_47_5, or GDPR_17.")]


@payloads.command("open")
def open_payload(ctx: typer.Context, event_id: str, key: LogKeys, as_json: AsJson = False) -> None:
    """Open what one fact says about a person, shown to be what the log committed to (compliance, auditors)."""
    with desk_of(ctx).exchange() as exchange:
        evidence = Evidence.model_validate(Payloads(exchange.http).opened(event_id))
    proven = opened_fact(evidence, log_keys_of(key))
    show({**proven.model_dump(), **json.loads(b64decode(evidence.content))}, as_json)


@payloads.command("erase")
def erase(ctx: typer.Context, event_id: str, basis: Basis, as_json: AsJson = False) -> None:
    """Destroy it, its salt and their key. Cannot be undone; the fact itself stays provable."""
    with desk_of(ctx).exchange() as exchange:
        show(Payloads(exchange.http).erase(event_id, basis), as_json)
