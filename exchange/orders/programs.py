"""What an order would run: the buyer's own text, or a template its provider approved. Decides nothing about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from exchange.authorization import templates
from exchange.authorization.template_model import Template
from exchange.classification.model import Grading
from exchange.kernel.unit import Unit
from exchange.licensing.model import Licence
from exchange.wire import canonical
from exchange.wire.computations import Computation, SqlQuery, TemplateRun
from exchange.wire.templates import BadParameter, Given, literals
from policies.disclosure import Denied

Literals = tuple[tuple[str, int | str | date], ...]


@dataclass(frozen=True, slots=True)
class Program:
    """`name` is what an approval of it goes by; `denied` why its parameters do not fit, if they do not."""

    sql: str
    name: str
    exact: bool
    literals: Literals = ()
    template: Template | None = None
    denied: Denied | None = None


def program_of(unit: Unit, computation: Computation, licence: Licence, grading: Grading) -> Program:
    """The same text is the same program, and so is a template, whatever its parameters."""
    plain = licence.budget is None and grading.open_sql == "exact"
    match computation:
        case SqlQuery(sql=sql):
            name = sha256(canonical.encode(computation.model_dump(mode="json"))).hexdigest()
            return Program(sql, name, exact=plain)
        case TemplateRun(template_id=template_id, parameters=given):
            template = templates.shown(unit, template_id)
            found, denied = _filled(template, given)
            exact = plain or (template.exact and templates.is_exact(unit, grading))
            return Program(template.sql, templates.program_of(template), exact, found, template, denied)


def _filled(template: Template, given: Mapping[str, Given]) -> tuple[Literals, Denied | None]:
    try:
        return tuple(sorted(literals(template.parameters, given).items())), None
    except BadParameter as bad:
        why, fix = "a parameter is missing, unknown or outside its range", "give each declared parameter one value"
        return (), Denied("T01", why, fix=fix, column=bad.name or None)
