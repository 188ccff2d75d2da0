"""`dex wallet` and `dex participants`: keys at home, admission, further keys and domains."""

from pathlib import Path
from typing import Annotated

import typer

from exchange.client.commands.desk import AsJson, Form, desk_of, form_in, object_of, show
from exchange.client.wallet import Wallet

wallet = typer.Typer(no_args_is_help=True, help="Keys at home.")
participants = typer.Typer(no_args_is_help=True, help="Admission, keys and domains (准入).")
_BRIEF = ("id", "state", "org_name", "roles", "territory")


@wallet.command("make")
def make_wallet(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Make the wallet at DEX_HOME; keys that are there stay."""
    show(_public(Wallet.made(desk_of(ctx).home)), as_json)


@wallet.command("show")
def show_wallet(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Show what may be told to others. Secrets are not shown."""
    show(_public(desk_of(ctx).wallet), as_json)


@wallet.command("adopt")
def adopt(ctx: typer.Context, participant_id: str, key_id: str, as_json: AsJson = False) -> None:
    """Take on the key that somebody of the participant issued to this wallet's hash."""
    mine = desk_of(ctx).wallet
    mine.learn(participant_id, key_id)
    show(_public(mine), as_json)


@participants.command("apply")
def apply(ctx: typer.Context, form: Form, as_json: AsJson = False) -> None:
    """Apply for admission with this wallet."""
    desk = desk_of(ctx)
    with desk.as_stranger() as exchange:
        show(exchange.apply(form_in(form), desk.wallet)["participant"], as_json)


@participants.command("list")
def list_participants(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Everybody for those who oversee the market, else oneself."""
    with desk_of(ctx).exchange() as exchange:
        show(exchange.participants(), as_json, *_BRIEF)


@participants.command("show")
def show_participant(ctx: typer.Context, participant_id: str, as_json: AsJson = False) -> None:
    with desk_of(ctx).exchange() as exchange:
        show(exchange.participant(participant_id), as_json)


@participants.command("take")
def take(ctx: typer.Context, participant_id: str, as_json: AsJson = False) -> None:
    """Take an application up for review."""
    with desk_of(ctx).exchange() as exchange:
        show(exchange.take_application(participant_id), as_json)


@participants.command("approve")
def approve(
    ctx: typer.Context,
    participant_id: str,
    facts: Annotated[str, typer.Option(help="What the review found, as a JSON object.")],
    as_json: AsJson = False,
) -> None:
    """Conclude a review that somebody else took up."""
    with desk_of(ctx).exchange() as exchange:
        show(exchange.approve(participant_id, object_of(facts)), as_json)


@participants.command("reject")
def reject(
    ctx: typer.Context,
    participant_id: str,
    reason: Annotated[list[str], typer.Option(help="A code of the rulebook; may be given again.")],
    as_json: AsJson = False,
) -> None:
    with desk_of(ctx).exchange() as exchange:
        show(exchange.reject(participant_id, reason), as_json)


@participants.command("step")
def step(
    ctx: typer.Context,
    participant_id: str,
    verb: str,
    form: Annotated[str | None, typer.Option(help="What the act says, as a JSON file, or -.")] = None,
    as_json: AsJson = False,
) -> None:
    """Any other act: ask-supplement, supply, suspend, reinstate, revoke, exit."""
    with desk_of(ctx).exchange() as exchange:
        show(exchange.participant_step(participant_id, verb, form_in(form) if form else None), as_json)


@participants.command("activate")
def activate(
    ctx: typer.Context,
    settlement_wallet: Annotated[str, typer.Option(help="The account that money is paid to.")],
    as_json: AsJson = False,
) -> None:
    """Sign the rulebook in force and bind this wallet's keys."""
    desk = desk_of(ctx)
    with desk.exchange() as exchange:
        show(exchange.activate(desk.wallet, settlement_wallet), as_json)


@participants.command("issue-key")
def issue_key(
    ctx: typer.Context,
    sha256: Annotated[str, typer.Option(help="The hash that the other wallet shows.")],
    role: Annotated[list[str], typer.Option(help="A role; may be given again.")],
    person_name: Annotated[str, typer.Option(help="Whose key it is.")],
    as_json: AsJson = False,
) -> None:
    """Issue a key to another wallet; its holder then runs `dex wallet adopt`."""
    with desk_of(ctx).exchange() as exchange:
        show(exchange.issue_key(roles=role, sha256=sha256, person_name=person_name), as_json)


@participants.command("register-node")
def register_node(
    ctx: typer.Context,
    domain: str,
    signing_key: Annotated[str, typer.Option(help="The domain's public key.")],
    broker_sha256: Annotated[str, typer.Option(help="Hash of the password the domain made for the broker.")],
    as_json: AsJson = False,
) -> None:
    """Register one's own domain."""
    with desk_of(ctx).exchange() as exchange:
        answer = exchange.register_node(domain=domain, signing_key=signing_key, broker_sha256=broker_sha256)
        show(answer, as_json)


def _public(mine: Wallet) -> dict[str, str | None]:
    folder: Path = mine.folder
    return {
        "home": str(folder),
        "participant_id": mine.identity.participant_id if mine.is_known else None,
        "key_id": mine.identity.key_id if mine.is_known else None,
        "secret_sha256": mine.secret_sha256,
        "signing_key": mine.signing_key.public.text,
        "recipient_kid": mine.opening_key.public.kid,
    }
