"""A query template on its way: drafted, submitted, approved by the provider's own key, withdrawn. Pure."""

from collections.abc import Mapping

from exchange.kernel.entity import Entity, Event
from exchange.wire.envelope import Envelope
from exchange.wire.templates import Parameter


class TemplateDrafted(Event):
    """The first draft, or a later one: nothing is promised by it."""

    asset_id: str
    provider_id: str
    domain: str
    author_id: str
    buyer_id: str
    title: str
    sql: str
    parameters: Mapping[str, Parameter]
    exact: bool
    k_min: int
    dominance_bp_max: int
    controls_digest: str
    valid_to_s: int
    by: str


class TemplateSubmitted(Event):
    approval_id: str
    by: str


class TemplateApproved(Event):
    """The provider's own key, inside its domain, signed it; whoever else had to, said yes."""

    envelope: Envelope
    digest: str


class TemplateRejected(Event):
    """Somebody said no, or nobody said yes in time."""

    reason: str


class TemplateWithdrawn(Event):
    """By its author or its provider: no new order runs it."""

    by: str


class Template(Entity):
    """One SELECT with typed parameters. Once submitted it does not change; a changed one is a new template."""

    NEXT = {
        ("NEW", TemplateDrafted): "DRAFT",
        ("DRAFT", TemplateDrafted): "DRAFT",
        ("DRAFT", TemplateSubmitted): "SUBMITTED",
        ("SUBMITTED", TemplateApproved): "APPROVED",
        ("SUBMITTED", TemplateRejected): "REJECTED",
        ("DRAFT", TemplateWithdrawn): "WITHDRAWN",
        ("SUBMITTED", TemplateWithdrawn): "WITHDRAWN",
        ("APPROVED", TemplateWithdrawn): "WITHDRAWN",
    }
    asset_id: str = ""
    provider_id: str = ""
    domain: str = ""
    author_id: str = ""
    buyer_id: str = ""
    title: str = ""
    sql: str = ""
    parameters: Mapping[str, Parameter] = {}
    exact: bool = False
    k_min: int = 0
    dominance_bp_max: int = 1
    controls_digest: str = ""
    valid_to_s: int = 0
    approval_id: str = ""
    reason: str = ""
    envelope: Envelope | None = None
    digest: str = ""

    def serves(self, buyer_id: str, asset_id: str, now_s: int) -> bool:
        """Whether this buyer may run it now on this asset."""
        whose = self.buyer_id in ("", buyer_id)
        return self.state == "APPROVED" and whose and self.asset_id == asset_id and now_s < self.valid_to_s
