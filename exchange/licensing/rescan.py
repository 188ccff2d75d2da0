"""The market looked through again whenever the rules change: what the negative list now bars (rulebook 4.3).

What is asked of an asset never changes once it is registered, so each is looked at once under each set of rules; the
market is looked through at once when they change, and every half minute in case a process still had the older ones.
Suspends nothing itself, and keeps nothing that a restart could not find out anew.
"""

from collections.abc import Callable

from sqlalchemy import Connection

from exchange.kernel.clock import SECOND
from exchange.kernel.unit import Unit
from exchange.licensing.views import assets_of_licences, assets_on_the_market
from exchange.registration import service as registration
from exchange.registration.model import Asset

AGAIN_AFTER_US = 30 * SECOND
DUE_MAX = 500


class Rescan:
    """Whatever stands for assets on the market (listings, or licences), as one process knows it under its rules."""

    def __init__(self, standing: Callable[[Connection], list[tuple[str, str]]]) -> None:
        self._standing = standing
        self._digest = ""
        self._barred: dict[str, bool] = {}
        self._clear_at = 0

    def due(self, unit: Unit) -> list[str]:
        """Those whose asset the list in force bars."""
        if self._digest != unit.policies.digest:
            self._digest, self._barred, self._clear_at = unit.policies.digest, {}, 0
        if unit.now < self._clear_at + AGAIN_AFTER_US and self._clear_at:
            return []
        found = [one for one, asset_id in self._standing(unit.connection) if self._is_barred(unit, asset_id)]
        self._clear_at = 0 if found else unit.now
        return found[:DUE_MAX]

    def _is_barred(self, unit: Unit, asset_id: str) -> bool:
        if asset_id not in self._barred:
            self._barred[asset_id] = bool(registration.barred(unit, unit.get(Asset, asset_id)))
        return self._barred[asset_id]


def of_listings() -> Rescan:
    return Rescan(assets_on_the_market)


def of_licences() -> Rescan:
    return Rescan(assets_of_licences)
