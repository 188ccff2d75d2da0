"""Grades over HTTP, by the asset they are of."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from exchange.classification import service
from exchange.classification import views as _views  # noqa: F401 - the view exists because the slice is served.
from exchange.classification.model import Grading
from exchange.kernel.http import OpenUnit, router
from exchange.kernel.text import Ground
from exchange.wire.acts import Digest

routes = router("/v1/gradings", "classification")


class SelfGradeAsk(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    claimed: Annotated[Literal["G1", "G2", "G3", "G4", "IMPORTANT"], Field()]


class ReportAsk(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    authority_ref_sha256: Digest


class RegradeAsk(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    trigger: Ground


class GradingView(BaseModel):
    """A grade and its controls: which modes, over how many units, and how open SQL is answered."""

    asset_id: str
    state: str
    claimed: str
    grade: str
    modes: tuple[str, ...]
    k_min: int
    dominance_bp_max: int
    open_sql: str
    approval_by: str

    @classmethod
    def of(cls, grading: Grading) -> Self:
        return cls.model_validate(grading, from_attributes=True)


@routes.get("/{asset_id}")
def get_grading(asset_id: str, unit: OpenUnit) -> GradingView:
    return GradingView.of(service.of_asset(unit, asset_id))


@routes.post("/{asset_id}:self-grade")
def self_grade(asset_id: str, ask: SelfGradeAsk, unit: OpenUnit) -> GradingView:
    return GradingView.of(service.self_grade(unit, asset_id, ask.claimed))


@routes.post("/{asset_id}:review")
def review(asset_id: str, unit: OpenUnit) -> GradingView:
    return GradingView.of(service.review(unit, asset_id))


@routes.post("/{asset_id}:report")
def report(asset_id: str, ask: ReportAsk, unit: OpenUnit) -> GradingView:
    return GradingView.of(service.report(unit, asset_id, ask.authority_ref_sha256))


@routes.post("/{asset_id}:confirm")
def confirm(asset_id: str, unit: OpenUnit) -> GradingView:
    return GradingView.of(service.confirm(unit, asset_id))


@routes.post("/{asset_id}:trigger-regrade")
def trigger_regrade(asset_id: str, ask: RegradeAsk, unit: OpenUnit) -> GradingView:
    return GradingView.of(service.trigger_regrade(unit, asset_id, ask.trigger))
