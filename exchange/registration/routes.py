"""Assets over HTTP: the catalogue for everybody, the steps of registration for those who take them."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Self

from fastapi import Response
from pydantic import BaseModel
from sqlalchemy import or_, select
from sqlmodel import SQLModel

from exchange.access.service import OVERSEERS
from exchange.kernel.errors import NotFound
from exchange.kernel.http import OpenUnit, router
from exchange.kernel.pages import Cursor, Limit, page
from exchange.registration import service
from exchange.registration.asks import GroundAsk, ObjectionAsk, OrderRefAsk, ReasonsAsk, RegistrationAsk
from exchange.registration.model import Asset
from exchange.registration.views import AssetRow

routes = router("/v1/assets", "registration")


class AssetBrief(BaseModel):
    id: str
    state: str
    holder_id: str
    domain: str
    sector: str
    title_zh: str
    title_en: str
    grade: str
    rows: int
    certificate_no: str
    handle: str


class AssetView(AssetBrief):
    """An asset as the catalogue shows it. `tables` says which columns there are and what queries may do with them."""

    summary: str
    origin: str
    licence: str
    rights: tuple[str, ...]
    tables: Mapping[str, Any]
    controls_digest: str
    publicity_ends_at: int
    valid_to: date | None

    @classmethod
    def of(cls, asset: Asset) -> Self:
        return cls.model_validate(asset, from_attributes=True)


@routes.post("", status_code=201)
def submit(ask: RegistrationAsk, unit: OpenUnit) -> AssetView:
    return AssetView.of(service.submit(unit, ask))


@routes.get("")
def list_assets(unit: OpenUnit, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """Certified assets, and one's own in any state."""
    table = SQLModel.metadata.tables["asset"]
    own = unit.caller.participant_id
    query = select(table).where(or_(table.c.state == "CERTIFIED", table.c.holder_id == own))
    return page(unit.connection, query, AssetRow, path="/v1/assets", limit=limit, cursor=cursor, view=_brief)


@routes.get("/{asset_id}")
def get_asset(asset_id: str, unit: OpenUnit) -> AssetView:
    asset = unit.get(Asset, asset_id)
    entitled = asset.holder_id == unit.caller.participant_id or bool(unit.caller.roles.intersection(OVERSEERS))
    if asset.state not in ("CERTIFIED", "PUBLICITY") and not entitled:
        raise NotFound("no such asset")
    return AssetView.of(asset)


@routes.post("/{asset_id}:accept")
def accept(asset_id: str, unit: OpenUnit) -> AssetView:
    return AssetView.of(service.accept(unit, asset_id))


@routes.post("/{asset_id}:pass-formal-review")
def pass_formal_review(asset_id: str, unit: OpenUnit) -> AssetView:
    return AssetView.of(service.pass_formal_review(unit, asset_id))


@routes.post("/{asset_id}:refuse")
def refuse(asset_id: str, ask: GroundAsk, unit: OpenUnit) -> AssetView:
    return AssetView.of(service.refuse(unit, asset_id, ask.ground))


@routes.post("/{asset_id}:start-publicity")
def start_publicity(asset_id: str, unit: OpenUnit) -> AssetView:
    return AssetView.of(service.start_publicity(unit, asset_id))


@routes.post("/{asset_id}:object")
def object_to(asset_id: str, ask: ObjectionAsk, unit: OpenUnit) -> AssetView:
    return AssetView.of(service.object_to(unit, asset_id, ask.claim_sha256))


@routes.post("/{asset_id}:dismiss-objection")
def dismiss(asset_id: str, ask: ReasonsAsk, unit: OpenUnit) -> AssetView:
    return AssetView.of(service.dismiss(unit, asset_id, ask.reasons_sha256))


@routes.post("/{asset_id}:uphold-objection")
def uphold(asset_id: str, ask: ReasonsAsk, unit: OpenUnit) -> AssetView:
    return AssetView.of(service.uphold(unit, asset_id, ask.reasons_sha256))


@routes.post("/{asset_id}:issue-certificate")
def issue_certificate(asset_id: str, unit: OpenUnit) -> AssetView:
    return AssetView.of(service.issue_certificate(unit, asset_id))


@routes.post("/{asset_id}:freeze")
def freeze(asset_id: str, ask: OrderRefAsk, unit: OpenUnit) -> AssetView:
    return AssetView.of(service.freeze(unit, asset_id, ask.order_sha256))


@routes.post("/{asset_id}:unfreeze")
def unfreeze(asset_id: str, ask: OrderRefAsk, unit: OpenUnit) -> AssetView:
    return AssetView.of(service.unfreeze(unit, asset_id, ask.order_sha256))


@routes.post("/{asset_id}:withdraw")
def withdraw(asset_id: str, unit: OpenUnit) -> AssetView:
    return AssetView.of(service.withdraw(unit, asset_id))


def _brief(row: Any) -> AssetBrief:
    return AssetBrief(**{name: row[name] for name in AssetBrief.model_fields})
