"""A certificate once it is there: changed, renewed, handed on, resolved by its handle (rulebook 3.2, 4.11).

Rights, controls and grade never change under a certificate: whoever needs others registers anew.
"""

from datetime import date, timedelta

from exchange.access import service as access
from exchange.access.model import Participant
from exchange.kernel.caller import Role
from exchange.kernel.errors import Forbidden, Guarded, NotFound
from exchange.kernel.unit import Unit
from exchange.registration import service, views
from exchange.registration.asks import AcceptanceAsk, ChangeAsk, RenewalAsk, TransferAsk
from exchange.registration.model import (
    Asset,
    CertificateChanged,
    CertificateRenewed,
    CertificateTransferProposed,
    CertificateTransferred,
)

RENEWAL_DAYS = 60
VALID_YEARS = 3


def change(unit: Unit, asset_id: str, ask: ChangeAsk) -> Asset:
    """The holder describes it anew."""
    asset = _own(unit, asset_id)
    changed = CertificateChanged(
        title_zh=ask.title_zh or asset.title_zh,
        title_en=ask.title_en or asset.title_en,
        summary=ask.summary or asset.summary,
        evidence=ask.evidence,
        delta_sha256=ask.delta_sha256,
        by=unit.caller.person_id,
    )
    return unit.record(asset, changed)


def renew(unit: Unit, asset_id: str, ask: RenewalAsk) -> Asset:
    """Within the last sixty days: for three years more, or as long as the authorisation it rests on now lasts."""
    asset = _own(unit, asset_id)
    last_day = asset.valid_to or date.min
    if unit.calendar.today(unit.now) < last_day - timedelta(days=RENEWAL_DAYS):
        raise Guarded("it is renewed within the sixty days before it ends", code="E_WINDOW")
    valid_to = min(years_after(last_day), ask.authorised_until or date.max)
    if valid_to <= last_day:
        raise Guarded("the authorisation the data rests on lasts no longer", code="E_EVIDENCE")
    renewed = CertificateRenewed(**ask.model_dump(), valid_to=valid_to, by=unit.caller.person_id)
    return unit.record(asset, renewed)


def propose_transfer(unit: Unit, asset_id: str, ask: TransferAsk) -> Asset:
    """The holder wants another participant to hold it. Nothing changes until that one agrees."""
    asset = _own(unit, asset_id)
    transferee = access.active(unit, ask.transferee_id)
    if transferee.id == asset.holder_id:
        raise Guarded("it holds the certificate already", code="E_INDEPENDENCE")
    if not {"SUPPLIER", "DATA_MERCHANT", "PUBLIC_BODY"} & set(transferee.roles):
        raise Guarded("who holds data is admitted as somebody who may", code="E_PARTICIPANT")
    proposed = CertificateTransferProposed(**ask.model_dump(), by=unit.caller.person_id)
    return unit.record(asset, proposed, refs=(transferee.head,))


def accept_transfer(unit: Unit, asset_id: str, ask: AcceptanceAsk) -> Asset:
    """The new holder agrees to the same contract and says in which of its domains the data will lie."""
    asset = service.certified(unit, asset_id)
    if not asset.transferee_id or asset.transferee_id != unit.caller.participant_id:
        raise NotFound("no such asset")
    _by_a_person(unit)
    transferee = access.active(unit, asset.transferee_id)
    if access.node_of(unit, ask.domain).participant_id != transferee.id:
        raise NotFound("no such domain")
    if ask.contract_sha256 != asset.contract_sha256:
        raise Guarded("that is another contract than the holder's", code="E_EVIDENCE")
    transferred = CertificateTransferred(**ask.model_dump(), holder_id=transferee.id, by=unit.caller.person_id)
    return unit.record(asset, transferred, refs=(transferee.head,))


def resolved(unit: Unit, handle: str) -> tuple[Asset, Participant]:
    """What a handle or a certificate number stands for, and who holds it."""
    asset_id = views.named(unit.connection, handle)
    if asset_id is None:
        raise NotFound("no such handle")
    asset = unit.get(Asset, asset_id)
    return asset, unit.get(Participant, asset.holder_id)


def years_after(last_day: date) -> date:
    """The last of three further years' days."""
    year = last_day.year + VALID_YEARS
    return date(year, 2, 28) if (last_day.month, last_day.day) == (2, 29) else last_day.replace(year=year)


def _own(unit: Unit, asset_id: str) -> Asset:
    """A certificate of the calling holder's that holds today."""
    asset = unit.get(Asset, asset_id)
    if asset.holder_id != unit.caller.participant_id:
        raise NotFound("no such asset")
    _by_a_person(unit)
    return service.certified(unit, asset_id)


def _by_a_person(unit: Unit) -> None:
    if unit.caller.roles <= {Role.NODE}:
        raise Forbidden("a machine does not do this")
