"""Where ciphertexts lie: one row an order, written once. Not derived from facts, so a rebuild never touches it."""

from sqlalchemy import BigInteger, Connection, LargeBinary, delete, select
from sqlmodel import Field, SQLModel


class SealedResultRow(SQLModel, table=True):
    __tablename__ = "sealed_result"
    order_id: str = Field(primary_key=True)
    sha256: str
    size: int = Field(sa_type=BigInteger)
    kept_until: int = Field(sa_type=BigInteger)
    ciphertext: bytes = Field(sa_type=LargeBinary)


def put(connection: Connection, row: SealedResultRow) -> None:
    connection.execute(SQLModel.metadata.tables["sealed_result"].insert().values(row.model_dump()))


def get(connection: Connection, order_id: str) -> bytes | None:
    table = SQLModel.metadata.tables["sealed_result"]
    found = connection.execute(select(table.c.ciphertext).where(table.c.order_id == order_id)).scalar()
    return None if found is None else bytes(found)


def destroy(connection: Connection, order_id: str) -> None:
    table = SQLModel.metadata.tables["sealed_result"]
    connection.execute(delete(table).where(table.c.order_id == order_id))


class CustodyContentRow(SQLModel, table=True):
    """The bytes of an object a custodian lets the exchange keep for it."""

    __tablename__ = "custody_content"
    custody_id: str = Field(primary_key=True)
    content: bytes = Field(sa_type=LargeBinary)


def lay(connection: Connection, custody_id: str, content: bytes) -> None:
    table = SQLModel.metadata.tables["custody_content"]
    connection.execute(table.insert().values(custody_id=custody_id, content=content))


def lying(connection: Connection, custody_id: str) -> bytes | None:
    table = SQLModel.metadata.tables["custody_content"]
    found = connection.execute(select(table.c.content).where(table.c.custody_id == custody_id)).scalar()
    return None if found is None else bytes(found)


def empty(connection: Connection, custody_id: str) -> None:
    table = SQLModel.metadata.tables["custody_content"]
    connection.execute(delete(table).where(table.c.custody_id == custody_id))
