"""What a person sees of its data and its money, and how it is paid: `/v1/individuals`. Nobody else sees it."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlmodel import SQLModel

from exchange.access import persons
from exchange.consent import service as consent
from exchange.kernel.errors import NotFound
from exchange.kernel.http import OpenUnit, router
from exchange.kernel.pages import of_row
from exchange.kernel.unit import Unit
from exchange.settlement import accounts, proceeds
from exchange.settlement.rails import Wallet
from exchange.wire.acts import Id

earnings = router("/v1/individuals", "individuals")


class AssetAsk(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    asset_id: Id


class WalletAsk(AssetAsk):
    """Where one is paid for one asset; the alias of a wallet, not a telephone number."""

    wallet: Wallet
    reference: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{4,34}$")]


class WalletView(BaseModel):
    payee_id: str
    state: str
    account_digest: str


class UseView(BaseModel):
    """One answer in which one's records were: of which product, for what, by what kind of buyer, and what it earned."""

    product: str
    purpose: str
    buyer_type: str
    used_at: int
    micro_yuan: int


class ProceedsView(BaseModel):
    pseudonym: str
    asset_id: str
    accrued_micro_yuan: int
    paid_fen: int


class ProceedsPayout(BaseModel):
    id: str
    state: str
    amount_fen: int
    paid_fen: int
    code: str


@earnings.get("/uses")
def list_uses(unit: OpenUnit) -> list[UseView]:
    """What one's data was used for, newest first."""
    table = SQLModel.metadata.tables["data_use"]
    mine = select(table).where(table.c.pseudonym.in_(consent.names_of(unit)))
    rows = unit.connection.execute(mine.order_by(table.c.used_at.desc()).limit(1_000)).mappings()
    return [of_row(UseView)(row) for row in rows]


@earnings.get("/proceeds")
def list_proceeds(unit: OpenUnit) -> list[ProceedsView]:
    """What one has accrued and was paid, by asset."""
    table = SQLModel.metadata.tables["proceeds"]
    mine = select(table).where(table.c.pseudonym.in_(consent.names_of(unit))).order_by(table.c.id)
    rows = unit.connection.execute(mine).mappings()
    return [of_row(ProceedsView)(row) for row in rows]


@earnings.get("/payouts")
def list_payouts(unit: OpenUnit) -> list[ProceedsPayout]:
    table = SQLModel.metadata.tables["payout"]
    mine = select(table).where(table.c.payee_id.in_(consent.names_of(unit))).order_by(table.c.id)
    rows = unit.connection.execute(mine).mappings()
    return [of_row(ProceedsPayout)(row) for row in rows]


@earnings.post("/payouts", status_code=201)
def ask_for_payout(ask: AssetAsk, unit: OpenUnit) -> ProceedsPayout:
    """Be paid now what has accrued for one asset, from one fen on."""
    payout = proceeds.ask(unit, _speaking(unit, ask.asset_id))
    return ProceedsPayout.model_validate(payout, from_attributes=True)


@earnings.post("/accounts", status_code=201)
def bind_wallet(ask: WalletAsk, unit: OpenUnit) -> WalletView:
    """Say where one is paid for one asset; staff verify it first."""
    account = accounts.bind(unit, _speaking(unit, ask.asset_id), ask.wallet, ask.reference)
    return WalletView.model_validate(account, from_attributes=True)


def _speaking(unit: Unit, asset_id: str) -> str:
    """The caller's name for an asset, under which it is recorded from here on."""
    names = {asset: name for name, asset in consent.names_of(unit).items()}
    if asset_id not in names:
        raise NotFound("no such asset")
    persons.speak_as(unit, names[asset_id])
    return names[asset_id]
