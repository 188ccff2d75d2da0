"""`dex queries`, `dex orders` and `dex escrow`: ask, order, open, accept, pay."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from exchange.client.commands.desk import (
    AsJson,
    DeadlineS,
    DomainKey,
    InputRefused,
    Sql,
    desk_of,
    domain_key_of,
    show,
    show_rows,
    text_in,
)
from exchange.client.open import open_result

queries = typer.Typer(no_args_is_help=True, help="What a query would be told, before anything is spent.")
orders = typer.Typer(no_args_is_help=True, help="Order, wait, open, accept.")
escrow = typer.Typer(no_args_is_help=True, help="Money held, paid in and paid out (交易结算).")
Purpose = Annotated[str, typer.Option("--purpose", help="A purpose code of the licence.")]
Territory = Annotated[str, typer.Option("--territory", help="Where the answer is used, such as CN-HB.")]
Mode = Annotated[str, typer.Option("--mode", help="The form of delivery; M6 is a released result.")]
Rho = Annotated[int | None, typer.Option("--rho-nrho", help="Of the privacy budget, in 1e-9 rho; else the cap.")]
_ORDERED = ("id", "state", "licence_id", "domain", "purpose", "hold_fen", "price_fen")


@queries.command("explain")
def explain(
    ctx: typer.Context,
    licence_id: str,
    sql: Sql,
    purpose: Purpose,
    territory: Territory,
    mode: Mode = "M6",
    rho_nrho: Rho = None,
    as_json: AsJson = False,
) -> None:
    """The dry run on the exchange: the plan and the price, or the refusal with the smallest change that would pass."""
    with desk_of(ctx).exchange() as exchange:
        show(exchange.explain(_ask(licence_id, sql, purpose, territory, mode, rho_nrho)), as_json)


@orders.command("place")
def place(
    ctx: typer.Context,
    licence_id: str,
    sql: Sql,
    purpose: Purpose,
    territory: Territory,
    mode: Mode = "M6",
    rho_nrho: Rho = None,
    key: Annotated[str | None, typer.Option(help="The same key again orders nothing twice.")] = None,
    as_json: AsJson = False,
) -> None:
    """Order one computation under one licence."""
    with desk_of(ctx).exchange() as exchange:
        show(exchange.place_order(_ask(licence_id, sql, purpose, territory, mode, rho_nrho), key=key), as_json)


@orders.command("run")
def run(
    ctx: typer.Context,
    licence_id: str,
    template_id: str,
    purpose: Purpose,
    territory: Territory,
    parameter: Annotated[list[str] | None, typer.Option("--set", help="name=value; may be given again.")] = None,
    mode: Mode = "M6",
    key: Annotated[str | None, typer.Option(help="The same key again orders nothing twice.")] = None,
    as_json: AsJson = False,
) -> None:
    """Order one run of an approved template."""
    with desk_of(ctx).exchange() as exchange:
        values = _values(exchange.templates.one(template_id)["parameters"], parameter or [])
        computation = {"kind": "template", "template_id": template_id, "parameters": values}
        asked = {"licence_id": licence_id, "purpose": purpose, "territory": territory, "mode": mode}
        show(exchange.place_order({**asked, "computation": computation}, key=key), as_json)


@orders.command("list")
def list_orders(ctx: typer.Context, as_json: AsJson = False) -> None:
    with desk_of(ctx).exchange() as exchange:
        show(exchange.orders(), as_json, *_ORDERED)


@orders.command("show")
def show_order(ctx: typer.Context, order_id: str, as_json: AsJson = False) -> None:
    with desk_of(ctx).exchange() as exchange:
        show(exchange.order(order_id), as_json)


@orders.command("events")
def events(ctx: typer.Context, order_id: str, as_json: AsJson = False) -> None:
    """What happened to the order, each fact with its place in the log."""
    with desk_of(ctx).exchange() as exchange:
        show(exchange.order_events(order_id), as_json, "index", "type", "at", "id")


@orders.command("wait")
def wait(ctx: typer.Context, order_id: str, deadline: DeadlineS = 60, as_json: AsJson = False) -> None:
    """Wait until something came of the order."""
    with desk_of(ctx).exchange() as exchange:
        show(exchange.wait_for_order(order_id, deadline_s=deadline), as_json)


@orders.command("open")
def open_order(ctx: typer.Context, order_id: str, domain_key: DomainKey, as_json: AsJson = False) -> None:
    """Fetch the sealed answer and open it here, if every check holds."""
    desk = desk_of(ctx)
    with desk.exchange() as exchange:
        sealed = exchange.result(order_id)
    answer = open_result(desk.wallet, sealed, order_id=order_id, domain_key=domain_key_of(domain_key))
    if as_json:
        show(answer, as_json)
    else:
        show_rows(answer.columns, answer.rows)
        said = {"mode": answer.mode, "guarantee": answer.guarantee, "k_min": answer.k_min}
        show({**said, "suppressed_cells": answer.suppressed_cells}, as_json)


@orders.command("accept")
def accept(ctx: typer.Context, order_id: str, as_json: AsJson = False) -> None:
    """Accept the answer; its price becomes eligible for settlement."""
    with desk_of(ctx).exchange() as exchange:
        show(exchange.accept(order_id), as_json)


@orders.command("cancel")
def cancel(ctx: typer.Context, order_id: str, as_json: AsJson = False) -> None:
    """Withdraw an order before its answer is delivered; what was held comes back."""
    with desk_of(ctx).exchange() as exchange:
        show(exchange.cancel(order_id), as_json)


@escrow.command("show")
def show_escrow(ctx: typer.Context, as_json: AsJson = False) -> None:
    """What can be spent, and what is held for orders."""
    with desk_of(ctx).exchange() as exchange:
        show(exchange.escrow(), as_json)


@escrow.command("deposit")
def deposit(ctx: typer.Context, amount_fen: int, rail_reference: str, as_json: AsJson = False) -> None:
    """Tell of money that came in under a reference."""
    with desk_of(ctx).exchange() as exchange:
        show(exchange.deposit(amount_fen, rail_reference), as_json)


@escrow.command("statement")
def statement(ctx: typer.Context, as_json: AsJson = False) -> None:
    """One's own shares, order by order."""
    with desk_of(ctx).exchange() as exchange:
        show(exchange.statements(), as_json, "order_id", "batch_id", "amount_fen", "state")


@escrow.command("close-day")
def close_day(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Split and batch everything that is eligible up to today."""
    with desk_of(ctx).exchange() as exchange:
        show(exchange.close_day(), as_json)


@escrow.command("pay")
def pay(ctx: typer.Context, batch_id: str, as_json: AsJson = False) -> None:
    """Pay what is due and unpaid; safe to repeat."""
    with desk_of(ctx).exchange() as exchange:
        show(exchange.pay(batch_id), as_json)


def _ask(licence_id: str, sql: str, purpose: str, territory: str, mode: str, rho_nrho: int | None) -> dict[str, Any]:
    computation = {"kind": "sql", "sql": text_in(sql).strip()}
    asked = {
        "licence_id": licence_id, "computation": computation, "purpose": purpose, "territory": territory, "mode": mode,
    }  # fmt: skip
    return asked if rho_nrho is None else {**asked, "rho_nrho": rho_nrho}


def _values(declared: Mapping[str, Any], said: Sequence[str]) -> dict[str, str | int]:
    """Each `name=value` as its declaration wants it; whether it fits is the exchange's and the domain's to say."""
    found: dict[str, str | int] = {}
    for one in said:
        name, _, value = one.partition("=")
        if name not in declared or name in found:
            raise InputRefused("a parameter that the template does not have, or has twice")
        try:
            found[name] = int(value) if declared[name]["kind"] == "integer" else value
        except ValueError:
            raise InputRefused("a parameter that is no whole number") from None
    return found
