"""`dex oversight`: the market in figures, and what is overdue. For those who oversee it."""

from typing import Annotated

import typer

from exchange.client.commands.desk import AsJson, desk_of, show

oversight = typer.Typer(no_args_is_help=True, help="The market in figures, and what is overdue (统计, 督办).")


@oversight.command("statistics")
def statistics(
    ctx: typer.Context,
    since: Annotated[int, typer.Option(min=0, help="Microseconds since 1970; orders placed from then on.")] = 0,
    until: Annotated[int, typer.Option(min=0, help="Microseconds since 1970; orders placed before.")] = 2**53 - 1,
    as_json: AsJson = False,
) -> None:
    """Listings, turnover by sector, jobs, refusals by reason, shares."""
    with desk_of(ctx).exchange() as exchange:
        show(exchange.http.get(f"/v1/oversight/statistics?since={since}&until={until}"), as_json)


@oversight.command("overdue")
def overdue(ctx: typer.Context, as_json: AsJson = False) -> None:
    """What should have been done by now, oldest first."""
    with desk_of(ctx).exchange() as exchange:
        show(exchange.http.pages("/v1/oversight/overdue"), as_json, "kind", "subject", "who", "due_at")
