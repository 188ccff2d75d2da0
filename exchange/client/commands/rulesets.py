"""`dex policy diff`, `archive`, `again` and `sectors`: sets of rules beside one another, and lists of sectors read.

A set is a folder of tables, or one archived file `<digest>.json`. Nothing here asks an exchange, or changes a set.
"""

from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from exchange.client.commands.desk import AsJson, InputRefused, show, show_rows, text_in
from policies.engine import Change, Decision, PolicySet, archive, decided_again, load_archived, load_policies
from policies.engine import diff as differences
from policies.sectors import read_sector_list

Place = Annotated[str, typer.Argument(help="A folder of tables, or an archived set <digest>.json.")]
NewPlace = Annotated[str | None, typer.Argument(help="The same; the rules in force if not given.")]
Folder = Annotated[Path, typer.Argument(help="The folder of archived sets.")]


def diff(old: Place, new: NewPlace = None, as_json: AsJson = False) -> None:
    """Which decisions change from one set of rules to another, each shown by a case."""
    before, after = rules_in(old), load_policies() if new is None else rules_in(new)
    found = differences(before, after)
    if as_json:
        show(
            {
                "old": before.digest,
                "new": after.digest,
                "tables_gone": list(found.tables_gone),
                "tables_new": list(found.tables_new),
                "asked_gone": list(found.asked_gone),
                "asked_new": list(found.asked_new),
                "changes": [_change(one) for one in found.changes],
            },
            as_json,
        )
        return
    for mark, names in (("-", found.tables_gone + found.asked_gone), ("+", found.tables_new + found.asked_new)):
        for name in names:
            typer.echo(f"{mark} {name}")
    show_rows(
        ("table", "was", "is", "for example"),
        [
            (one.table, _in_short(one.before), _in_short(one.after), _telling(one, before, after))
            for one in found.changes
        ],
    )


def archived(folder: Folder) -> None:
    """Keep the rules in force under their digest, so that what they decide can be decided again."""
    typer.echo(str(archive(load_policies(), folder)))


def again(
    folder: Folder,
    decision: Annotated[str, typer.Option(help="A decision as JSON: a file, or - for standard input.")],
    as_json: AsJson = False,
) -> None:
    """Make an old decision again by the very rules it names; refused if it comes out otherwise."""
    try:
        said = Decision.model_validate_json(text_in(decision))
    except ValidationError:
        raise InputRefused("not a decision") from None
    show(decided_again(folder, said), as_json)


def sector_list(
    place: Annotated[str, typer.Argument(help="A CSV file in the published form, or - for standard input.")],
    as_json: AsJson = False,
) -> None:
    """Read a sector's negative list, and say which kinds of data it bars."""
    found = read_sector_list(text_in(place))
    barred = [(row.number, row.kind, row.subkind, row.list_type) for row in found.rows if row.is_barred]
    if as_json:
        show({"digest": found.digest, "rows": len(found.rows), "barred": barred}, as_json)
    else:
        show_rows(("number", "kind", "subkind", "list"), barred)


def rules_in(place: str) -> PolicySet:
    """The set in a folder, or the archived one in a file of that name."""
    path = Path(place)
    if path.is_dir():
        return load_policies(path)
    if not path.is_file():
        raise InputRefused("no such set of rules")
    return load_archived(path.parent, path.stem)


def _change(one: Change) -> dict[str, Any]:
    return {
        "table": one.table,
        "facts": dict(one.facts),
        "before": one.before.model_dump(mode="json", include={"permitted", "rule_ids", "reasons", "outcome"}),
        "after": one.after.model_dump(mode="json", include={"permitted", "rule_ids", "reasons", "outcome"}),
    }


def _in_short(decision: Decision) -> str:
    rules = ", ".join(decision.rule_ids)
    return f"permit by {rules}" if decision.permitted else f"refuse by {rules}: {', '.join(decision.reasons)}"


def _telling(change: Change, old: PolicySet, new: PolicySet) -> str:
    """What the deciding rows look at in this case, then what is said otherwise of it."""
    named = _looked_at(old, change.before) | _looked_at(new, change.after)
    facts = [f"{name}={_plain(value)}" for name, value in change.facts.items() if name in named]
    was, now = change.before.outcome, change.after.outcome
    words = dict.fromkeys((*was, *now))
    moved = [f"{word}: {was.get(word)} > {now.get(word)}" for word in words if was.get(word) != now.get(word)]
    return "; ".join([" ".join(facts), *moved])


def _looked_at(policies: PolicySet, decision: Decision) -> set[str]:
    rows = policies.tables[decision.table].rows
    return {name for row in rows if row.id in decision.rule_ids for name in row.when}


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
