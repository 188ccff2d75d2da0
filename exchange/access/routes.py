"""Participants, keys and nodes over HTTP."""

from typing import Self

from fastapi import Response
from pydantic import BaseModel
from sqlalchemy import select
from sqlmodel import SQLModel

from exchange.access import desk, oversight, service
from exchange.access.asks import (
    ActivationAsk,
    Application,
    KeyAsk,
    NodeAsk,
    ReinstatementAsk,
    RejectionAsk,
    Review,
    RevocationAsk,
    RotationAsk,
    SupplementAsk,
    SupplementReply,
    SuspensionAsk,
)
from exchange.access.keys import ApiKey
from exchange.access.model import Participant
from exchange.access.nodes import Node
from exchange.access.views import ApiKeyRow, NodeRow, ParticipantRow
from exchange.kernel.http import AnyoneUnit, OpenUnit, router
from exchange.kernel.pages import Cursor, Limit, page
from exchange.kernel.unit import Unit

participants = router("/v1/participants", "access")
keys = router("/v1/keys", "access")
nodes = router("/v1/nodes", "access")


class ParticipantBrief(BaseModel):
    id: str
    state: str
    org_name: str
    uscc: str
    roles: list[str]
    territory: str


class ParticipantView(ParticipantBrief):
    """A participant. `rulebook_digest` is the rulebook in force, which an applicant signs to become active."""

    version: int
    operates_node: bool
    evidence: dict[str, str]
    supplement_due_at: int
    policy_digest: str
    signing_key: str
    recipient_key: str
    rulebook_digest: str

    @classmethod
    def of(cls, participant: Participant, unit: Unit) -> Self:
        shown = participant.model_dump(include=set(cls.model_fields), mode="json")
        return cls(**shown, rulebook_digest=unit.policies.digest)


class Applied(BaseModel):
    """The credential is `dxk_<key_id>.<secret>`, with the secret that only the applicant knows."""

    participant: ParticipantView
    key_id: str


class KeyView(BaseModel):
    id: str
    state: str
    participant_id: str
    person_id: str
    roles: list[str]

    @classmethod
    def of(cls, key: ApiKey) -> Self:
        return cls(**key.model_dump(include=set(cls.model_fields), mode="json"))


class NodeView(BaseModel):
    id: str
    state: str
    domain: str
    participant_id: str
    signing_key: str

    @classmethod
    def of(cls, node: Node) -> Self:
        return cls(**node.model_dump(include=set(cls.model_fields)))


@participants.post("", status_code=201)
def apply(ask: Application, unit: AnyoneUnit) -> Applied:
    """Apply for admission. Open to anyone."""
    participant, key = service.apply(unit, ask)
    return Applied(participant=ParticipantView.of(participant, unit), key_id=key.id)


@participants.get("")
def list_participants(unit: OpenUnit, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """Everybody for those who oversee the market, else oneself."""
    table = SQLModel.metadata.tables["participant"]
    query = select(table)
    if not unit.caller.roles.intersection(service.OVERSEERS):
        query = query.where(table.c.id == unit.caller.participant_id)
    path = "/v1/participants"
    return page(unit.connection, query, ParticipantRow, path=path, limit=limit, cursor=cursor, view=_brief)


@participants.get("/{participant_id}")
def get_participant(participant_id: str, unit: OpenUnit) -> ParticipantView:
    return ParticipantView.of(service.seen(unit, participant_id), unit)


@participants.post("/{participant_id}:take")
def take(participant_id: str, unit: OpenUnit) -> ParticipantView:
    return ParticipantView.of(service.take(unit, participant_id), unit)


@participants.post("/{participant_id}:ask-supplement")
def ask_supplement(participant_id: str, ask: SupplementAsk, unit: OpenUnit) -> ParticipantView:
    return ParticipantView.of(service.ask_supplement(unit, participant_id, ask.items), unit)


@participants.post("/{participant_id}:supply")
def supply(participant_id: str, ask: SupplementReply, unit: OpenUnit) -> ParticipantView:
    return ParticipantView.of(service.supply(unit, participant_id, dict(ask.evidence)), unit)


@participants.post("/{participant_id}:approve")
def approve(participant_id: str, ask: Review, unit: OpenUnit) -> ParticipantView:
    return ParticipantView.of(service.approve(unit, participant_id, ask), unit)


@participants.post("/{participant_id}:reject")
def reject(participant_id: str, ask: RejectionAsk, unit: OpenUnit) -> ParticipantView:
    return ParticipantView.of(service.reject(unit, participant_id, ask.reasons), unit)


@participants.post("/{participant_id}:activate")
def activate(participant_id: str, ask: ActivationAsk, unit: OpenUnit) -> ParticipantView:
    return ParticipantView.of(service.activate(unit, participant_id, ask.envelope), unit)


@participants.post("/{participant_id}:suspend")
def suspend(participant_id: str, ask: SuspensionAsk, unit: OpenUnit) -> ParticipantView:
    return ParticipantView.of(oversight.suspend(unit, participant_id, ask), unit)


@participants.post("/{participant_id}:reinstate")
def reinstate(participant_id: str, ask: ReinstatementAsk, unit: OpenUnit) -> ParticipantView:
    return ParticipantView.of(oversight.reinstate(unit, participant_id, ask), unit)


@participants.post("/{participant_id}:revoke")
def revoke(participant_id: str, ask: RevocationAsk, unit: OpenUnit) -> ParticipantView:
    return ParticipantView.of(oversight.revoke(unit, participant_id, ask), unit)


@keys.post("", status_code=201)
def issue_key(ask: KeyAsk, unit: OpenUnit) -> KeyView:
    return KeyView.of(desk.issue_key(unit, ask))


@keys.get("")
def list_keys(unit: OpenUnit, limit: Limit = 50, cursor: Cursor = None) -> Response:
    table = SQLModel.metadata.tables["api_key"]
    query = select(table).where(table.c.participant_id == unit.caller.participant_id)
    return page(unit.connection, query, ApiKeyRow, path="/v1/keys", limit=limit, cursor=cursor, view=_key)


@keys.post("/{key_id}:rotate")
def rotate_key(key_id: str, ask: RotationAsk, unit: OpenUnit) -> KeyView:
    return KeyView.of(desk.rotate_key(unit, key_id, ask.sha256))


@keys.post("/{key_id}:revoke")
def revoke_key(key_id: str, unit: OpenUnit) -> KeyView:
    return KeyView.of(desk.revoke_key(unit, key_id))


@nodes.post("", status_code=201)
def register_node(ask: NodeAsk, unit: OpenUnit) -> NodeView:
    return NodeView.of(desk.register_node(unit, ask))


@nodes.get("")
def list_nodes(unit: OpenUnit, limit: Limit = 50, cursor: Cursor = None) -> Response:
    table = SQLModel.metadata.tables["node"]
    query = select(table)
    if not unit.caller.roles.intersection(service.OVERSEERS):
        query = query.where(table.c.participant_id == unit.caller.participant_id)
    return page(unit.connection, query, NodeRow, path="/v1/nodes", limit=limit, cursor=cursor, view=_node)


@nodes.post("/{domain}:retire")
def retire_node(domain: str, unit: OpenUnit) -> NodeView:
    return NodeView.of(desk.retire_node(unit, domain))


def _brief(row: dict[str, str]) -> ParticipantBrief:
    return ParticipantBrief(**{**row, "roles": row["roles"].split()})


def _key(row: dict[str, str]) -> KeyView:
    return KeyView(**{**row, "roles": row["roles"].split()})


def _node(row: dict[str, str]) -> NodeView:
    return NodeView(**row)
