"""Grades as they are looked up."""

from sqlmodel import Field, SQLModel

from exchange.classification.model import Grading
from exchange.kernel.views import DERIVED, Projection, shows


class GradingRow(SQLModel, table=True):
    __tablename__ = "grading"
    __table_args__ = dict(DERIVED)
    id: str = Field(primary_key=True)
    state: str
    asset_id: str = Field(index=True)
    grade: str
    k_min: int
    open_sql: str


@shows(Grading)
def _grading(shown: Projection) -> None:
    shown.mirror(GradingRow)
