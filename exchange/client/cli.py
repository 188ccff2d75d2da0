"""The command `dex`. Turns every "no" into one coded line; it prints no traceback and no secret."""

import errno
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from exchange.client.agreement import AgreementRefused
from exchange.client.audit import AuditRefused
from exchange.client.commands import (
    approvals,
    auditing,
    catalogue,
    disputes,
    logs,
    oversight,
    participants,
    payloads,
    rules,
    things,
    trading,
    witnesses,
)
from exchange.client.commands.desk import Desk, InputRefused, printable
from exchange.client.connection import Problem, TimedOut, Unreachable
from exchange.client.open import ResultRefused
from exchange.client.verify import VerificationRefused
from exchange.client.wallet import WalletRefused
from exchange.client.witness import WitnessRefused
from exchange.wire.keys import BadKey
from exchange.wire.notes import NoteRefused
from exchange.wire.sm2 import Sm2Missing
from policies.disclosure import ControlsRefused
from policies.engine import PolicyRefused

CODES: dict[type[Exception], str] = {
    AgreementRefused: "E_AGREEMENT",
    AuditRefused: "E_AUDIT",
    BadKey: "E_KEY",
    ControlsRefused: "E_CONTROLS",
    InputRefused: "E_INPUT",
    NoteRefused: "E_LOG",
    ResultRefused: "E_RESULT",
    Sm2Missing: "E_SM2",
    TimedOut: "E_TIMED_OUT",
    Unreachable: "E_UNREACHABLE",
    VerificationRefused: "E_LOG",
    WalletRefused: "E_WALLET",
    WitnessRefused: "E_WITNESS",
}
"""What the client itself says no with; the exchange and the rules bring their own codes."""


class CodedGroup(TyperGroup):
    """Every way a command can fail leaves through here."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            if _is_of_the_framework(error):
                raise
            typer.echo(printable(said(error)).replace("\n", " "), err=True)
            raise typer.Exit(1) from None


def said(error: Exception) -> str:
    """One line: the code, then what is so."""
    if isinstance(error, Problem):
        explained = f" ({error.explanation})" if error.explanation else ""
        return f"{error.code}: {error.detail}{explained}"
    if isinstance(error, PolicyRefused):
        return f"{error.code}: {error.where}"
    if isinstance(error, OSError):
        return f"E_FILE: {os.strerror(error.errno) if error.errno else 'a file cannot be used'}"
    if code := CODES.get(type(error)):
        return f"{code}: {error}"
    return f"E_CLIENT: this should not happen ({type(error).__name__})"


def _is_of_the_framework(error: Exception) -> bool:
    """Wrong usage and wanted exits are the framework's own to show; a closed pipe ends quietly."""
    broken_pipe = isinstance(error, OSError) and error.errno == errno.EPIPE
    return broken_pipe or isinstance(error, typer.Exit | typer.Abort) or hasattr(error, "exit_code")


app = typer.Typer(
    cls=CodedGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The data-element exchange at your desk: the computation travels, the data stays.",
)
app.add_typer(participants.wallet, name="wallet")
app.add_typer(participants.participants, name="participants")
app.add_typer(catalogue.assets, name="assets")
app.add_typer(catalogue.listings, name="listings")
app.add_typer(catalogue.licences, name="licences")
app.add_typer(trading.queries, name="queries")
app.add_typer(trading.orders, name="orders")
app.add_typer(trading.escrow, name="escrow")
app.add_typer(approvals.approvals, name="approvals")
app.add_typer(things.templates, name="templates")
app.add_typer(things.schedules, name="schedules")
app.add_typer(things.controls, name="controls")
app.add_typer(disputes.disputes, name="disputes")
app.add_typer(things.custody, name="custody")
app.add_typer(things.incidents, name="incidents")
app.add_typer(things.sanctions, name="sanctions")
app.add_typer(oversight.oversight, name="oversight")
app.add_typer(logs.log, name="log")
app.add_typer(auditing.audit, name="audit")
app.add_typer(witnesses.witness, name="witness")
app.add_typer(payloads.payloads, name="payloads")
app.add_typer(rules.policy, name="policy")
app.command("explain")(rules.explain)


@app.callback()
def dex(
    ctx: typer.Context,
    url: Annotated[str, typer.Option(envvar="DEX_URL", help="Where the exchange is.")] = "",
    home: Annotated[Path, typer.Option(envvar="DEX_HOME", help="The wallet's folder.")] = Path("~/.dex"),
) -> None:
    if ctx.obj is None:
        ctx.obj = Desk(url, home.expanduser())
