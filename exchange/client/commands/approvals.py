"""`dex approvals`: the inbox of what waits for somebody's word; look, approve, reject, let somebody else answer."""

from typing import Annotated

import typer

from exchange.client.commands.desk import AsJson, desk_of, show

approvals = typer.Typer(no_args_is_help=True, help="What waits for an approval (逐次审批).")
_LISTED = ("id", "state", "kind", "about_id", "waiting_for", "due_at")


@approvals.command("list")
def list_approvals(
    ctx: typer.Context,
    every: Annotated[bool, typer.Option("--all", help="Also those that were answered.")] = False,
    as_json: AsJson = False,
) -> None:
    """What waits for an answer: yours, or somebody else's to what you asked for."""
    with desk_of(ctx).exchange() as exchange:
        show(exchange.approvals.all() if every else exchange.approvals.waiting(), as_json, *_LISTED)


@approvals.command("show")
def show_approval(ctx: typer.Context, approval_id: str, as_json: AsJson = False) -> None:
    """All that is to be approved."""
    with desk_of(ctx).exchange() as exchange:
        show(exchange.approvals.one(approval_id), as_json)


@approvals.command("approve")
def approve(ctx: typer.Context, approval_id: str, as_json: AsJson = False) -> None:
    """Say yes; a job then runs, unless something else no longer holds."""
    with desk_of(ctx).exchange() as exchange:
        show(exchange.approvals.approve(approval_id), as_json)


@approvals.command("reject")
def reject(
    ctx: typer.Context,
    approval_id: str,
    reason: Annotated[str, typer.Option(help="Why not; whoever asked is shown it.")],
    as_json: AsJson = False,
) -> None:
    with desk_of(ctx).exchange() as exchange:
        show(exchange.approvals.reject(approval_id, reason), as_json)


@approvals.command("delegate")
def delegate(
    ctx: typer.Context,
    approval_id: str,
    to: Annotated[str, typer.Option(help="A person of your house, or another participant.")],
    as_json: AsJson = False,
) -> None:
    """Let somebody else answer in the provider's place."""
    with desk_of(ctx).exchange() as exchange:
        show(exchange.approvals.delegate(approval_id, to), as_json)
