"""Whether an order may be: the licence pipeline, then the disclosure calculus. Decides; records nothing.

The dry run and the order itself use this one function, and the domain repeats its second half by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from exchange.access.model import Participant
from exchange.authorization import approvals, controls
from exchange.authorization.approval_model import Approver
from exchange.authorization.controls_model import ControlsRequest
from exchange.classification.model import Grading
from exchange.consent import service as consent
from exchange.kernel import ids
from exchange.kernel.unit import Unit
from exchange.licensing.model import Licence, Listing
from exchange.orders.asks import OrderAsk
from exchange.orders.budgets import Spending, lock
from exchange.orders.plans import Declared, planned
from exchange.orders.programs import Program, program_of
from exchange.orders.views import jobs_used
from exchange.pricing.model import Conditions, Quote, quote
from exchange.registration import service as registration
from exchange.registration.model import Asset
from exchange.settlement import lines
from exchange.settlement.views import balance_fen
from exchange.wire.budgets import accounts, asked_id
from exchange.wire.licences import PrivacyBudget
from policies.disclosure import Denied, Expectation, Plan, expected, widened
from policies.engine import Decision, PolicyRefused, decide


@dataclass(frozen=True, slots=True)
class Trade:
    """Everybody and everything a decision about one order looks at."""

    buyer: Participant
    provider: Participant
    licence: Licence
    listing: Listing
    asset: Asset
    grading: Grading


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided: permitted or not, why, at which price, and what would run."""

    decision: Decision
    quote: Quote
    plan: Plan | None
    denied: Denied | None
    k_min: int
    dominance_bp_max: int
    approvers: tuple[Approver, ...]
    """Who has to approve it before it runs; nobody, once they did."""
    program: Program
    addendum: ControlsRequest | None
    declared: Declared
    spending: Spending

    @property
    def rho_nrho(self) -> int:
        return self.spending.rho_nrho

    @property
    def permitted(self) -> bool:
        return self.decision.permitted and self.plan is not None

    @property
    def expectation(self) -> Expectation | None:
        """How good the answer would be; nothing is to be said of an exact one."""
        return expected(self.plan, self.rho_nrho) if self.plan and self.plan.mode == "noise" else None

    @property
    def reasons(self) -> tuple[str, ...]:
        analysed = (f"E_DISCLOSURE:{self.denied.rule}",) if self.denied else ()
        return (*self.decision.reasons, *analysed)

    @property
    def explanation(self) -> str:
        """Which rule, why, and the smallest change that would pass; empty when the analyser had no objection."""
        if self.denied is None:
            return ""
        return f"{self.denied.why} Fix: {self.denied.fix}" if self.denied.fix else self.denied.why


def trade_of(unit: Unit, licence: Licence) -> Trade:
    """Everything an order under a licence is about, as it is now."""
    return Trade(
        buyer=unit.get(Participant, licence.buyer_id),
        provider=unit.get(Participant, licence.provider_id),
        licence=licence,
        listing=unit.get(Listing, licence.listing_id),
        asset=unit.get(Asset, licence.asset_id),
        grading=unit.get(Grading, ids.derived("grd", licence.asset_id)),
    )


def hold_the_budget_still(unit: Unit, trade: Trade) -> None:
    """Two buyers who race for the last of a budget are decided one after the other, whatever licence each has."""
    if trade.licence.budget is not None:
        lock(unit.connection, accounts(trade.asset.domain, trade.asset.tables))


def judge(unit: Unit, trade: Trade, ask: OrderAsk, *, approved: bool = False) -> Verdict:
    """Decide one order. All steps of the pipeline are evaluated; the first failure is the primary reason.

    `approved`: it was placed before and waited; its money is set aside, and its turn is counted.
    """
    price = quote(trade.licence.agreed_terms.price, _conditions(trade, ask))
    program = program_of(unit, ask.computation, trade.licence, trade.grading)
    approvers = () if approved else _approvers(unit, trade, program)
    mode: Literal["exact", "noise"] = "exact" if program.exact else "noise"
    floors = _floors(trade, program)
    addendum = controls.standing(unit, trade.licence)
    tables = widened(trade.asset.tables, addendum.grants) if addendum else trade.asset.tables
    name = f"{trade.asset.controls_digest}{addendum.digest if addendum else ''}"
    declared = Declared(name, *floors, mode, tables)
    found = program.denied or planned(declared, program.sql, program.literals)
    plan, denied = (None, found) if isinstance(found, Denied) else (found, None)
    spending = _spending(unit, trade, ask, None if program.exact else trade.licence.budget, plan, floors[0])
    facts = {**_facts(unit, trade, ask, price), **_noise(unit, trade, program, spending)}
    facts["approval"] = _approval(unit, trade, program, approvers, approved)
    decision = decide(unit.policies, "licence", {**facts, **(_set_aside(unit, trade) if approved else {})})
    return Verdict(decision, price, plan, denied, *floors, approvers, program, addendum, declared, spending)


def _off_the_negative_list(unit: Unit, trade: Trade, ask: OrderAsk) -> bool:
    """The list in force at this moment, not the one at listing."""
    about = {"act": "DELIVER", "mode": ask.mode.value, "grade": trade.grading.grade, "purpose": ask.purpose.value}
    try:
        return decide(unit.policies, "negative_list", {**trade.asset.attributes, **about}).permitted
    except PolicyRefused:
        # A newer list asks what the form of this asset never said: unknown is no.
        return False


def _spending(
    unit: Unit, trade: Trade, ask: OrderAsk, budget: PrivacyBudget | None, plan: Plan | None, k_min: int
) -> Spending:
    """As much of the budget as the buyer asks for, or else as one answer may cost; from the accounts of its tables."""
    asset = trade.asset
    rho = ask.rho_nrho or (budget.query_cap_nrho if budget else 0)
    if budget is None or plan is None:
        return Spending(trade.buyer.id, budget, rho, (), "")
    charged = accounts(asset.domain, asset.tables, plan)
    if consent.is_needed(asset):
        return Spending(trade.buyer.id, budget, rho, charged, "")  # No domain keeps what it told of a cohort.
    same = asked_id(plan, asset.controls_digest, unit.policies.digest, trade.buyer.id, k_min, rho)
    return Spending(trade.buyer.id, budget, rho, charged, same)


def _floors(trade: Trade, program: Program) -> tuple[int, int]:
    """Over how many units, and how much of a sum one of them may hold: the strictest of what was signed and now is."""
    bound = (trade.licence, trade.grading, *((program.template,) if program.template else ()))
    return max(one.k_min for one in bound), min(one.dominance_bp_max for one in bound)


def _approvers(unit: Unit, trade: Trade, program: Program) -> tuple[Approver, ...]:
    """Who looks at this job before it runs: by its grade at each program, by its licence at each job.

    A template its provider signed needs not be shown to the provider again.
    """
    wanted = set(approvals.of_each_program(unit, trade.grading.approval_by, trade.licence.id, program.name))
    if trade.licence.agreed_terms.job_approval and program.template is None:
        wanted.add(Approver.SUPPLIER)
    return tuple(one for one in Approver if one in wanted)


def _approval(unit: Unit, trade: Trade, program: Program, approvers: tuple[Approver, ...], approved: bool) -> str:
    if trade.grading.state in ("REVIEWED", "REPORTED"):
        # A grade that was raised binds at once (rulebook 3.3): its controls are not known before it is confirmed.
        return "missing"
    if program.template and not program.template.serves(trade.buyer.id, trade.asset.id, unit.now_s):
        return "missing"
    if approvers:
        return "requested"
    wanted = approved or program.template or trade.grading.approval_by in approvals.EACH_PROGRAM
    return "granted" if wanted else "not_needed"


def cohort_of(unit: Unit, trade: Trade, ask: OrderAsk) -> Mapping[str, int]:
    """Whose records a job asked for now may use, where it is about individuals."""
    if not consent.is_needed(trade.asset):
        return {}
    about = {"purpose": ask.purpose.value, "mode": ask.mode.value, "recipient_id": trade.buyer.id}
    return consent.cohort(unit, trade.asset, **about, placed_at=unit.now)


def _consent(unit: Unit, trade: Trade, ask: OrderAsk) -> str:
    """Of data about individuals only those who agreed are used; too few of them are nobody."""
    if not consent.is_needed(trade.asset):
        return "not_needed"
    return "active" if len(cohort_of(unit, trade, ask)) >= max(trade.licence.k_min, trade.grading.k_min) else "missing"


def _set_aside(unit: Unit, trade: Trade) -> dict[str, bool]:
    """Of an order that waited: its money is held already, and its own turn is among those counted."""
    jobs = jobs_used(unit.connection, trade.licence.id)
    return {"funds_ok": True, "quota_left": jobs <= trade.licence.agreed_terms.jobs_max}


def _noise(unit: Unit, trade: Trade, program: Program, spending: Spending) -> dict[str, str | bool | int]:
    return {
        "noise_needed": not program.exact,
        # A licence from before the grade rose has no budget that its provider signed.
        "noise_available": trade.licence.budget is not None and trade.grading.open_sql != "refused",
        "budget_ok": spending.suffices(unit.connection),
    }


def _conditions(trade: Trade, ask: OrderAsk) -> Conditions:
    return Conditions(
        listing_id=trade.listing.id, purpose=ask.purpose, mode=ask.mode, territory=ask.territory, exception="NONE"
    )


def _facts(unit: Unit, trade: Trade, ask: OrderAsk, price: Quote) -> dict[str, str | bool | int]:
    licence, terms = trade.licence, trade.licence.agreed_terms
    return {
        "participants_active": trade.buyer.state == trade.provider.state == "ACTIVE",
        "licence_active": licence.covers(unit.now_s),
        "asset_certified": registration.is_certified(unit, trade.asset),
        # A pause stops new licences; those that run are not touched by it.
        "listing_live": trade.listing.state in ("LIVE", "PAUSED"),
        "negative_list": "clear" if _off_the_negative_list(unit, trade, ask) else "hit",
        "purpose_allowed": ask.purpose in terms.purposes,
        "territory_allowed": ask.territory in terms.territories,
        "mode_allowed": ask.mode in terms.modes and ask.mode.value in trade.grading.modes,
        "quota_left": jobs_used(unit.connection, licence.id) < terms.jobs_max,
        "consent": _consent(unit, trade, ask),
        "use_respected": True,
        "funds_ok": balance_fen(unit.connection, lines.escrow(trade.buyer.id)) >= price.hold_fen,
    }
