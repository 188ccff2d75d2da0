"""What a domain holds and with what it is read: files behind the jail, tables of the provider's own PostgreSQL.

It prepares both alike. The password of the data's owner is used once and kept nowhere.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workers import onboarding, onboarding_postgres
from workers.assets import AssetSpec, Profile, controlled
from workers.domain import Domain
from workers.engines import Engine, Limits
from workers.engines.duckdb import DuckDb
from workers.engines.postgres import Postgres
from workers.engines.routed import Routed
from workers.onboarding import OnboardingCode, OnboardingRefused, Prepared

CONNINFO = "postgres.conninfo"
"""The secret by which queries are run: of a role that reads the prepared tables and nothing else."""
OWNER = "DX_POSTGRES_OWNER"
"""The setting, of one command, by which tables are prepared."""


def prepared(domain: Domain, specs: Sequence[AssetSpec], sources: Path) -> dict[str, Any]:
    """Each table from its source: a Parquet file, or a file `<table>.postgres` that names `schema.table`."""
    profiles = {spec.table: _prepared(domain, spec, sources) for spec in specs}
    tables = {spec.table: controlled(spec, profiles[spec.table]).model_dump(mode="json") for spec in specs}
    told = {name: profile.model_dump(mode="json") for name, profile in profiles.items()}
    return {"profiles": told, "tables": tables, "controls_digest": domain.keep_controls(tables)}


def _prepared(domain: Domain, spec: AssetSpec, sources: Path) -> Profile:
    named = sources / f"{spec.table}.postgres"
    if not named.is_file():
        profile = onboarding.prepare(sources / f"{spec.table}.parquet", spec, domain.folder / "data")
        (domain.folder / "data" / f"{spec.table}.postgres").unlink(missing_ok=True)
        return profile
    owner = os.environ.get(OWNER)
    if not owner:
        raise OnboardingRefused(OnboardingCode.UNREADABLE)
    profile = onboarding_postgres.prepare(owner, _plain(named), spec, domain.secret(CONNINFO))
    note = onboarding.note_of(domain.folder / "data", spec.table)
    onboarding.keep(Prepared(fingerprint=profile.fingerprint, table=controlled(spec, profile)), note)
    domain.hold_in_postgres(spec.table, profile.fingerprint)
    return profile


def _plain(named: Path) -> str:
    """What is no plain text is no table's name either, and refused as such."""
    return named.read_bytes().decode("ascii", "replace").strip()


def engine_of(domain: Domain, limits: Limits, fit: Mapping[str, Path]) -> Engine:
    """What reads this domain's tables: those files that were found fit. It refuses where queries are not confined."""
    lent = domain.tables_in_postgres()
    files = DuckDb(fit, limits)
    if not lent:
        return files
    held: list[tuple[frozenset[str], Engine]] = [(lent, Postgres(domain.secret(CONNINFO), lent, limits))]
    return Routed([*held, (frozenset(fit), files)] if fit else held)
