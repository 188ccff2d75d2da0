"""`prepare`: a provider's tables checked and sorted. What is wrong is told in one line, a code and where; no value."""

import json
import os
from pathlib import Path
from typing import NoReturn

import typer
from pydantic import TypeAdapter, ValidationError

from workers.assets import AssetSpec
from workers.domain import Domain
from workers.engines.postgres import DatabaseUnfit
from workers.held import prepared
from workers.onboarding import OnboardingRefused

_SPECS = TypeAdapter(list[AssetSpec])


def command(folder: Path, declared: Path, sources: Path) -> None:
    """Sort, check, keep controls. `sources`: TABLE.parquet, or TABLE.postgres: `schema.table` by DX_POSTGRES_OWNER."""
    try:
        specs = _SPECS.validate_json(declared.read_bytes())
    except OSError:
        _refuse("DECLARATION", "there is no such file")
    except ValidationError as wrong:
        _refuse("DECLARATION", "; ".join(f"{_place(one['loc'])} {one['type']}" for one in wrong.errors()))
    try:
        typer.echo(json.dumps(prepared(Domain(folder), specs, sources)))
    except OnboardingRefused as refused:
        _refuse("TABLE", str(refused))
    except DatabaseUnfit as unfit:
        _refuse(unfit.code, str(unfit))
    except OSError as missing:
        _refuse("DOMAIN", f"{Path(missing.filename or '').name} cannot be read")


def _place(loc: tuple[int | str, ...]) -> str:
    return ".".join(map(str, loc)) or "it"


def _refuse(code: str, why: str) -> NoReturn:
    typer.echo(f"{code}: {why}", err=True)
    raise typer.Exit(os.EX_DATAERR)
