"""What an operator does once a year or in an emergency: the key of personal content is changed. Serves nothing.

The processes that hold the old key are stopped first; one that is not refuses to write about persons and loses nothing.
"""

from contextlib import closing
from typing import Annotated

import typer

from exchange.house import seed_in
from exchange.ledger.files import replace_secret
from exchange.ledger.payloads import KEYS, SEALED, Keyring
from exchange.ledger.store import Store
from exchange.settings import Settings

payload_key = typer.Typer(no_args_is_help=True, help="The key that wraps the keys of what is about persons.")


@payload_key.command("rotate")
def rotate(
    reseal: Annotated[
        bool, typer.Option(help="Also give each subject a fresh key: after a theft, not each year.")
    ] = False,
) -> None:
    """Wrap every key by a new one, then destroy the old one. Safe to repeat where it was broken off."""
    settings = Settings.read()
    held, coming = settings.secrets / "payload_kek", settings.secrets / "payload_kek.next"
    old, new = Keyring(seed_in(held)), Keyring(seed_in(coming))
    with closing(Store(settings.database_url)) as store:
        with store.writing() as connection:
            rotated = old.rotate(connection, new, reseal=reseal)
        # Until here either key opens all: the file follows the database, never the other way round.
        replace_secret(held, coming)
        swept = store.swept(KEYS) and (not reseal or store.swept(SEALED))
    typer.echo(f"{rotated} keys are wrapped by {new.kek_id}")
    if not swept:
        typer.echo("the files were in use and were not swept; stop what uses them and rotate again")
        raise typer.Exit(1)
