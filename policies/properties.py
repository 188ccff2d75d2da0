"""What these rules are claimed to guarantee, each claim proved over every case there is. It changes no decision.

A claim names a part of a table and says what every row that decides there must be like. A row that is not is shown with
a case it decides.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from policies.engine import PolicyRefused, PolicySet
from policies.engine.prove import cases, count, deciding
from policies.engine.refused import Fault
from policies.engine.table import Row

_SHARES = ("supplier_bp", "merchant_bp", "pool_bp", "fiscal_bp", "quality_bp", "exchange_bp", "exchange_peer_bp")
_RECORDS = {"M0", "M1", "M2"}
_PI = ["PERSONAL", "SENSITIVE"]


@dataclass(frozen=True, slots=True)
class Claim:
    id: str
    zh: str
    en: str
    table: str
    where: Mapping[str, object]
    holds: Callable[[Row], bool]


@dataclass(frozen=True, slots=True)
class Proved:
    claims: int
    cases: int


def _refused(row: Row) -> bool:
    return not row.permits


def _gives(word: str, *values: object) -> Callable[[Row], bool]:
    return lambda row: row.then.get(word) in values


def _no_records(row: Row) -> bool:
    modes = row.then["modes"]
    return isinstance(modes, tuple) and not _RECORDS & set(modes)


def _whole(row: Row) -> bool:
    return sum(share for word in _SHARES if isinstance(share := row.then[word], int)) == 10_000


def _needs(step: str, missing: object, zh: str, en: str) -> Claim:
    return Claim(
        f"PR-licence-{step}", f"{zh}不交付", f"nothing is delivered {en}", "licence", {step: missing}, _refused
    )


CLAIMS = (
    Claim("PR-core-01", "核心数据不登记、不挂牌、不交付", "core data is never registered, listed or delivered",
          "negative_list", {"grade": "CORE"}, _refused),
    Claim("PR-core-02", "核心数据无任何交付方式", "core data has no form of delivery", "controls", {"grade": "CORE"},
          lambda row: not row.permits and row.then["modes"] == () and row.then["open_sql"] == "refused"),
    Claim("PR-core-03", "申报核心即为核心", "what is declared core is graded core, or refused", "grading",
          {"declared_as": "CORE"}, lambda row: not row.permits or row.then["grade"] == "CORE"),
    Claim("PR-core-04", "严重危害国家安全即为核心", "serious harm to national security is core", "grading",
          {"impact_object": "NATIONAL_SECURITY", "impact_degree": ["SERIOUS", "EXTREME"]}, _gives("grade", "CORE")),
    Claim("PR-grade-01", "未定级不交付", "what has no grade is not delivered", "controls", {"grade": "UNGRADED"},
          _refused),
    Claim("PR-grade-02", "四级不以文件或记录接口交付", "G4 never leaves as file or record interface", "controls",
          {"grade": ["G4", "IMPORTANT"]}, _no_records),
    Claim("PR-grade-03", "三级以上开放查询不得精确回答", "open SQL on G3 and above is never exact", "controls",
          {"grade": ["G3", "G4", "IMPORTANT", "CORE"]}, _gives("open_sql", "noise", "refused")),
    Claim("PR-grade-06", "重要数据的模板不得精确回答", "no template on important data is answered exactly", "controls",
          {"grade": ["IMPORTANT", "CORE", "UNGRADED"]}, _gives("template_sql", "noise", "refused")),
    Claim("PR-grade-04", "敏感个人信息不低于四级", "sensitive personal information is at least G4", "grading",
          {"pi": "SENSITIVE"}, lambda row: not row.permits or row.then["grade"] in ("G4", "IMPORTANT", "CORE")),
    Claim("PR-grade-05", "个人信息不低于三级", "personal information is at least G3", "grading",
          {"pi": _PI}, lambda row: not row.permits or row.then["grade"] not in ("G1", "G2")),
    Claim("PR-pi-01", "无合法依据的个人信息一律拒绝", "personal information without lawful basis is always refused",
          "negative_list", {"pi": _PI, "pi_authorised": False}, _refused),
    Claim("PR-pi-02", "未经单独同意的敏感个人信息不挂牌", "sensitive data without separate consent is never listed",
          "negative_list", {"pi": "SENSITIVE", "separate_consent": False, "act": ["LIST", "DELIVER"]}, _refused),
    Claim("PR-important-01", "重要数据未评估不提供", "important data is not provided without a risk assessment",
          "negative_list", {"grade": "IMPORTANT", "risk_assessed": False, "act": ["LIST", "DELIVER"]}, _refused),
    Claim("PR-admission-01", "身份未核验不准入", "nobody is admitted unidentified", "admission",
          {"identity_verified": False}, _refused),
    Claim("PR-admission-02", "未签规则不准入", "nobody is admitted without signing the rulebook", "admission",
          {"rulebook_signed": False}, _refused),
    Claim("PR-admission-03", "关联方不得为供方、数据商或第三方", "the exchange's affiliates do not trade", "admission",
          {"role": ["SUPPLIER", "DATA_MERCHANT", "THIRD_PARTY", "AUTH_OPERATOR", "CUSTODIAN"], "independent": False},
          _refused),
    _needs("licence_active", False, "授权无效", "without an active licence"),
    _needs("asset_certified", False, "资产未登记", "from an asset without certificate"),
    _needs("negative_list", "hit", "命中负面清单", "against the negative list"),
    _needs("purpose_allowed", False, "用途超出授权", "outside the licensed purpose"),
    _needs("mode_allowed", False, "方式不许", "in a form that is not allowed"),
    _needs("consent", "missing", "缺少同意", "without consent"),
    _needs("budget_ok", False, "预算不足", "without privacy budget"),
    _needs("approval", "missing", "缺少审批", "without approval"),
    _needs("funds_ok", False, "未预付", "without funds"),
    Claim("PR-licence-noise", "须加噪而不能时不交付", "nothing that needs noise is delivered without it", "licence",
          {"noise_needed": True, "noise_available": False}, _refused),
    Claim("PR-price-01", "公共数据不拍卖", "public data is never auctioned", "pricing",
          {"price_model": "P7", "public_status": ["OPENED", "AUTHORISED", "NOT_OPENED"]}, _refused),
    Claim("PR-price-02", "超过最高价一律拒绝", "nothing is priced above its cap", "pricing", {"above_cap": True},
          _refused),
    Claim("PR-price-03", "无理由差别定价一律拒绝", "like buyers are never priced unlike without reason",
          "pricing", {"unlike_price": True, "price_exception": "NONE"}, _refused),
    Claim("PR-price-04", "已开放数据只能无偿", "opened data is free or not sold", "pricing",
          {"public_status": "OPENED"}, lambda row: not row.permits or row.then["price_origin"] == "FREE"),
    Claim("PR-pay-01", "结果未知不重发", "what may have been paid is never sent again unasked", "payouts",
          {"payout_unknown": True}, _gives("payout_step", "QUERY")),
    Claim("PR-pay-02", "争议或冻结不付款", "nothing is paid while disputed or frozen", "payouts",
          {"payout_blocked": True}, _gives("payout_step", "QUERY", "HOLD")),
    Claim("PR-pay-03", "三次失败后非两人核对不付款", "after three failures two operators verify before money moves",
          "payouts", {"attempts_failed": ">= 3", "fix_approvers": "< 2"},
          _gives("payout_step", "QUERY", "HOLD", "MANUAL")),
    Claim("PR-oversight-01", "新命中清单即不在市", "a new hit of the negative list leaves no listing on the market",
          "oversight", {"oversight_ground": "NEGATIVE_LIST"}, _gives("listing_action", "SUSPENDED", "DELISTED")),
    Claim("PR-oversight-02", "泄露必报", "a breach is always reported", "oversight",
          {"oversight_ground": ["DATA_BREACH", "PRODUCT_FLAW"]}, _gives("report_due", "AT_ONCE", "IN_24_H")),
    Claim("PR-retention-01", "任何记录至少保存三年", "nothing recorded is kept for less than three years",
          "retention", {}, lambda row: isinstance(kept := row.then["keep_months_min"], int) and kept >= 36),
    Claim("PR-refund-01", "未交付、中止、失败、未放行均退", "what was not delivered is never kept", "refunds",
          {"refund_case": ["CANCELLED_BEFORE_DELIVERY", "NOT_DELIVERED", "OUTPUT_SUPPRESSED", "JOB_ABORTED",
                           "JOB_FAILED"]}, _gives("refund_formula", "ALL", "DATA_PRICE", "THIS_JOB")),
    Claim("PR-split-01", "各分配模板合计一万基点", "every split template sums to 10,000", "splits", {}, _whole),
)  # fmt: skip


def prove_claims(policies: PolicySet) -> Proved:
    """How many claims hold over how many cases; the first that does not is refused, with a case that shows it."""
    return Proved(claims=len(CLAIMS), cases=sum(_prove(policies, claim) for claim in CLAIMS))


def _prove(policies: PolicySet, claim: Claim) -> int:
    table = policies.tables[claim.table]
    for row, case in deciding(table, claim.where):
        if not claim.holds(row):
            raise PolicyRefused(Fault.CLAIM, f"{claim.id}: {row.id}", case)
    return count(cases(table, claim.where))
