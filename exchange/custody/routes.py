"""What is kept for others, over HTTP: by its depositor, its custodian, whoever may have it, and those who watch."""

from base64 import b64encode
from datetime import date
from typing import Self

from fastapi import Response
from pydantic import BaseModel
from sqlalchemy import or_, select
from sqlmodel import SQLModel

from exchange.access.service import OVERSEERS
from exchange.custody import keeping, releasing
from exchange.custody.asks import (
    ActivationAsk,
    DepositAsk,
    DestructionAsk,
    FreezeAsk,
    HashAsk,
    OrderAsk,
    ReasonAsk,
    ReleaseAsk,
)
from exchange.custody.package_views import CustodyRow
from exchange.custody.packages import Custody
from exchange.kernel.caller import Role
from exchange.kernel.http import OpenUnit, router
from exchange.kernel.pages import Cursor, Limit, of_row, page

custody = router("/v1/custody", "custody")


class CustodyBrief(BaseModel):
    id: str
    state: str
    kind: str
    asset_id: str
    depositor_id: str
    custodian_id: str
    recipient_id: str
    object_sha256: str
    object_bytes: int
    release_due_at: int
    proof_due_at: int
    proof_missed: bool


class CustodyView(CustodyBrief):
    """An object in custody. `chain` says which side has acted on what is under way, and which person."""

    is_sealed: bool
    in_vault: bool
    mandate_sha256: str
    release_rule: str | None
    kept_until: date | None
    licence_id: str
    decision_sha256: str
    ground: str
    order_sha256: str
    chain: tuple[tuple[str, str], ...]
    released_to: tuple[str, ...]

    @classmethod
    def of(cls, kept: Custody) -> Self:
        return cls.model_validate(kept, from_attributes=True)


class CustodyContent(BaseModel):
    """The bytes (base64), and the hash they were deposited under."""

    object_sha256: str
    content: str


@custody.post("", status_code=201)
def deposit(ask: DepositAsk, unit: OpenUnit) -> CustodyView:
    """Hand an object over to a custodian."""
    return CustodyView.of(keeping.deposit(unit, ask))


@custody.get("")
def list_custody(unit: OpenUnit, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """The caller's own, on either side; all, for those who watch."""
    table, own = SQLModel.metadata.tables["custody"], unit.caller.participant_id
    query = select(table)
    if not unit.caller.roles.intersection((*OVERSEERS, Role.ARBITER)):
        query = query.where(or_(*(table.c[side] == own for side in ("depositor_id", "custodian_id", "recipient_id"))))
    return page(
        unit.connection, query, CustodyRow, path="/v1/custody", limit=limit, cursor=cursor, view=of_row(CustodyBrief)
    )


@custody.get("/{custody_id}")
def get_custody(custody_id: str, unit: OpenUnit) -> CustodyView:
    return CustodyView.of(keeping.seen(unit, custody_id))


@custody.get("/{custody_id}/content")
def get_content(custody_id: str, unit: OpenUnit) -> CustodyContent:
    """The bytes, for whoever they were released to."""
    kept, found = releasing.content(unit, custody_id)
    return CustodyContent(object_sha256=kept.object_sha256, content=b64encode(found).decode())


@custody.post("/{custody_id}:verify")
def verify(custody_id: str, ask: HashAsk, unit: OpenUnit) -> CustodyView:
    return CustodyView.of(keeping.verify(unit, custody_id, ask.object_sha256))


@custody.post("/{custody_id}:activate")
def activate(custody_id: str, ask: ActivationAsk, unit: OpenUnit) -> CustodyView:
    return CustodyView.of(keeping.activate(unit, custody_id, ask))


@custody.post("/{custody_id}:prove")
def prove(custody_id: str, ask: HashAsk, unit: OpenUnit) -> CustodyView:
    """The quarterly proof; what does not agree is frozen, and an incident."""
    return CustodyView.of(keeping.prove(unit, custody_id, ask.object_sha256))


@custody.post("/{custody_id}:request-release")
def request_release(custody_id: str, ask: ReleaseAsk, unit: OpenUnit) -> CustodyView:
    return CustodyView.of(releasing.request(unit, custody_id, ask))


@custody.post("/{custody_id}:approve-release")
def approve_release(custody_id: str, unit: OpenUnit) -> CustodyView:
    """One of two: the custodian, and the depositor or an arbiter. With the second it is released."""
    return CustodyView.of(releasing.approve(unit, custody_id))


@custody.post("/{custody_id}:deny")
def deny(custody_id: str, ask: ReasonAsk, unit: OpenUnit) -> CustodyView:
    return CustodyView.of(releasing.deny(unit, custody_id, ask.reason))


@custody.post("/{custody_id}:freeze")
def freeze(custody_id: str, ask: FreezeAsk, unit: OpenUnit) -> CustodyView:
    return CustodyView.of(keeping.freeze(unit, custody_id, ask))


@custody.post("/{custody_id}:unfreeze")
def unfreeze(custody_id: str, ask: OrderAsk, unit: OpenUnit) -> CustodyView:
    return CustodyView.of(keeping.unfreeze(unit, custody_id, ask.order_sha256))


@custody.post("/{custody_id}:return")
def give_back(custody_id: str, unit: OpenUnit) -> CustodyView:
    return CustodyView.of(keeping.give_back(unit, custody_id))


@custody.post("/{custody_id}:destroy")
def destroy(custody_id: str, ask: DestructionAsk, unit: OpenUnit) -> CustodyView:
    """Asked for by one side, done by the other."""
    return CustodyView.of(releasing.destroy(unit, custody_id, ask))
