"""Where every command sits: whose wallet, which exchange, what was handed in, and how an answer is shown.

Never shows a secret, and lets no control character of an answer reach the terminal.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import httpx2
import typer
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table
from rich.text import Text

from exchange.client.api import Exchange
from exchange.client.connection import Patience
from exchange.client.wallet import Wallet
from exchange.wire.keys import PublicKey

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Form = Annotated[str, typer.Option("--form", help="A JSON file, or - for standard input.")]
Sql = Annotated[str, typer.Option("--sql", help="A file with one SELECT, or - for standard input.")]
DomainKey = Annotated[str, typer.Option("--domain-key", help="The domain's public key, or a file that holds it.")]
LogKeys = Annotated[list[str], typer.Option("--key", help="A verifier key of the log, or a file of them; give both.")]
LogRoot = Annotated[str, typer.Option("--root", help="The log's offline root, if its keys were ever changed.")]
Ground = Annotated[str, typer.Option("--ground", help="A code of the rulebook.")]
DeadlineS = Annotated[int, typer.Option("--deadline", min=0, max=86_400, help="Seconds to wait at most.")]


class InputRefused(Exception):
    """What was handed in cannot be used. The message never quotes it."""


@dataclass(frozen=True, slots=True)
class Desk:
    """`transport` and `patience` are the caller's to give when there is no network or no time to wait."""

    url: str
    home: Path
    transport: httpx2.BaseTransport | None = None
    patience: Patience | None = None

    @property
    def wallet(self) -> Wallet:
        return Wallet(self.home)

    def exchange(self) -> Exchange:
        """The exchange, as the participant whose wallet this is."""
        return self._exchange(self.wallet.credential)

    def as_stranger(self) -> Exchange:
        """The exchange, for what is open to anybody."""
        return self._exchange(None)

    def _exchange(self, credential: str | None) -> Exchange:
        if not self.url.startswith(("https://", "http://")):
            raise InputRefused("say where the exchange is: --url or DEX_URL, beginning with https://")
        return Exchange(self.url, credential, transport=self.transport, patience=self.patience)


def desk_of(ctx: typer.Context) -> Desk:
    desk: Desk = ctx.find_root().obj
    return desk


def text_in(place: str) -> str:
    """The text of a file, or of standard input."""
    try:
        return sys.stdin.read() if place == "-" else Path(place).read_text("utf-8")
    except OSError:
        raise InputRefused("a file cannot be read") from None
    except UnicodeDecodeError:
        raise InputRefused("a file is not text in UTF-8") from None


def object_of(text: str) -> dict[str, Any]:
    """A JSON object; a float has no place in one."""
    try:
        found = json.loads(text, parse_float=_no_float, parse_constant=_no_float)
    except (ValueError, RecursionError):
        raise InputRefused("not a JSON object without fractions") from None
    if not isinstance(found, dict):
        raise InputRefused("not a JSON object")
    return found


def form_in(place: str) -> dict[str, Any]:
    return object_of(text_in(place))


def domain_key_of(said: str) -> PublicKey:
    """A key as given, or from the file of that name. It must come from the provider, not from the exchange."""
    return PublicKey.parsed(_from_file(said).strip())


def log_keys_of(said: Sequence[str]) -> list[str]:
    return [line for one in said for line in _from_file(one).splitlines() if line]


def show(found: BaseModel | Mapping[str, Any] | Sequence[Any], as_json: bool, *columns: str) -> None:
    """One thing, or a list of things by some of their fields."""
    if isinstance(found, BaseModel):
        found = found.model_dump(mode="json")
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, separators=(",", ":")))
    elif isinstance(found, Mapping):
        show_rows(("", ""), list(found.items()), headed=False)
    else:
        show_rows(columns, [[one.get(name) for name in columns] for one in found])


def show_rows(columns: Sequence[str], rows: Sequence[Sequence[Any]], *, headed: bool = True) -> None:
    table = Table(show_header=headed)
    for column in columns:
        table.add_column(safe(column), overflow="fold")
    for row in rows:
        table.add_row(*map(safe, row))
    Console().print(table)


def safe(value: Any) -> Text:
    """A value as text that no terminal takes for a command and rich not for markup."""
    if value is None:
        return Text("")
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return Text(printable(text))


def printable(text: str) -> str:
    return "".join(letter if letter.isprintable() or letter == "\n" else "\ufffd" for letter in text)


def _no_float(_: str) -> Any:
    raise ValueError("a fraction")


def _from_file(said: str) -> str:
    # A key is base64 and may hold a slash, but no file is likely to be named like one.
    return Path(said).read_text("utf-8") if len(said) < 1_000 and Path(said).is_file() else said
