"""Approvals as they are looked up: the inbox of whoever must answer, what is due, and what still stands."""

from sqlalchemy import BigInteger, Connection, or_, select
from sqlmodel import Field, SQLModel

from exchange.authorization.approval_model import Approval
from exchange.authorization.controls_model import ControlsRequest
from exchange.authorization.template_model import Template
from exchange.kernel.views import DERIVED, Projection, shows


class ApprovalRow(SQLModel, table=True):
    __tablename__ = "approval"
    __table_args__ = dict(DERIVED)
    id: str = Field(primary_key=True)
    state: str = Field(index=True)
    kind: str
    about_id: str = Field(index=True)
    provider_id: str = Field(index=True)
    requester_id: str = Field(index=True)
    delegate_id: str = Field(index=True)
    licence_id: str = Field(index=True)
    program_sha256: str
    waiting_for: str
    due_at: int = Field(sa_type=BigInteger, index=True)
    remind_at: int = Field(sa_type=BigInteger)
    valid_to: int = Field(sa_type=BigInteger)


@shows(Approval)
def _approval(shown: Projection) -> None:
    approval: Approval = shown.entity
    shown.mirror(ApprovalRow, waiting_for=" ".join(approval.waiting_for))


def due(connection: Connection, now: int) -> list[str]:
    """Approvals nobody answered in time, and those of which somebody is to be reminded."""
    table = SQLModel.metadata.tables["approval"]
    reminding = (table.c.remind_at > 0) & (table.c.remind_at <= now)
    query = select(table.c.id).where(table.c.state == "REQUESTED", or_(table.c.due_at <= now, reminding))
    return list(connection.execute(query.order_by(table.c.due_at, table.c.id).limit(500)).scalars())


def stands(connection: Connection, licence_id: str, program_sha256: str, now: int) -> bool:
    """Whether this very program was approved under this licence, and not too long ago."""
    table = SQLModel.metadata.tables["approval"]
    # A template is approved for every licence it may be used under.
    same = table.c.licence_id.in_((licence_id, "")) & (table.c.program_sha256 == program_sha256)
    query = select(table.c.id).where(same, table.c.state == "GRANTED", table.c.valid_to > now).limit(1)
    return connection.execute(query).first() is not None


class TemplateRow(SQLModel, table=True):
    __tablename__ = "template"
    __table_args__ = dict(DERIVED)
    id: str = Field(primary_key=True)
    state: str = Field(index=True)
    asset_id: str = Field(index=True)
    provider_id: str = Field(index=True)
    author_id: str = Field(index=True)
    buyer_id: str
    title: str
    exact: bool
    valid_to_s: int = Field(sa_type=BigInteger)


@shows(Template)
def _template(shown: Projection) -> None:
    shown.mirror(TemplateRow)


class ControlsRequestRow(SQLModel, table=True):
    __tablename__ = "controls_request"
    __table_args__ = dict(DERIVED)
    id: str = Field(primary_key=True)
    state: str = Field(index=True)
    licence_id: str = Field(index=True)
    provider_id: str = Field(index=True)
    buyer_id: str = Field(index=True)
    granted_at: int = Field(sa_type=BigInteger)
    valid_to_s: int = Field(sa_type=BigInteger)


@shows(ControlsRequest)
def _controls_request(shown: Projection) -> None:
    shown.mirror(ControlsRequestRow)


def granted_controls(connection: Connection, licence_id: str, now_s: int) -> str | None:
    """The newest addendum that holds under a licence; it holds all that was granted before."""
    table = SQLModel.metadata.tables["controls_request"]
    query = select(table.c.id).where(table.c.licence_id == licence_id, table.c.state == "GRANTED")
    newest = query.where(table.c.valid_to_s > now_s).order_by(table.c.granted_at.desc(), table.c.id)
    found = connection.execute(newest.limit(1)).scalar()
    return None if found is None else str(found)
