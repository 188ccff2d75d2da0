"""`dex assets`, `dex listings` and `dex licences`: what is held, what is offered, and on which terms."""

from enum import StrEnum
from typing import Annotated

import typer

from exchange.client.agreement import countersigned
from exchange.client.commands.desk import AsJson, DomainKey, Form, Ground, desk_of, domain_key_of, form_in, show

assets = typer.Typer(no_args_is_help=True, help="What is held and how sensitive it is (确权登记, 分级分类).")
listings = typer.Typer(no_args_is_help=True, help="What is offered (挂牌).")
licences = typer.Typer(no_args_is_help=True, help="On which terms (授权).")
_LISTED = ("id", "state", "sector", "title_en", "title_zh", "domain")
_LICENSED = ("id", "state", "listing_id", "provider_id", "buyer_id", "domain")
Terms = Annotated[str, typer.Option("--terms", help="The terms as a JSON file, or - for standard input.")]
MaybeForm = Annotated[str | None, typer.Option("--form", help="What the act says, as a JSON file, or -.")]


class Stop(StrEnum):
    """How a licence ends, or rests."""

    REFUSE = "refuse"
    SUSPEND = "suspend"
    REVOKE = "revoke"


@assets.command("submit")
def submit_asset(ctx: typer.Context, form: Form, as_json: AsJson = False) -> None:
    """Submit an asset for registration. What is graded core is refused, and nothing of it is kept."""
    with desk_of(ctx).exchange() as exchange:
        show(exchange.submit_asset(form_in(form)), as_json)


@assets.command("list")
def list_assets(ctx: typer.Context, as_json: AsJson = False) -> None:
    with desk_of(ctx).exchange() as exchange:
        show(exchange.assets(), as_json, "id", "state", "sector", "title_en", "title_zh")


@assets.command("show")
def show_asset(ctx: typer.Context, asset_id: str, as_json: AsJson = False) -> None:
    with desk_of(ctx).exchange() as exchange:
        show(exchange.asset(asset_id), as_json)


@assets.command("step")
def step_asset(ctx: typer.Context, asset_id: str, verb: str, form: MaybeForm = None, as_json: AsJson = False) -> None:
    """One act of registration: accept, pass-formal-review, start-publicity, object, issue-certificate …"""
    with desk_of(ctx).exchange() as exchange:
        show(exchange.asset_step(asset_id, verb, form_in(form) if form else None), as_json)


@assets.command("grade")
def grade_asset(ctx: typer.Context, asset_id: str, verb: str, form: MaybeForm = None, as_json: AsJson = False) -> None:
    """One act of grading: self-grade, review, confirm …"""
    with desk_of(ctx).exchange() as exchange:
        show(exchange.grading_step(asset_id, verb, form_in(form) if form else None), as_json)


@listings.command("submit")
def submit_listing(
    ctx: typer.Context,
    asset_id: str,
    terms: Terms,
    merchant: Annotated[str, typer.Option(help="The participant that sells.")],
    quality_report_sha256: Annotated[str, typer.Option(help="Hash of the quality report.")],
    as_json: AsJson = False,
) -> None:
    """Put an asset up for assessment, with the template every licence must stay within."""
    with desk_of(ctx).exchange() as exchange:
        listing = exchange.submit_listing(
            asset_id=asset_id,
            merchant_id=merchant,
            template=form_in(terms),
            quality_report_sha256=quality_report_sha256,
        )
        show(listing, as_json)


@listings.command("list")
def list_listings(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Every live listing: the market."""
    with desk_of(ctx).exchange() as exchange:
        show(exchange.listings(), as_json, *_LISTED)


@listings.command("show")
def show_listing(ctx: typer.Context, listing_id: str, as_json: AsJson = False) -> None:
    with desk_of(ctx).exchange() as exchange:
        show(exchange.listing(listing_id), as_json)


@listings.command("assess")
def assess(
    ctx: typer.Context,
    listing_id: str,
    passed: Annotated[bool, typer.Option("--passed/--failed")],
    report_sha256: Annotated[str, typer.Option(help="Hash of the assessment report.")],
    assessor: Annotated[str, typer.Option(help="The participant that assessed.")],
    reason: Annotated[list[str] | None, typer.Option(help="Why it failed; may be given again.")] = None,
    as_json: AsJson = False,
) -> None:
    """Conclude the compliance assessment."""
    with desk_of(ctx).exchange() as exchange:
        listing = exchange.assess(
            listing_id, passed=passed, report_sha256=report_sha256, assessor_id=assessor, reasons=reason or []
        )
        show(listing, as_json)


@listings.command("publish")
def publish(ctx: typer.Context, listing_id: str, as_json: AsJson = False) -> None:
    with desk_of(ctx).exchange() as exchange:
        show(exchange.publish(listing_id), as_json)


@listings.command("step")
def step_listing(
    ctx: typer.Context, listing_id: str, verb: str, form: MaybeForm = None, as_json: AsJson = False
) -> None:
    """Any other act: pause, resume, suspend, reinstate, delist."""
    with desk_of(ctx).exchange() as exchange:
        show(exchange.listing_step(listing_id, verb, form_in(form) if form else None), as_json)


@licences.command("request")
def request_licence(ctx: typer.Context, listing_id: str, terms: Terms, as_json: AsJson = False) -> None:
    """Ask for terms within the template of a live listing."""
    with desk_of(ctx).exchange() as exchange:
        show(exchange.request_licence(listing_id, form_in(terms)), as_json)


@licences.command("list")
def list_licences(ctx: typer.Context, as_json: AsJson = False) -> None:
    with desk_of(ctx).exchange() as exchange:
        show(exchange.licences(), as_json, *_LICENSED)


@licences.command("show")
def show_licence(ctx: typer.Context, licence_id: str, as_json: AsJson = False) -> None:
    with desk_of(ctx).exchange() as exchange:
        show(exchange.licence(licence_id), as_json)


@licences.command("agree")
def agree(
    ctx: typer.Context,
    licence_id: str,
    terms: Terms,
    listing: Annotated[str, typer.Option(help="The listing that the terms were asked for.")],
    domain_key: DomainKey,
    as_json: AsJson = False,
) -> None:
    """Sign the offered licence, if it is what was asked for and the domain signed it."""
    desk = desk_of(ctx)
    with desk.exchange() as exchange:
        offered = exchange.licence(licence_id)
        envelope = countersigned(
            desk.wallet, offered, asked=form_in(terms), listing_id=listing, domain_key=domain_key_of(domain_key)
        )
        show(exchange.agree(licence_id, envelope), as_json)


@licences.command("stop")
def stop(ctx: typer.Context, licence_id: str, how: Stop, ground: Ground, as_json: AsJson = False) -> None:
    """Refuse, suspend or revoke a licence."""
    with desk_of(ctx).exchange() as exchange:
        show(exchange.stop_licence(licence_id, how.value, ground), as_json)


@licences.command("resume")
def resume(ctx: typer.Context, licence_id: str, as_json: AsJson = False) -> None:
    with desk_of(ctx).exchange() as exchange:
        show(exchange.resume_licence(licence_id), as_json)


@licences.command("terminate")
def terminate(ctx: typer.Context, licence_id: str, as_json: AsJson = False) -> None:
    """End a licence by agreement: propose it, or agree to the other party's proposal."""
    with desk_of(ctx).exchange() as exchange:
        show(exchange.terminate_licence(licence_id), as_json)
