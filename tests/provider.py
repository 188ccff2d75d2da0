"""A provider's domain for tests of a whole trade: forty metered firms in two districts, its keys, its gate, its runner.

Everything is the product's own; only the queue and the network are replaced by calls.
"""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import httpx2

from demo.declared import HEALTH, DomainSpec
from exchange.wire.envelope import Envelope
from exchange.wire.licences import Licence, LicenceTerms, PrivacyBudget
from policies.engine import load_policies
from workers import approving
from workers.assets import AssetSpec, controlled
from workers.claims import Claims
from workers.cohort import Cohorts
from workers.courier import deliver_once
from workers.domain import Domain, Trusted
from workers.door import Door
from workers.engines import Engine, Limits
from workers.engines.duckdb import DuckDb
from workers.fitness import Fitness
from workers.gate import Gatekeeper
from workers.onboarding import prepare
from workers.runner import Runner

LIMITS = Limits(wall_s=20, cpu_s=20, memory_bytes=2**31, output_bytes=2**16, rows_max=100)
FIRMS = 40
LOAD = AssetSpec.model_validate(
    {
        "table": "load",
        "unit": "meter",
        "units_of": "firm",
        "key": [["meter"]],
        "columns": {
            "meter": {"type": "text", "uses": ["join"], "not_null": True},
            "district": {"type": "text", "uses": ["group", "filter"], "not_null": True},
            "kwh": {"type": "int", "uses": ["aggregate"], "bounds": [0, 5000], "not_null": True},
        },
    }
)
SPEC: DomainSpec = HEALTH.model_copy(update={"tables": (LOAD,)})


class Provider:
    """One domain's folder at work. `clock_s` is the market's."""

    spec: DomainSpec = SPEC

    def __init__(self, folder: Path, clock_s: Callable[[], int]) -> None:
        self.domain = Domain.made(folder)
        self.claims = Claims(folder / "state.db")
        self.fitness = Fitness(self.domain)
        self._clock_s = clock_s

    @property
    def public(self) -> dict[str, str]:
        """What the exchange may know."""
        password = hashlib.sha256(self.domain.secret("broker.password").encode()).hexdigest()
        return {"signing_key": self.domain.key.public.text, "broker_sha256": password}

    def trust(self, about: dict[str, Any], credential: str, transport: httpx2.BaseTransport) -> None:
        pinned = Trusted(
            domain=SPEC.domain,
            exchange_url="http://testserver",
            exchange_key=about["exchange_key"],
            log_vkeys=tuple(about["log_vkeys"]),
            broker_url="unix://nowhere",
        )
        self.domain.trust(pinned)
        self.credential, self.door = credential, Door(pinned.exchange_url, credential, transport)

    def prepared(self) -> dict[str, Any]:
        """The data, made and declared: what the form of registration needs of it."""
        sources = self.sources(self.domain.folder / "sources")
        data, specs = self.domain.folder / "data", self.spec.tables
        profiles = {one.table: prepare(sources[one.table], one, data) for one in specs}
        tables = {one.table: controlled(one, profiles[one.table]).model_dump(mode="json") for one in specs}
        self.domain.keep_controls(tables)
        return {"tables": tables, "profiles": {name: one.model_dump(mode="json") for name, one in profiles.items()}}

    def sources(self, folder: Path) -> Mapping[str, Path]:
        """The provider's own files, as they are before it joins."""
        folder.mkdir()
        source = folder / "load.parquet"
        rows = f"SELECT 'm' || i AS meter, 'district ' || i % 2 AS district, 100 + i AS kwh FROM range({FIRMS}) t(i)"
        with duckdb.connect(":memory:") as connection:
            connection.execute(f"COPY ({rows}) TO '{source}' (FORMAT parquet)")
        return {"load": source}

    def sign(self, licence_id: str) -> Envelope:
        """What `dex` calls signing, inside the domain: the terms asked for, under the domain's own key."""
        asked = self.door.licence(licence_id)
        names = set(Licence.model_fields) - {"terms", "budget"}
        budget = None if asked["budget"] is None else PrivacyBudget.model_validate(asked["budget"])
        terms = LicenceTerms.model_validate(asked["terms"])
        act = Licence(**{name: asked[name] for name in names}, terms=terms, budget=budget)
        envelope: Envelope = act.signed(self.domain.key)
        self.door.offer(licence_id, envelope)
        return envelope

    def approve(self, approval_id: str) -> None:
        """Sign what waits for this domain's signature, as the command does."""
        approving.approve(self.domain, self.door, approval_id)

    def runner(self, engine: Engine) -> Runner:
        keeper = Gatekeeper(
            domain=self.domain.name,
            own_key=self.domain.key.public,
            exchange_key=self.domain.exchange_key,
            log_vkeys=self.domain.trusted.log_vkeys,
            policy_digest=load_policies().digest,
            controls=self.domain.controls,
            fits=self.fitness.fits,
        )
        cohorts = Cohorts(self.domain.roster, self.door.checkpoint)
        return Runner(
            keeper, self.claims, engine, self.domain.key, self.door.consistency, self._clock_s, lambda: None, cohorts
        )

    def engine(self) -> DuckDb:
        """The real engine in its jail."""
        return DuckDb(self.domain.tables(), LIMITS)

    def report(self) -> int:
        return deliver_once(self.claims, self.door)
