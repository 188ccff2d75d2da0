"""Query templates from the draft to the provider's signature. What a query may learn is not decided here."""

from hashlib import sha256

from exchange.access import service as access
from exchange.authorization import approvals
from exchange.authorization.approval_model import Approval, Approver, Kind
from exchange.authorization.asks import TemplateAsk
from exchange.authorization.template_model import (
    Template,
    TemplateApproved,
    TemplateDrafted,
    TemplateRejected,
    TemplateSubmitted,
    TemplateWithdrawn,
)
from exchange.classification import service as classification
from exchange.classification.model import Grading
from exchange.kernel import ids
from exchange.kernel.caller import Role
from exchange.kernel.errors import Guarded, IllegalTransition, Malformed, NotFound
from exchange.kernel.unit import Unit
from exchange.registration import service as registration
from exchange.registration.model import Asset
from exchange.wire import canonical
from exchange.wire.envelope import BadEnvelope, Envelope
from exchange.wire.keys import PublicKey
from exchange.wire.templates import QueryTemplate, corners, literals
from policies.disclosure import Denied, analyse, load_controls
from policies.engine import decide


def draft(unit: Unit, ask: TemplateAsk, template_id: str | None = None) -> Template:
    """Write it down, or write it anew while it is a draft. The holder of the asset or a buyer may."""
    unit.caller.require(Role.BUYER, Role.SUPPLIER, Role.DATA_MERCHANT)
    template = _own(unit, template_id) if template_id else Template(id=ids.fresh("tpl"))
    asset = registration.certified(unit, ask.asset_id)
    grading, author = classification.confirmed(unit, asset.id), access.active(unit, unit.caller.participant_id)
    if author.id != asset.holder_id and Role.BUYER not in unit.caller.roles:
        raise NotFound("no such asset")
    if ask.for_all and author.id != asset.holder_id:
        raise Guarded("only whoever holds the data offers a template to all", code="E_SCOPE")
    fact = TemplateDrafted(
        **ask.model_dump(include={"asset_id", "title", "sql", "valid_to_s"}),
        parameters=ask.parameters,
        provider_id=asset.holder_id,
        domain=asset.domain,
        author_id=author.id,
        buyer_id="" if author.id == asset.holder_id else author.id,
        exact=is_exact(unit, grading),
        k_min=grading.k_min,
        dominance_bp_max=grading.dominance_bp_max,
        controls_digest=asset.controls_digest,
        by=unit.caller.person_id,
    )
    drafted = unit.record(template, fact, refs=(asset.head, grading.head))
    if not proposal(drafted).fits:
        raise Malformed("the template is too long to travel", code="E_TOO_LARGE")
    return drafted


def submit(unit: Unit, template_id: str) -> Template:
    """Put it before the provider, once it would pass the disclosure calculus at every end of its parameters."""
    template = _own(unit, template_id)
    if template.state != "DRAFT":
        raise IllegalTransition("only a draft is submitted")
    if template.valid_to_s <= unit.now_s:
        raise Guarded("it ends before it begins", code="E_WINDOW")
    asset, grading = registration.certified(unit, template.asset_id), classification.confirmed(unit, template.asset_id)
    _passes(template, asset)
    also = approvals.EACH_PROGRAM.get(grading.approval_by, ())
    wanted = approvals.Wanted(
        kind=Kind.TEMPLATE,
        about_id=template.id,
        provider_id=template.provider_id,
        requester_id=template.author_id,
        licence_id="",
        program_sha256=program_of(template),
        approvers=tuple(one for one in Approver if one is Approver.SUPPLIER or one in also),
    )
    approval = approvals.request(unit, wanted, refs=(template.head,))
    return unit.record(template, TemplateSubmitted(approval_id=approval.id, by=unit.caller.person_id))


def checked(unit: Unit, approval: Approval, envelope: Envelope | None) -> None:
    """What the provider hands in as its word must be this very template, signed by its domain and nobody else."""
    if envelope is None:
        return
    template = unit.get(Template, approval.about_id)
    try:
        signed = QueryTemplate.opened(envelope, (PublicKey.parsed(access.node_of(unit, template.domain).signing_key),))
    except BadEnvelope:
        raise Malformed("the template is not signed by the provider's domain", code="E_SIGNATURE") from None
    if signed != proposal(template) or len(envelope.signatures) != 1:
        raise Guarded("what was signed is not what was submitted", code="E_SCOPE")


def conclude(unit: Unit, approval: Approval) -> Template:
    """What follows for the template from how its approval ended."""
    template = unit.get(Template, approval.about_id)
    if approval.state == "GRANTED" and approval.envelope is not None:
        approved = TemplateApproved(envelope=approval.envelope, digest=approval.envelope.digest)
        return unit.record(template, approved, refs=(approval.head,))
    reason = approval.reason if approval.state == "DENIED" else "E_APPROVAL"
    return unit.record(template, TemplateRejected(reason=reason), refs=(approval.head,))


def withdraw(unit: Unit, template_id: str) -> Template:
    """Its author or its provider does not want it run any more. What runs already goes on."""
    template, caller = unit.get(Template, template_id), unit.caller
    if caller.participant_id not in (template.author_id, template.provider_id) or caller.roles <= {Role.NODE}:
        raise NotFound("no such template")
    if template.state == "SUBMITTED":
        approvals.withdraw(unit, template.id)
    return unit.record(template, TemplateWithdrawn(by=caller.person_id))


def shown(unit: Unit, template_id: str) -> Template:
    """A template, for its author, its provider, whoever may run it, and those who watch."""
    template, caller = unit.get(Template, template_id), unit.caller
    offered = template.state == "APPROVED" and template.buyer_id == "" and Role.BUYER in caller.roles
    party = caller.participant_id in (template.author_id, template.provider_id, template.buyer_id)
    if not party and not offered and not caller.roles.intersection(approvals.WATCHERS):
        raise NotFound("no such template")
    return template


def proposal(template: Template) -> QueryTemplate:
    """The act the provider's domain signs."""
    names = set(QueryTemplate.model_fields) - {"parameters"}
    return QueryTemplate(**{name: getattr(template, name) for name in names}, parameters=dict(template.parameters))


def program_of(template: Template) -> str:
    """The name of the program, for approvals: whatever its parameters, it is one."""
    return sha256(canonical.encode(proposal(template).model_dump(mode="json"))).hexdigest()


def is_exact(unit: Unit, grading: Grading) -> bool:
    """Whether the rules in force let an approved template on such data be answered exactly."""
    return decide(unit.policies, "controls", {"grade": grading.grade}).outcome["template_sql"] == "exact"


def _own(unit: Unit, template_id: str) -> Template:
    template = unit.get(Template, template_id)
    if template.author_id != unit.caller.participant_id or unit.caller.roles <= {Role.NODE}:
        raise NotFound("no such template")
    return template


def _passes(template: Template, asset: Asset) -> None:
    """Refuse what would be refused at an end of a range, or at a word of a list, however it was approved."""
    floors = {"k_min": template.k_min, "dominance_bp_max": template.dominance_bp_max}
    mode = "exact" if template.exact else "noise"
    controls = load_controls({"tables": asset.tables, "mode": mode, **floors})
    try:
        for values in corners(template.parameters):
            analyse(template.sql, controls, literals(template.parameters, values))
    except Denied as denied:
        raise Guarded(
            f"{denied.why}; fix: {denied.fix}" if denied.fix else denied.why, code=f"E_DISCLOSURE:{denied.rule}"
        ) from None
