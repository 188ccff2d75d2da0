"""Consents: given by the person, for a child by its guardian too; found in the data by its holder; taken back."""

from exchange.access import persons
from exchange.access import service as access
from exchange.access.model import Participant
from exchange.consent import views
from exchange.consent.asks import ConsentAsk
from exchange.consent.model import (
    Consent,
    ConsentActivated,
    ConsentCountersigned,
    ConsentExpired,
    ConsentGranted,
    ConsentSuperseded,
    ConsentWithdrawn,
)
from exchange.kernel import ids
from exchange.kernel.caller import Role
from exchange.kernel.errors import Forbidden, Guarded, NotFound
from exchange.kernel.unit import Unit
from exchange.registration import service as registration
from exchange.registration.model import Asset

PI = ("PERSONAL", "SENSITIVE")


def grant(unit: Unit, ask: ConsentAsk) -> Consent:
    """Agree, by oneself. What was agreed to before for the same asset is superseded: a change is a new consent."""
    person = _person(unit)
    asset = registration.certified(unit, ask.asset_id)
    if asset.attributes.get("pi") not in PI:
        raise Guarded("this asset is not about individuals", code="E_NOT_PERSONAL")
    if ask.valid_to_s <= unit.now_s:
        raise Guarded("a consent lasts longer than nothing", code="E_WINDOW")
    name, consent = persons.pseudonym(unit, person.id, asset.id), Consent(id=ids.fresh("cns"))
    persons.speak_as(unit, name)
    for before in views.living(unit.connection, name):
        unit.record(unit.get(Consent, before), ConsentSuperseded(by_consent=consent.id))
    fields = ask.model_dump(mode="json")
    return unit.record(consent, ConsentGranted(pseudonym=name, under_14=person.under_14, **fields))


def countersign(unit: Unit, child_id: str, consent_id: str) -> Consent:
    """The guardian agrees for a child that named it at admission."""
    guardian = _person(unit)
    child, consent = unit.get(Participant, child_id), unit.get(Consent, consent_id)
    own = persons.pseudonym(unit, child.id, consent.asset_id) == consent.pseudonym
    if child.guardian_id != guardian.id or not own:
        raise NotFound("no such consent")
    name = persons.pseudonym(unit, guardian.id, consent.asset_id)
    persons.speak_as(unit, name)
    return unit.record(consent, ConsentCountersigned(guardian=name))


def activate(unit: Unit, consent_id: str, records: int) -> Consent:
    """The holder of the data has found the records. A child's are not added without its guardian (N08)."""
    unit.caller.require(Role.SUPPLIER, Role.NODE)
    consent = unit.get(Consent, consent_id)
    asset = unit.get(Asset, consent.asset_id)
    if asset.holder_id != unit.caller.participant_id:
        raise NotFound("no such consent")
    about = {"under_14": consent.under_14, "guardian_consent": bool(consent.guardian)}
    listed = registration.delivered_about(unit, asset, {**about, "separate_consent": consent.separate})
    barring = [reason for reason in listed.reasons if reason.endswith((":N06", ":N07", ":N08"))]
    if barring:
        raise Guarded("the negative list bars the record", code=barring[-1])
    return unit.record(consent, ConsentActivated(records=records, by=unit.caller.person_id))


def withdraw(unit: Unit, consent_id: str) -> Consent:
    """Taken back, at any time and without a reason: it binds every job from its next checkpoint on."""
    consent = unit.get(Consent, consent_id)
    persons.speak_as(unit, own_name(unit, consent))
    return unit.record(consent, ConsentWithdrawn())


def own_name(unit: Unit, consent: Consent) -> str:
    """The caller's pseudonym in a consent of its own, or of a child it answers for."""
    name = persons.pseudonym(unit, _person(unit).id, consent.asset_id)
    if name not in (consent.pseudonym, consent.guardian):
        raise NotFound("no such consent")
    return name


def lapse(unit: Unit, consent_id: str) -> Consent:
    """For the timer: it was given for so long and no longer."""
    consent = unit.get(Consent, consent_id)
    return unit.record(consent, ConsentExpired()) if 0 < consent.due_at <= unit.now else consent


def names_of(unit: Unit) -> dict[str, str]:
    """The caller's pseudonyms, by asset: made anew each time, kept nowhere."""
    person = _person(unit)
    return {persons.pseudonym(unit, person.id, asset): asset for asset in views.assets(unit.connection)}


def is_needed(asset: Asset) -> bool:
    return asset.attributes.get("pi") in PI


def cohort(unit: Unit, asset: Asset, *, purpose: str, mode: str, recipient_id: str, placed_at: int) -> dict[str, int]:
    """Whose records may be in a job, and what each weighs. Sensitive data and records as such: agreed to separately."""
    separate = asset.attributes.get("pi") == "SENSITIVE" or mode in ("M1", "M2", "M3")
    wanted = views.Wanted(asset.id, purpose, mode, recipient_id, separate, unit.now, placed_at)
    return views.cohort(unit.connection, wanted)


def _person(unit: Unit) -> Participant:
    unit.caller.require(Role.INDIVIDUAL)
    person = access.active(unit, unit.caller.participant_id)
    if Role.INDIVIDUAL not in person.roles:
        raise Forbidden("only an individual consents")
    return person
