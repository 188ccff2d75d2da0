"""Participants, keys and nodes as they are looked up: by state, by code, by participant."""

from sqlalchemy import Connection, select
from sqlmodel import Field, SQLModel

from exchange.access.keys import ApiKey
from exchange.access.model import Participant
from exchange.access.nodes import Node
from exchange.kernel.views import DERIVED, Projection, shows


class ParticipantRow(SQLModel, table=True):
    __tablename__ = "participant"
    __table_args__ = dict(DERIVED)
    id: str = Field(primary_key=True)
    state: str = Field(index=True)
    org_name: str
    uscc: str = Field(index=True)
    roles: str
    territory: str


class ApiKeyRow(SQLModel, table=True):
    """Never the hash: who may look at keys learns nothing to guess at."""

    __tablename__ = "api_key"
    __table_args__ = dict(DERIVED)
    id: str = Field(primary_key=True)
    state: str
    participant_id: str = Field(index=True)
    person_id: str
    roles: str


class NodeRow(SQLModel, table=True):
    __tablename__ = "node"
    __table_args__ = dict(DERIVED)
    id: str = Field(primary_key=True)
    state: str
    domain: str
    participant_id: str = Field(index=True)
    signing_key: str


@shows(Participant)
def _participant(shown: Projection) -> None:
    fields = shown.entity.model_dump(include={"id", "state", "org_name", "uscc", "territory"})
    shown.put(ParticipantRow(**fields, roles=" ".join(shown.entity.roles)))


@shows(ApiKey)
def _api_key(shown: Projection) -> None:
    fields = shown.entity.model_dump(include={"id", "state", "participant_id", "person_id"})
    shown.put(ApiKeyRow(**fields, roles=" ".join(shown.entity.roles)))


@shows(Node)
def _node(shown: Projection) -> None:
    shown.mirror(NodeRow)


def admitted_as(connection: Connection, uscc: str) -> list[str]:
    """Ids of participants in or before the market that bear this code."""
    table = SQLModel.metadata.tables["participant"]
    states = ("APPROVED", "ACTIVE", "SUSPENDED")
    found = connection.execute(select(table.c.id).where(table.c.uscc == uscc, table.c.state.in_(states)))
    return [str(row[0]) for row in found]


def open_nodes(connection: Connection, participant_id: str) -> list[str]:
    """Domains of a participant that are still in use."""
    table = SQLModel.metadata.tables["node"]
    mine = select(table.c.domain).where(table.c.participant_id == participant_id, table.c.state == "REGISTERED")
    return [str(row[0]) for row in connection.execute(mine.order_by(table.c.domain))]


def in_state(connection: Connection, state: str) -> list[str]:
    """Ids of the participants in one state."""
    table = SQLModel.metadata.tables["participant"]
    return list(connection.execute(select(table.c.id).where(table.c.state == state).order_by(table.c.id)).scalars())


def persons_of(connection: Connection, participant_id: str) -> frozenset[str]:
    """The people who have a key of a participant's that is good."""
    table = SQLModel.metadata.tables["api_key"]
    own = select(table.c.person_id).where(table.c.participant_id == participant_id, table.c.state == "LIVE")
    return frozenset(connection.execute(own).scalars())
