"""How sensitive an asset is (分类分级, rulebook 3.3). Pure."""

from exchange.kernel.entity import Entity, Event


class AssetSelfGraded(Event):
    asset_id: str
    claimed: str
    by: str


class GradeReviewed(Event):
    """The engine's grade, where it is higher than the claim, replaces it (就高从严)."""

    grade: str
    raised: bool
    rule_ids: tuple[str, ...]
    policy_digest: str
    by: str


class ImportantDataReported(Event):
    authority_ref_sha256: str
    by: str


class GradeConfirmed(Event):
    """The grade with the controls it brings."""

    grade: str
    modes: tuple[str, ...]
    k_min: int
    dominance_bp_max: int
    open_sql: str
    approval_by: str
    policy_digest: str
    by: str


class RegradeTriggered(Event):
    trigger: str
    by: str


class Grading(Entity):
    """The grade of one asset, and what follows from it for every licence."""

    NEXT = {
        ("NEW", AssetSelfGraded): "SELF_GRADED",
        ("SELF_GRADED", GradeReviewed): "REVIEWED",
        ("REVIEWED", GradeConfirmed): "CONFIRMED",
        ("REVIEWED", ImportantDataReported): "REPORTED",
        ("REPORTED", GradeConfirmed): "CONFIRMED",
        ("CONFIRMED", RegradeTriggered): "REGRADE_REQUIRED",
        ("REGRADE_REQUIRED", AssetSelfGraded): "SELF_GRADED",
    }
    asset_id: str = ""
    claimed: str = ""
    grade: str = ""
    modes: tuple[str, ...] = ()
    k_min: int = 0
    dominance_bp_max: int = 1
    open_sql: str = "refused"
    approval_by: str = ""
    by: str = ""
    """The last person who acted: nobody acts twice in a row."""
