"""`dex explain` and `dex policy`: the rules at home, without any exchange.

They are the very rules the exchange and the domains decide by; nothing here is a second copy of one.
"""

import json
import time
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Any

import typer
import yaml

from exchange.client.commands import rulesets
from exchange.client.commands.desk import AsJson, InputRefused, object_of, show, show_rows, text_in
from policies.disclosure import Controls, load_controls
from policies.disclosure import explain as explained
from policies.disclosure.published import page
from policies.engine import PolicyRefused, decide, load_policies
from policies.engine.golden import load_vectors, replay
from policies.engine.refused import Fault
from policies.engine.table import Table
from policies.properties import prove_claims

policy = typer.Typer(no_args_is_help=True, help="The rules: prove them, read them, decide by them.")
policy.command("diff")(rulesets.diff)
policy.command("archive")(rulesets.archived)
policy.command("again")(rulesets.again)
policy.command("sectors")(rulesets.sector_list)
_BESIDE_CONTROLS = {"about", "cases"}
_BY_CASE = ("mode", "k_min", "dominance_bp_max")


class Lang(StrEnum):
    ZH = "zh"
    EN = "en"


def explain(
    controls: Annotated[str | None, typer.Option(help="What queries may do: YAML or JSON.")] = None,
    sql: Annotated[str | None, typer.Option(help="A file with one SELECT, or - for standard input.")] = None,
    cases: Annotated[str | None, typer.Option(help="A file of tables and cases.")] = None,
    rho_nrho: Annotated[int | None, typer.Option(min=1, help="What noise may cost, in 1e-9 rho.")] = None,
    as_json: AsJson = True,
) -> None:
    """What would become of a query, offline: one JSON object a query; with noise, how far each output may be off."""
    rho = rho_nrho or _rho_nrho()
    if cases is not None and controls is None and sql is None:
        for verdict in _verdicts(_read(cases), rho):
            show(verdict, True)
    elif controls is not None and sql is not None and cases is None:
        show(explained(text_in(sql), _controls(_read(controls), {}), rho), as_json)
    else:
        raise InputRefused("give --controls and --sql, or --cases alone")


@policy.command("check")
def check(as_json: AsJson = False) -> None:
    """Prove the tables complete, every claim true, and every golden decision unchanged."""
    began = time.monotonic_ns()
    policies = load_policies()
    claims = prove_claims(policies)
    found = {
        "version": policies.version,
        "digest": policies.digest,
        "tables": len(policies.tables),
        "rules": sum(len(table.rows) for table in policies.tables.values()),
        "cases": sum(policies.cases.values()),
        "claims": claims.claims,
        "claim_cases": claims.cases,
        "vectors": replay(policies, load_vectors()),
        "elapsed_ms": (time.monotonic_ns() - began) // 1_000_000,
    }
    show(found, as_json)


@policy.command("show")
def show_policy(
    table: Annotated[str | None, typer.Argument(help="One table; all of them if none is named.")] = None,
    lang: Annotated[Lang, typer.Option(help="In which language.")] = Lang.ZH,
    as_json: AsJson = False,
) -> None:
    """Read the rules in force."""
    tables = load_policies().tables
    if table is not None and table not in tables:
        raise PolicyRefused(Fault.TABLE, "tables")
    chosen = [tables[table]] if table else list(tables.values())
    if as_json:
        show({one.name: {"title": getattr(one.title, lang), "rules": _rows(one, lang)} for one in chosen}, as_json)
        return
    for one in chosen:
        typer.echo(f"{one.name}  {getattr(one.title, lang)}")
        show_rows(("id", "effect", "reason", "says", "basis"), [list(row.values())[:5] for row in _rows(one, lang)])


@policy.command("sql")
def published_sql() -> None:
    """The rules for SQL, and the list of what may stand in a query, as a page."""
    typer.echo(page(), nl=False)


@policy.command("decide")
def decide_case(
    table: str,
    facts: Annotated[str, typer.Option(help="A JSON object, or - for standard input.")],
    under: Annotated[str | None, typer.Option(help="Other rules: a folder, or an archived set.")] = None,
    as_json: AsJson = False,
) -> None:
    """Decide one case by one table."""
    policies = load_policies() if under is None else rulesets.rules_in(under)
    show(decide(policies, table, object_of(text_in(facts) if facts == "-" else facts)), as_json)


def _rows(table: Table, lang: Lang) -> list[dict[str, Any]]:
    return [
        {
            "id": row.id,
            "effect": "permit" if row.permits else "refuse",
            "reason": row.reason,
            "says": getattr(row.says, lang),
            "basis": row.basis,
            "when": {name: _allowed(allowed) for name, allowed in row.when.items()},
            "then": dict(row.then),
        }
        for row in table.rows
    ]


def _allowed(allowed: Any) -> Any:
    return {"from": allowed.start, "to": allowed.stop - 1} if isinstance(allowed, range) else sorted(allowed)


def _verdicts(said: Mapping[str, Any], rho_nrho: int) -> Iterator[dict[str, Any]]:
    cases = said.get("cases")
    if not isinstance(cases, list) or not all(
        isinstance(one, dict) and isinstance(one.get("sql"), str) for one in cases
    ):
        raise InputRefused("a case has a text `sql`")
    known: dict[str, Controls] = {}
    for case in cases:
        own = {name: case[name] for name in _BY_CASE if name in case}
        key = json.dumps(own, default=str)
        known[key] = known.get(key) or _controls(said, own)
        yield explained(case["sql"], known[key], rho_nrho)


def _rho_nrho() -> int:
    """As much as one answer over the least sensitive of the data that need noise may cost."""
    return int(str(decide(load_policies(), "controls", {"grade": "G3"}).outcome["query_cap_nrho"]))


def _controls(said: Mapping[str, Any], own: Mapping[str, Any]) -> Controls:
    return load_controls({**{name: value for name, value in said.items() if name not in _BESIDE_CONTROLS}, **own})


def _read(place: str) -> Mapping[str, Any]:
    try:
        said = yaml.load(text_in(place), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except (yaml.YAMLError, ValueError, RecursionError):
        raise InputRefused("not YAML or JSON") from None
    if not isinstance(said, dict) or not all(isinstance(name, str) for name in said):
        raise InputRefused("not a mapping of names")
    return said
