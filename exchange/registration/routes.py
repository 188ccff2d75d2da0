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
from exchange.kernel.http import AnyoneUnit, OpenUnit, router
from exchange.kernel.pages import Cursor, Limit, of_row, page
from exchange.registration import certificates, register, service
from exchange.registration.asks import (
    ChangeAsk,
    GroundAsk,
    OrderRefAsk,
    ReasonsAsk,
    RegistrationAsk,
    RenewalAsk,
)
from exchange.registration.model import Asset
from exchange.registration.views import AssetRow

PUBLIC = ("CERTIFIED", "PUBLICITY", "OBJECTION")
"""States in which everybody may see an asset: to buy, or to object."""
BOUNDS = ("bounds", "grid")
TYPES = {"DR": "RESOURCE", "DP": "PRODUCT", "CE": "CERTIFICATE"}

routes = router("/v1/assets", "registration")
handles = router("/v1/handles", "registration")


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

    def without_bounds(self) -> Self:
        """For everybody else: which tables, columns, types and uses there are, not between which values they lie."""
        tables = {name: {**table, "columns": _shown(table["columns"])} for name, table in self.tables.items()}
        return self.model_copy(update={"tables": tables})


class Resolution(BaseModel):
    """What a handle stands for. `provisional`: its prefix is not allotted yet."""

    handle: str
    type: str
    provisional: bool
    asset_id: str
    title_zh: str
    title_en: str
    holder: str
    state: str
    grade: str
    certificate_no: str
    valid_to: date | None
    endpoint: str


@routes.post("", status_code=201)
def submit(ask: RegistrationAsk, unit: OpenUnit) -> AssetView:
    return AssetView.of(service.submit(unit, ask))


@routes.get("")
def list_assets(unit: OpenUnit, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """What is certified or open to objections, and one's own in any state; everything for the market's overseers."""
    table = SQLModel.metadata.tables["asset"]
    own = unit.caller.participant_id
    query = select(table)
    if not unit.caller.roles.intersection(OVERSEERS):
        query = query.where(or_(table.c.state.in_(PUBLIC), table.c.holder_id == own))
    return page(
        unit.connection, query, AssetRow, path="/v1/assets", limit=limit, cursor=cursor, view=of_row(AssetBrief)
    )


@routes.get("/{asset_id}")
def get_asset(asset_id: str, unit: OpenUnit) -> AssetView:
    asset = unit.get(Asset, asset_id)
    entitled = asset.holder_id == unit.caller.participant_id or bool(unit.caller.roles.intersection(OVERSEERS))
    if asset.state not in PUBLIC and not entitled:
        raise NotFound("no such asset")
    return AssetView.of(asset) if entitled else AssetView.of(asset).without_bounds()


@routes.post("/{asset_id}:accept")
def accept(asset_id: str, unit: OpenUnit) -> AssetView:
    return AssetView.of(register.accept(unit, asset_id))


@routes.post("/{asset_id}:pass-formal-review")
def pass_formal_review(asset_id: str, unit: OpenUnit) -> AssetView:
    return AssetView.of(register.pass_formal_review(unit, asset_id))


@routes.post("/{asset_id}:refuse")
def refuse(asset_id: str, ask: GroundAsk, unit: OpenUnit) -> AssetView:
    return AssetView.of(register.refuse(unit, asset_id, ask.ground))


@routes.post("/{asset_id}:start-publicity")
def start_publicity(asset_id: str, unit: OpenUnit) -> AssetView:
    return AssetView.of(register.start_publicity(unit, asset_id))


@routes.post("/{asset_id}:dismiss-objection")
def dismiss(asset_id: str, ask: ReasonsAsk, unit: OpenUnit) -> AssetView:
    return AssetView.of(register.dismiss(unit, asset_id, ask.reasons_sha256))


@routes.post("/{asset_id}:uphold-objection")
def uphold(asset_id: str, ask: ReasonsAsk, unit: OpenUnit) -> AssetView:
    return AssetView.of(register.uphold(unit, asset_id, ask.reasons_sha256))


@routes.post("/{asset_id}:issue-certificate")
def issue_certificate(asset_id: str, unit: OpenUnit) -> AssetView:
    return AssetView.of(register.issue_certificate(unit, asset_id))


@routes.post("/{asset_id}:freeze")
def freeze(asset_id: str, ask: OrderRefAsk, unit: OpenUnit) -> AssetView:
    return AssetView.of(register.freeze(unit, asset_id, ask.order_sha256))


@routes.post("/{asset_id}:unfreeze")
def unfreeze(asset_id: str, ask: OrderRefAsk, unit: OpenUnit) -> AssetView:
    return AssetView.of(register.unfreeze(unit, asset_id, ask.order_sha256))


@routes.post("/{asset_id}:cancel")
def cancel(asset_id: str, ask: GroundAsk, unit: OpenUnit) -> AssetView:
    return AssetView.of(register.cancel(unit, asset_id, ask.ground))


@routes.post("/{asset_id}:withdraw")
def withdraw(asset_id: str, unit: OpenUnit) -> AssetView:
    return AssetView.of(register.withdraw(unit, asset_id))


@routes.post("/{asset_id}:change")
def change(asset_id: str, ask: ChangeAsk, unit: OpenUnit) -> AssetView:
    """Describe it anew (the holder)."""
    return AssetView.of(certificates.change(unit, asset_id, ask))


@routes.post("/{asset_id}:renew")
def renew(asset_id: str, ask: RenewalAsk, unit: OpenUnit) -> AssetView:
    """Within sixty days before it ends (the holder)."""
    return AssetView.of(certificates.renew(unit, asset_id, ask))


@handles.get("/{prefix}/{suffix}")
def resolve(prefix: str, suffix: str, unit: AnyoneUnit) -> Resolution:
    """Open to anyone."""
    handle = f"{prefix}/{suffix}"
    asset, holder = certificates.resolved(unit, handle)
    return Resolution(
        handle=handle,
        type=TYPES.get(suffix[:2], ""),
        provisional=asset.provisional,
        asset_id=asset.id,
        title_zh=asset.title_zh,
        title_en=asset.title_en,
        holder=holder.org_name,
        state=asset.state,
        grade=asset.grade,
        certificate_no=asset.certificate_no,
        valid_to=asset.valid_to,
        endpoint=f"/v1/assets/{asset.id}",
    )


def _shown(columns: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {word: said for word, said in column.items() if word not in BOUNDS} for name, column in columns.items()
    }
