"""The provider's word on what a buyer wants to run often: read, tried against this domain's own rules, then signed.

It signs what it has read and nothing else, and nothing over controls this domain never declared.
"""

from pathlib import Path
from typing import Any

import orjson
import typer
from pydantic import ValidationError

from exchange.wire.addenda import ControlsAddendum
from exchange.wire.templates import QueryTemplate, corners, literals
from policies.disclosure import ControlsRefused, Denied, analyse, load_controls, widened
from workers.domain import Domain
from workers.door import Door, Unreachable


class NotOurs(Exception):
    """It cannot be signed here. The message never quotes what was asked."""


def command(folder: Path, approval_id: str) -> None:
    """Sign a query template or wider controls with this domain's own key and hand it in; prints what was signed."""
    domain = Domain(folder)
    try:
        with Door(domain.trusted.exchange_url, domain.secret("api.key")) as door:
            typer.echo(approve(domain, door, approval_id).model_dump_json())
    except (Unreachable, NotOurs) as no:
        typer.echo(str(no), err=True)
        raise typer.Exit(1) from None


def approve(domain: Domain, door: Door, approval_id: str) -> QueryTemplate | ControlsAddendum:
    """Sign the template or addendum an approval is about, and hand it in as the provider's yes. Raises `NotOurs`."""
    act = _read(door.approval(approval_id))
    tables = domain.controls(act.controls_digest)
    if act.domain != domain.name or tables is None:
        raise NotOurs("this is not about data of this domain")
    if isinstance(act, QueryTemplate):
        _tried(act, tables)
    else:
        _declared(act, tables)
    door.approve(approval_id, act.signed(domain.key))
    return act


def _read(asked: dict[str, Any]) -> QueryTemplate | ControlsAddendum:
    try:
        # Strictly, as from the wire: what is signed is what was read.
        kind, said = asked["kind"], orjson.dumps(asked["about"]["to_sign"])
        if kind == "TEMPLATE":
            return QueryTemplate.model_validate_json(said, strict=True)
        return ControlsAddendum.model_validate_json(said, strict=True)
    except (ValidationError, KeyError, TypeError):
        raise NotOurs("there is nothing here that a domain signs") from None


def _declared(addendum: ControlsAddendum, tables: dict[str, Any]) -> None:
    try:
        load_controls({"tables": widened(tables, addendum.grants)})
    except ControlsRefused:
        raise NotOurs("it would widen what this domain never declared") from None


def _tried(template: QueryTemplate, tables: dict[str, Any]) -> None:
    """By this domain's own rules, at each end of each parameter."""
    floors = {"k_min": template.k_min, "dominance_bp_max": template.dominance_bp_max}
    controls = load_controls({"tables": tables, "mode": "exact" if template.exact else "noise", **floors})
    try:
        for values in corners(template.parameters):
            analyse(template.sql, controls, literals(template.parameters, values))
    except Denied as denied:
        raise NotOurs(f"this domain's rules refuse it: {denied.rule}") from None
