"""What individuals see: what their data was used for and by what kind of buyer, and what it earned. Never a query."""

from sqlalchemy import BigInteger, Connection, func, select
from sqlmodel import Field, SQLModel

from exchange.kernel import ids, money
from exchange.kernel.views import DERIVED, Projection, shows
from exchange.settlement.model import Settlement, SettlementAccrued
from exchange.settlement.proceeds import PAID_FROM_FEN, Proceeds, ProceedsAccrued
from exchange.settlement.views import post


class ProceedsRow(SQLModel, table=True):
    __tablename__ = "proceeds"
    __table_args__ = DERIVED
    id: str = Field(primary_key=True)
    pseudonym: str = Field(index=True)
    asset_id: str = Field(index=True)
    accrued_micro_yuan: int = Field(sa_type=BigInteger)
    paid_fen: int = Field(sa_type=BigInteger)


class DataUseRow(SQLModel, table=True):
    """One person's records in one answer. `micro_yuan` is what it earned, once the day was paid."""

    __tablename__ = "data_use"
    __table_args__ = DERIVED
    id: str = Field(primary_key=True)
    pseudonym: str = Field(index=True)
    product: str
    purpose: str
    buyer_type: str
    used_at: int = Field(sa_type=BigInteger)
    micro_yuan: int = Field(sa_type=BigInteger)


@shows(Settlement)
def _use(projection: Projection) -> None:
    fact = projection.event
    if isinstance(fact, SettlementAccrued):
        for name in fact.weights:
            row = DataUseRow(
                id=ids.derived("use", projection.entity.id, name),
                pseudonym=name,
                product=fact.product,
                purpose=fact.purpose,
                buyer_type="BUYER",
                used_at=projection.fact.at,
                micro_yuan=0,
            )
            projection.put(row)


@shows(Proceeds)
def _proceeds(projection: Projection) -> None:
    post(projection)
    found: Proceeds = projection.entity
    projection.mirror(ProceedsRow)
    if isinstance(projection.event, ProceedsAccrued):
        use_id = ids.derived("use", projection.event.settlement_id, found.pseudonym)
        table = SQLModel.metadata.tables["data_use"]
        earned = table.update().where(table.c.id == use_id).values(micro_yuan=projection.event.micro_yuan)
        projection.connection.execute(earned)


def due(connection: Connection) -> list[str]:
    """Who has a yuan or more to get, and a wallet that was verified."""
    proceeds, account = (SQLModel.metadata.tables[name] for name in ("proceeds", "payee_account"))
    enough = proceeds.c.accrued_micro_yuan >= PAID_FROM_FEN * money.MICRO_YUAN_PER_FEN
    query = select(proceeds.c.id).join(account, account.c.payee_id == proceeds.c.pseudonym)
    query = query.where(enough, account.c.state == "VERIFIED").order_by(proceeds.c.id).limit(500)
    return list(connection.execute(query).scalars())


def accrued_fen(connection: Connection, asset_id: str) -> int:
    """What the members of a pool have accrued, in whole fen: the pool's, and nobody else's to take."""
    table = SQLModel.metadata.tables["proceeds"]
    total = connection.execute(
        select(func.sum(table.c.accrued_micro_yuan)).where(table.c.asset_id == asset_id)
    ).scalar()
    return -(-int(total or 0) // money.MICRO_YUAN_PER_FEN)
