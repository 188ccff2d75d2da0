"""What a ticket asks to be run: the buyer's own text, or a template this domain's own key signed. Runs nothing.

An exact answer over data that is answered with noise rests on such a template, and on nothing the exchange could say.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from exchange.wire.addenda import ControlsAddendum
from exchange.wire.budgets import RHO_MIN_NRHO
from exchange.wire.computations import SqlQuery, TemplateRun
from exchange.wire.envelope import BadEnvelope, Envelope
from exchange.wire.keys import PublicKey
from exchange.wire.licences import Licence
from exchange.wire.refusals import Refusal, Refused
from exchange.wire.templates import BadParameter, QueryTemplate, literals
from exchange.wire.tickets import Ticket
from policies.disclosure import ControlsRefused, widened


@dataclass(frozen=True, slots=True)
class Program:
    """A text, the literals for its parameters, and whether its answer is exact."""

    text: str
    exact: bool
    literals: Mapping[str, int | str | date] = field(default_factory=dict)


def signed_template(ticket: Ticket, envelope: Envelope | None, own_key: PublicKey) -> QueryTemplate | None:
    """The template a ticket names, once this domain's key is shown to have signed it. Raises `Refused`."""
    if ticket.template_digest is None and not isinstance(ticket.computation, TemplateRun):
        return None
    if envelope is None or envelope.digest != ticket.template_digest:
        raise Refused(Refusal.TEMPLATE_INVALID)
    try:
        return QueryTemplate.opened(envelope, (own_key,))
    except BadEnvelope:
        raise Refused(Refusal.TEMPLATE_INVALID) from None


def signed_addendum(ticket: Ticket, envelope: Envelope | None, own_key: PublicKey) -> ControlsAddendum | None:
    """The addendum a ticket rests on, once this domain's key is shown to have signed it. Raises `Refused`."""
    if ticket.addendum_digest is None:
        return None
    if envelope is None or envelope.digest != ticket.addendum_digest:
        raise Refused(Refusal.LICENCE_INVALID)
    try:
        return ControlsAddendum.opened(envelope, (own_key,))
    except BadEnvelope:
        raise Refused(Refusal.LICENCE_INVALID) from None


def tables_under(
    tables: Mapping[str, Any], ticket: Ticket, addendum: ControlsAddendum | None, now_s: int
) -> Mapping[str, Any]:
    """The declared tables, with what the provider granted under this very licence. Raises `Refused`."""
    if addendum is None:
        return tables
    same = (addendum.licence_id, addendum.licence_digest, addendum.buyer_id, addendum.domain, addendum.controls_digest)
    named = (ticket.licence_id, ticket.licence_digest, ticket.buyer_id, ticket.domain, ticket.controls_digest)
    if same != named or now_s >= addendum.valid_to_s:
        raise Refused(Refusal.LICENCE_INVALID)
    try:
        return widened(tables, addendum.grants)
    except ControlsRefused:
        raise Refused(Refusal.LICENCE_INVALID) from None


def program_of(ticket: Ticket, licence: Licence, template: QueryTemplate | None, now_s: int) -> Program:
    """What would run, if ticket, licence and template agree on it. Raises `Refused`."""
    match ticket.computation:
        case SqlQuery(sql=text):
            program = Program(text, licence.budget is None)
        case TemplateRun() as run if template is not None and _allows(template, ticket, run, now_s):
            exact = template.exact or licence.budget is None
            program = Program(template.sql, exact, _filled(template, run))
        case _:
            raise Refused(Refusal.TEMPLATE_INVALID)
    if not _priced(licence, ticket, program):
        raise Refused(Refusal.LICENCE_INVALID)
    return program


def _allows(template: QueryTemplate, ticket: Ticket, run: TemplateRun, now_s: int) -> bool:
    same = (template.id, template.asset_id, template.provider_id, template.domain, template.controls_digest)
    return (
        same == (run.template_id, ticket.asset_id, ticket.provider_id, ticket.domain, ticket.controls_digest)
        and template.buyer_id in ("", ticket.buyer_id)
        and ticket.k_min >= template.k_min
        and ticket.dominance_bp_max <= template.dominance_bp_max
        and now_s < template.valid_to_s
    )


def _filled(template: QueryTemplate, run: TemplateRun) -> Mapping[str, int | str | date]:
    try:
        return literals(template.parameters, run.parameters)
    except BadParameter:
        raise Refused(Refusal.TEMPLATE_INVALID) from None


def _priced(licence: Licence, ticket: Ticket, program: Program) -> bool:
    """An exact answer spends nothing; one with noise no more than the provider signed, and none is void."""
    if program.exact or licence.budget is None:
        return ticket.rho_nrho == 0
    return RHO_MIN_NRHO <= ticket.rho_nrho <= licence.budget.query_cap_nrho
