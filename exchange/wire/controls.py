"""The name of a set of controls: both sides compute it for themselves, and a licence and a ticket carry it."""

import hashlib
from collections.abc import Mapping
from typing import Any

from exchange.wire import canonical
from policies.disclosure import load_controls


def controls_digest(tables: Mapping[str, Any]) -> str:
    """SHA-256 over the tables a provider declared, hex. Floor and mode are not in it: grade and ticket set them.

    Raises `ControlsRefused` for a word nobody knows.
    """
    controls = load_controls({"tables": tables}).model_dump(mode="json")["tables"]
    for table in controls.values():
        for column in table["columns"].values():
            column["uses"] = sorted(column["uses"])
    return hashlib.sha256(canonical.encode(controls)).hexdigest()
