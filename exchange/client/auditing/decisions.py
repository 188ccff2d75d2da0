"""Recorded decisions made again, each under the very rules it names. Trusts a set of rules by its digest alone."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from exchange.client.auditing.findings import Finding
from exchange.client.auditing.openings import Opened
from exchange.client.connection import Problem
from policies.engine import Decision, PolicyRefused, PolicySet, decide, load_archived
from policies.grading import RISING, GradedField, grade

NOT_AGAIN = frozenset({"asset_registration.refused", "core_data.detected", "compliance.passed", "compliance.failed"})
"""Decisions whose facts are not all in the log: they are counted, not made again. So is an admission by nobody's rule:
the houses with which the exchange was founded."""


class Judge:
    """Goes through the facts in the order of the log, and keeps of the earlier ones what the later were decided on."""

    def __init__(self, rules: Callable[[str], bytes], folder: Path) -> None:
        self.again = 0
        self.not_again = 0
        self._rules, self._folder = rules, folder
        self._sets: dict[str, PolicySet] = {}
        self._fields: dict[str, Any] = {}
        self._claims: dict[str, Mapping[str, Any]] = {}
        self._reasons: dict[str, tuple[str, ...]] = {}
        self._checks: Mapping[str, Callable[[Opened], bool]] = {
            "participant.approved": self._admission,
            "participant.rejected": self._admission,
            "grade.reviewed": self._grade,
            "grade.confirmed": self._controls,
            "order.placed": self._order,
            "order.refused": self._refusal,
            "order.approved": self._approval,
            "order.rejected": self._rejection,
            "settlement.accrued": self._split,
        }

    def findings(self, fact: Opened) -> list[Finding]:
        """None, or the one that the decision comes out otherwise."""
        kind = fact.entry.type
        if kind == "asset_registration.submitted":
            self._fields[fact.entry.subject] = fact.content.get("fields", ())
        elif kind == "asset_self.graded":
            self._claims[fact.entry.subject] = fact.content
        if kind in NOT_AGAIN or fact.content.get("decisions") == []:
            self.not_again += 1
            return []
        if kind not in self._checks:
            return []
        try:
            stands, says = self._checks[kind](fact), "decided again, it comes out otherwise"
        except Problem:
            stands, says = False, "the rules it names are not kept"
        except (PolicyRefused, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            stands, says = False, "it cannot be decided again by the rules it names"
        self.again += 1
        if stands:
            return []
        return [Finding(kind="decision", row=fact.entry.subject, entry=fact.entry.id, index=fact.index, says=says)]

    def _set(self, digest: str) -> PolicySet:
        if digest not in self._sets:
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / f"{_named(digest)}.json").write_bytes(self._rules(digest))
            self._sets[digest] = load_archived(self._folder, digest)
        return self._sets[digest]

    def _admission(self, fact: Opened) -> bool:
        recorded = [Decision.model_validate(one) for one in fact.content["decisions"]]
        again = [decide(self._set(one.policy_digest), one.table, one.facts) for one in recorded]
        return recorded == again

    def _grade(self, fact: Opened) -> bool:
        claim = self._claims[fact.entry.subject]
        fields = [GradedField.model_validate(one) for one in self._fields[claim["asset_id"]]]
        found = grade(self._set(fact.content["policy_digest"]), fields)
        higher = max(found.grade, str(claim["claimed"]), key=RISING.index)
        rule_ids = sorted({rule for one in found.decisions.values() for rule in one.rule_ids})
        return (fact.content["grade"], list(fact.content["rule_ids"])) == (higher, rule_ids)

    def _controls(self, fact: Opened) -> bool:
        said = fact.content
        decision = decide(self._set(said["policy_digest"]), "controls", {"grade": said["grade"]})
        outcome = {name: decision.outcome.get(name) for name in ("open_sql", "approval_by")}
        k_min, modes = max(2, int(str(decision.outcome["k_min"]))), decision.outcome["modes"]
        brought = {name: said[name] for name in outcome}
        return decision.permitted and brought == outcome and (said["k_min"], tuple(said["modes"])) == (k_min, modes)

    def _order(self, fact: Opened) -> bool:
        """The licence pipeline. What the disclosure calculus added to it can only turn a yes into a no."""
        said = fact.content
        decision = decide(self._set(said["policy_digest"]), "licence", said["facts"])
        self._reasons[fact.entry.subject] = decision.reasons
        return decision.rule_ids == tuple(said["rule_ids"]) and (decision.permitted or not said["permitted"])

    def _refusal(self, fact: Opened) -> bool:
        reasons, decided = tuple(fact.content["reasons"]), self._reasons[fact.entry.subject]
        analysed = reasons[len(decided) :]
        return reasons[: len(decided)] == decided and all(one.startswith("E_DISCLOSURE:") for one in analysed)

    def _approval(self, fact: Opened) -> bool:
        """What waited for an approval was decided once more when it was given."""
        said = fact.content
        decision = decide(self._set(said["policy_digest"]), "licence", said["facts"])
        return decision.permitted and decision.rule_ids == tuple(said["rule_ids"])

    def _rejection(self, fact: Opened) -> bool:
        """By somebody, or by time; or by rule, and then the rule is asked again."""
        said = fact.content
        if not said["policy_digest"]:
            return tuple(said["reasons"]) == ("E_APPROVAL",)
        decision = decide(self._set(said["policy_digest"]), "licence", said["facts"])
        reasons = tuple(said["reasons"])
        analysed = reasons[len(decision.reasons) :]
        same = reasons[: len(decision.reasons)] == decision.reasons and decision.rule_ids == tuple(said["rule_ids"])
        return same and all(one.startswith("E_DISCLOSURE:") for one in analysed)

    def _split(self, fact: Opened) -> bool:
        said = fact.content
        decision = decide(self._set(said["policy_digest"]), "splits", {"split_template": said["template"]})
        shares: dict[str, int] = {}
        for name, bp in decision.outcome.items():
            if isinstance(bp, int) and bp:
                payee = said["payees"][name.removesuffix("_bp").upper()]
                shares[payee] = shares.get(payee, 0) + bp
        return tuple(said["rule_ids"]) == decision.rule_ids and dict(said["shares_bp"]) == shares


def _named(digest: str) -> str:
    """A digest as a file's name: it comes from a fact, and a fact may say anything."""
    if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise ValueError("not a digest")
    return digest
