"""Handing a certificate on, which knows what hangs on it: nothing may be on the market, and nobody licensed."""

from exchange.kernel.errors import Guarded
from exchange.kernel.unit import Unit
from exchange.licensing import views
from exchange.registration import certificates
from exchange.registration.asks import AcceptanceAsk, TransferAsk
from exchange.registration.model import Asset


def propose(unit: Unit, asset_id: str, ask: TransferAsk) -> Asset:
    """The holder wants another to hold it."""
    asset = certificates.propose_transfer(unit, asset_id, ask)
    _free(unit, asset_id)
    return asset


def accept(unit: Unit, asset_id: str, ask: AcceptanceAsk) -> Asset:
    """The other agrees; what hangs on the certificate is asked again."""
    asset = certificates.accept_transfer(unit, asset_id, ask)
    _free(unit, asset_id)
    return asset


def _free(unit: Unit, asset_id: str) -> None:
    if views.asset_is_listed(unit.connection, asset_id) or views.asset_is_licensed(unit.connection, asset_id):
        raise Guarded("it is on the market, or somebody is licensed", code="E_LICENCE_OPEN")
