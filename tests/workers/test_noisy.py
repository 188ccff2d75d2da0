"""A domain whose provider signed that answers carry noise: what it gives, what it takes for it, and when it stops."""

import json
from base64 import b64decode
from collections.abc import Set as AbstractSet
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import pytest

from exchange.wire.computations import SqlQuery
from exchange.wire.envelope import Envelope
from exchange.wire.licences import PrivacyBudget
from exchange.wire.receipts import Receipt
from exchange.wire.refusals import Refusal
from tests.workers.tiny_log import BUYER, EXCHANGE, KEEPER, LICENCE, NOW_S, PROVIDER, TinyLog, ticket
from workers.claims import Claims
from workers.cohort import Cohorts
from workers.engines import Answered, EngineCode, EngineRefused
from workers.runner import Runner

CAPS = PrivacyBudget(query_cap_nrho=50_000_000, buyer_cap_nrho=100_000_000, version_cap_nrho=120_000_000)
NOISY = LICENCE.model_copy(update={"budget": CAPS, "terms": LICENCE.terms.model_copy(update={"jobs_max": 100})})
SIGNED = NOISY.signed(PROVIDER)
VERSION = "hosp1:visits:person"


class Wards:
    """An engine that knows two wards, one of a single person; it says what it was asked."""

    def __init__(self, fails: Exception | None = None) -> None:
        self.fails, self.asked = fails, list[str]()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def portable(self, tables: AbstractSet[str]) -> bool:
        return False

    def run(self, sql: str, tables: AbstractSet[str]) -> Answered:
        self.asked.append(sql)
        if self.fails is not None:
            raise self.fails
        return Answered(("k0", "m0"), ((0, 40_000), (1, 3)))


class ChangedMeanwhile(Wards):
    """Wards whose file is another while the first query reads it, and then again what it was."""

    @property
    def fit(self) -> bool:
        return len(self.asked) != 1

    def run(self, sql: str, tables: AbstractSet[str]) -> Answered:
        answered = super().run(sql, tables)
        return answered if self.fit else Answered(("k0", "m0"), ((0, 90_000_000),))


class Domain:
    def __init__(self, folder: Path, engine: Wards | None = None) -> None:
        self.claims, self.engine, self.log = Claims(folder / "state.db"), engine or Wards(), TinyLog()
        self.runner = Runner(
            KEEPER, self.claims, self.engine, PROVIDER, self.log.consistency, lambda: NOW_S, lambda: None
        )

    def asked(self, number: int, **changed: Any) -> tuple[Receipt, dict[str, Any] | None]:
        """The receipt of one ticket, and the answer as its buyer reads it."""
        asked = {"id": f"tkt_{number}", "licence_digest": SIGNED.digest, "rho_nrho": 50_000_000, **changed}
        envelope = ticket(**asked).signed(EXCHANGE)
        self.runner.handle(self.log.deliver(envelope, SIGNED))
        ((_, body),) = self.claims.undelivered()
        self.claims.delivered(f"tkt_{number}")
        report = json.loads(body)
        receipt = Receipt.opened(Envelope.model_validate(report["receipt"]), (PROVIDER.public,))
        if receipt.output is None:
            return receipt, None
        plain = BUYER.open(b64decode(report["ciphertext"]), order_id="ord_1", ticket_digest=envelope.digest)
        return receipt, json.loads(json.loads(plain)["answer"])


def sql(text: str) -> dict[str, Any]:
    return {"computation": SqlQuery(kind="sql", sql=text)}


def test_an_answer_carries_noise_its_width_and_its_price(tmp_path: Path) -> None:
    domain = Domain(tmp_path)

    receipt, answer = domain.asked(1)

    assert answer is not None
    ((ward, count),), ((none, ends),) = answer["rows"], answer["intervals"]
    assert (ward, none, answer["mode"], answer["columns"]) == (0, None, "noise", ["ward", "n"])
    assert abs(count - 40_000) < 1_000
    assert int(ends[0]) < count < int(ends[1])
    assert (receipt.spent_nrho, answer["rho_nrho"], answer["delta_e15"]) == (50_000_000, 50_000_000, 10**6)
    assert domain.claims.budget.balance(VERSION) == (50_000_000, 10**6)


def test_the_same_question_in_other_words_gets_the_same_numbers_and_costs_nothing(tmp_path: Path) -> None:
    domain = Domain(tmp_path)
    _, first = domain.asked(1, **sql("SELECT ward, count(*) AS n FROM visits WHERE ward > 0 GROUP BY ward"))

    receipt, again = domain.asked(
        2, **sql("SELECT ward AS w, count(*) AS c FROM visits WHERE NOT ward < 1 GROUP BY ward")
    )

    assert first is not None
    assert again is not None
    assert (again["rows"], again["columns"]) == (first["rows"], ["w", "c"])
    assert receipt.spent_nrho == 0
    assert len(domain.engine.asked) == 1


@pytest.mark.parametrize(
    ("asked", "rows"),
    [
        ("SELECT ward, count(*) AS n FROM visits GROUP BY ward HAVING count(*) > 10 ORDER BY n DESC LIMIT 7", 1),
        ("SELECT count(*) AS n, ward FROM visits GROUP BY ward", 1),
        ("SELECT ward, 2 * count(*) AS n FROM visits GROUP BY ward", 1),
        ("SELECT ward, count(*) AS n FROM visits GROUP BY ward HAVING count(*) < 10", 0),
    ],
)
def test_what_is_only_made_of_numbers_that_are_there_costs_nothing_and_teaches_nothing(
    tmp_path: Path, asked: str, rows: int
) -> None:
    domain = Domain(tmp_path)
    _, first = domain.asked(1)

    receipt, again = domain.asked(2, **sql(asked))

    assert first is not None
    assert (receipt.spent_nrho, len(domain.engine.asked)) == (0, 1)
    assert (receipt.refusal is Refusal.NOTHING_RELEASABLE) == (rows == 0)
    if again is not None:
        ((ward, count),) = first["rows"]
        assert sorted(again["rows"][0]) in (sorted([ward, count]), sorted([ward, 2 * count]))
        assert [one is None for one in sorted(again["intervals"][0], key=str)].count(True) == 1


def test_what_was_drawn_of_a_file_changed_meanwhile_is_not_stored(tmp_path: Path) -> None:
    engine = ChangedMeanwhile()
    domain = Domain(tmp_path, engine)
    watched = replace(KEEPER, fits=lambda digest: engine.fit and KEEPER.fits(digest))
    domain.runner = replace(domain.runner, keeper=watched)

    refused, nothing = domain.asked(1)
    engine.asked.append("the file is put back")
    receipt, answer = domain.asked(2)

    assert (refused.refusal, nothing, refused.spent_nrho) == (Refusal.DATA_UNFIT, None, 50_000_000)
    assert answer is not None
    assert abs(answer["rows"][0][1] - 40_000) < 1_000
    assert receipt.spent_nrho == 50_000_000


def test_another_buyer_does_not_get_what_this_one_paid_for(tmp_path: Path) -> None:
    domain = Domain(tmp_path)
    domain.asked(1)

    receipt, _ = domain.asked(2, buyer_id="par_other")

    assert receipt.refusal is Refusal.LICENCE_INVALID


def test_what_one_cohort_was_told_is_told_of_no_other(tmp_path: Path) -> None:
    domain = Domain(tmp_path)
    persons = {f"psd_{one}": str(one) for one in range(20)}
    agreed = list(persons)
    domain.runner = replace(domain.runner, cohorts=Cohorts(lambda: {"visits": persons}, lambda _: agreed))
    domain.asked(1, cohort=20)
    agreed.remove("psd_0")

    receipt, _ = domain.asked(2, cohort=19)

    assert receipt.spent_nrho == 50_000_000
    assert ["'0'" in one for one in domain.engine.asked] == [True, False]


def test_whom_the_domain_enrolled_is_in_no_job_without_a_cohort(tmp_path: Path) -> None:
    domain = Domain(tmp_path)
    domain.runner = replace(domain.runner, cohorts=Cohorts(lambda: {"visits": {"psd_0": "0"}}, lambda _: ()))

    receipt, _ = domain.asked(1, cohort=0)

    assert (receipt.refusal, domain.engine.asked) == (Refusal.CONSENT_ENDED, [])


def test_when_the_budget_is_spent_the_domain_says_so_and_reads_nothing(tmp_path: Path) -> None:
    domain = Domain(tmp_path)
    for number in (1, 2):
        domain.asked(number, **sql(f"SELECT ward, count(*) AS n FROM visits WHERE ward > {number} GROUP BY ward"))

    receipt, _ = domain.asked(3)

    assert (receipt.refusal, receipt.spent_nrho) == (Refusal.BUDGET_SPENT, 0)
    assert len(domain.engine.asked) == 2
    assert domain.claims.budget.balance(VERSION)[0] == 100_000_000


def test_what_a_failure_cost_stays_spent(tmp_path: Path) -> None:
    domain = Domain(tmp_path, Wards(fails=EngineRefused(EngineCode.TIMEOUT)))

    receipt, _ = domain.asked(1)

    assert (receipt.refusal, receipt.spent_nrho) == (Refusal.COMPUTATION_FAILED, 50_000_000)


def test_a_question_that_is_not_permitted_costs_nothing(tmp_path: Path) -> None:
    domain = Domain(tmp_path)

    receipt, _ = domain.asked(1, **sql("SELECT person, count(*) AS n FROM visits GROUP BY person"))

    assert (receipt.refusal, receipt.spent_nrho) == (Refusal.NOT_DISCLOSABLE, 0)
    assert domain.claims.budget.balance(VERSION) == (0, 0)


@pytest.mark.parametrize("rho_nrho", [0, CAPS.query_cap_nrho + 1])
def test_no_ticket_gets_an_exact_answer_or_more_than_the_provider_signed(tmp_path: Path, rho_nrho: int) -> None:
    domain = Domain(tmp_path)

    receipt, _ = domain.asked(1, rho_nrho=rho_nrho)

    assert receipt.refusal is Refusal.LICENCE_INVALID
    assert domain.engine.asked == []
