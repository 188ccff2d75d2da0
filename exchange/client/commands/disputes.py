"""`dex disputes`: contest an order, answer, agree, escalate, decide. Sends digests of papers, never the papers."""

from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from exchange.client.commands.desk import AsJson, InputRefused, desk_of, show

disputes = typer.Typer(no_args_is_help=True, help="Contest what was delivered (争议).")
Evidence = Annotated[list[Path] | None, typer.Option("--evidence", help="A file, of which the SHA-256 is sent.")]
RefundBp = Annotated[int, typer.Option("--refund-bp", min=0, max=10_000, help="What goes back, in basis points.")]
_LISTED = ("id", "state", "order_id", "category", "claim_fen", "refund_fen")


@disputes.command("open")
def open_dispute(
    ctx: typer.Context,
    order_id: str,
    category: Annotated[str, typer.Option(help="QUALITY, SCOPE_BREACH, OWNERSHIP, PRIVACY, BILLING, NON_DELIVERY.")],
    claim_fen: Annotated[int, typer.Option("--claim-fen", min=0, help="What is claimed back.")],
    evidence: Evidence = None,
    as_json: AsJson = False,
) -> None:
    """Contest an order; what is owed for it is not paid while the dispute lasts."""
    with desk_of(ctx).exchange() as exchange:
        show(exchange.disputes.open(order_id, category, claim_fen, _digests(evidence)), as_json)


@disputes.command("list")
def list_disputes(ctx: typer.Context, as_json: AsJson = False) -> None:
    with desk_of(ctx).exchange() as exchange:
        show(exchange.disputes.all(), as_json, *_LISTED)


@disputes.command("show")
def show_dispute(ctx: typer.Context, dispute_id: str, as_json: AsJson = False) -> None:
    with desk_of(ctx).exchange() as exchange:
        show(exchange.disputes.one(dispute_id), as_json)


@disputes.command("respond")
def respond(ctx: typer.Context, dispute_id: str, evidence: Evidence = None, as_json: AsJson = False) -> None:
    """Answer a claim, within five working days; silence does not contest the facts."""
    with desk_of(ctx).exchange() as exchange:
        show(exchange.disputes.respond(dispute_id, _digests(evidence)), as_json)


@disputes.command("agree")
def agree(
    ctx: typer.Context,
    dispute_id: str,
    refund_bp: RefundBp,
    terms: Annotated[Path, typer.Option(help="The paper both parties signed.")],
    as_json: AsJson = False,
) -> None:
    """Propose terms, or conclude by proposing what the other party did."""
    with desk_of(ctx).exchange() as exchange:
        show(exchange.disputes.agree(dispute_id, refund_bp, _digest(terms)), as_json)


@disputes.command("escalate")
def escalate(ctx: typer.Context, dispute_id: str, as_json: AsJson = False) -> None:
    """End the mediation; an arbiter decides."""
    with desk_of(ctx).exchange() as exchange:
        show(exchange.disputes.escalate(dispute_id), as_json)


@disputes.command("decide")
def decide(
    ctx: typer.Context,
    dispute_id: str,
    outcome: Annotated[str, typer.Option(help="UPHELD or DISMISSED.")],
    refund_bp: RefundBp,
    fault: Annotated[str, typer.Option(help="PROVIDER, BUYER or NONE.")],
    reasons: Annotated[Path, typer.Option(help="The arbiter's reasons, which both parties are given.")],
    as_json: AsJson = False,
) -> None:
    """Decide with reasons (arbiters only); enforced at once."""
    with desk_of(ctx).exchange() as exchange:
        decided = exchange.disputes.decide(
            dispute_id, outcome=outcome, refund_bp=refund_bp, fault=fault, reasons_sha256=_digest(reasons)
        )
        show(decided, as_json)


@disputes.command("withdraw")
def withdraw(ctx: typer.Context, dispute_id: str, as_json: AsJson = False) -> None:
    """Give the claim up; what was delivered is accepted."""
    with desk_of(ctx).exchange() as exchange:
        show(exchange.disputes.withdraw(dispute_id), as_json)


def _digests(papers: list[Path] | None) -> list[str]:
    return [_digest(paper) for paper in papers or ()]


def _digest(paper: Path) -> str:
    try:
        return sha256(paper.read_bytes()).hexdigest()
    except OSError:
        raise InputRefused("a file cannot be read") from None
