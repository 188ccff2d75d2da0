"""Commands over things of one kind: `new`, `list`, `show`, `do`. Forms are JSON files; the API says what they hold."""

from typing import Annotated

import typer

from exchange.client.commands.desk import AsJson, Form, desk_of, object_of, show, text_in
from exchange.client.things import Things

Verb = Annotated[str, typer.Argument(help="The step, as in the API: what stands after the colon of its route.")]
OptionalForm = Annotated[str | None, typer.Option("--form", help="A JSON file, or - for standard input.")]


def commands(kind: str, said: str, *listed: str) -> typer.Typer:
    """A group of commands for one prefix of the API."""
    group = typer.Typer(no_args_is_help=True, help=said)

    @group.command("new")
    def new(ctx: typer.Context, form: Form, as_json: AsJson = False) -> None:
        with desk_of(ctx).exchange() as exchange:
            show(Things(exchange.http, kind).new(object_of(text_in(form))), as_json)

    @group.command("list")
    def list_all(ctx: typer.Context, as_json: AsJson = False) -> None:
        with desk_of(ctx).exchange() as exchange:
            show(Things(exchange.http, kind).all(), as_json, *listed)

    @group.command("show")
    def show_one(ctx: typer.Context, name: str, as_json: AsJson = False) -> None:
        with desk_of(ctx).exchange() as exchange:
            show(Things(exchange.http, kind).one(name), as_json)

    @group.command("do")
    def do(ctx: typer.Context, name: str, verb: Verb, form: OptionalForm = None, as_json: AsJson = False) -> None:
        """One step further."""
        given = None if form is None else object_of(text_in(form))
        with desk_of(ctx).exchange() as exchange:
            show(Things(exchange.http, kind).do(name, verb, given), as_json)

    return group


custody = commands("custody", "What is kept for others (资产托管).", "id", "state", "kind", "asset_id", "custodian_id")
incidents = commands("incidents", "What went wrong (安全事件).", "id", "state", "kind", "about", "report_due_at")
sanctions = commands(
    "sanctions", "What follows from a finding (监管处置).", "id", "state", "ground", "ladder_step", "participant_id"
)
templates = commands("templates", "Queries approved once (查询模板).", "id", "state", "title", "asset_id", "exact")
schedules = commands(
    "schedules", "Orders made again and again (定期任务).", "id", "state", "every", "runs", "spent_fen"
)
controls = commands("controls-requests", "Wider controls (管控放宽申请).", "id", "state", "licence_id", "buyer_id")
