"""Who may know whom: the contracts of `pyproject.toml` hold, and each of them bites when it is broken."""

import ast
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("exchange", "workers", "policies")
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]


class Plant(NamedTuple):
    """One line of code, in one new file, that one contract forbids."""

    contract: str
    file: str
    line: str


PLANTS = (
    Plant("slices", "exchange/registration/planted.py", "import exchange.orders"),
    Plant("slices", "exchange/kernel/planted.py", "import exchange.access"),
    Plant("slices", "exchange/ledger/planted.py", "import exchange.kernel"),
    Plant("slices", "exchange/wire/planted.py", "import exchange.ledger"),
    Plant("slices", "exchange/client/planted.py", "import exchange.kernel"),
    Plant("slices", "exchange/planted/__init__.py", ""),
    Plant("one-writer", "exchange/orders/planted.py", "from exchange.ledger.entries import append"),
    Plant("services", "exchange/pricing/service.py", "import sqlalchemy"),
    Plant("services", "exchange/pricing/model.py", "import redis"),
    Plant("routes", "exchange/orders/planted.py", "import exchange.pricing.routes"),
    Plant("no-data", "exchange/dispatch/planted.py", "import workers"),
    Plant("no-data", "exchange/audit/planted.py", "import duckdb"),
    Plant("domain", "workers/planted.py", "import exchange.kernel"),
    Plant("domain", "workers/engines/planted.py", "from exchange.ledger import planted_store"),
    Plant("no-server", "workers/planted.py", "import fastapi"),
    Plant("no-server", "workers/planted.py", "import sqlmodel"),
    Plant("own-database", "workers/planted.py", "import psycopg"),
    Plant("policies", "policies/engine/planted.py", "import exchange.wire"),
    Plant("policies", "policies/disclosure/planted.py", "import time"),
    Plant("wire", "exchange/wire/planted.py", "import socket"),
    Plant("wire", "exchange/wire/planted.py", "import sqlmodel"),
    Plant("client", "exchange/client/planted.py", "import fastapi"),
    Plant("client", "exchange/client/planted.py", "import duckdb"),
    Plant("no-client", "exchange/audit/planted.py", "import exchange.client"),
)


def lint(folder: Path, *contracts: str) -> str:
    chosen = [word for contract in contracts for word in ("--contract", contract)]
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-logo", "--no-cache", *chosen]
    # Plain and wide, so that a module's name is never broken in two.
    surroundings = {**os.environ, "NO_COLOR": "1", "COLUMNS": "250", "TERM": "dumb"}
    surroundings.pop("PYTHONSAFEPATH", None)
    done = subprocess.run(command, cwd=folder, env=surroundings, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def copied(folder: Path) -> Path:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_every_contract_is_kept() -> None:
    said = lint(ROOT)
    assert f"Contracts: {len(CONTRACTS)} kept, 0 broken." in said, said


def test_every_contract_has_a_planted_violation() -> None:
    assert {one["id"] for one in CONTRACTS} == {plant.contract for plant in PLANTS} | {"no-cycles"}


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: f"{plant.contract}:{plant.file}:{plant.line}")
def test_each_contract_bites(plant: Plant, tmp_path: Path) -> None:
    folder = copied(tmp_path)
    planted = folder / plant.file
    planted.parent.mkdir(exist_ok=True)
    (folder / "exchange/pricing/routes.py").touch()
    planted.write_text(f"{plant.line}\n")

    said = lint(folder, plant.contract)

    assert "0 kept, 1 broken" in said, said
    # It is this line that broke it, not something that was broken before.
    assert named(plant.file) in said, said


def named(file: str) -> str:
    """How the linter speaks of a file; a folder without a place in the layers it names by its last part."""
    parts = file.removesuffix(".py").split("/")
    return "planted" if parts[-1] == "__init__" else ".".join(parts)


def test_a_cycle_at_any_depth_is_seen(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    deep = folder / "workers/engines/planted"
    deep.mkdir()
    (deep / "__init__.py").touch()
    (deep / "one.py").write_text("from workers.engines.planted import two\n")
    (deep / "two.py").write_text("from workers.engines.planted import one\n")

    said = lint(folder, "no-cycles")

    assert "0 kept, 1 broken" in said, said
    assert "workers.engines.planted" in said, said


def test_a_module_that_cannot_be_found_by_the_linter_does_not_exist() -> None:
    """A folder without `__init__.py` is invisible to the contracts, so it may hold no module anyone imports."""
    unseen = {
        path.parent.relative_to(ROOT)
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if not (path.parent / "__init__.py").exists()
    }
    # Alembic reads these by path, as scripts.
    assert unseen <= {Path("exchange/migrations"), Path("exchange/migrations/versions")}


@pytest.mark.parametrize("package", ["policies", "exchange/wire"])
def test_pure_packages_ask_no_clock_and_touch_no_environment(package: str) -> None:
    """`datetime` is also a type, so its import is no offence; asking it for the time is."""
    asked = [
        f"{path.relative_to(ROOT)}:{node.lineno} .{node.attr}"
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today", "environ", "getenv"}
    ]
    assert asked == []
