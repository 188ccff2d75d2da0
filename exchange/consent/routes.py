"""Individuals and their consents over HTTP. A provider sees pseudonyms, a person its own consents, nobody both."""

from fastapi import Response
from pydantic import BaseModel
from sqlalchemy import select
from sqlmodel import SQLModel

from exchange.access import persons
from exchange.access.persons import PersonApplication
from exchange.consent import service
from exchange.consent.asks import ActivationAsk, ConsentAsk, CountersignAsk
from exchange.consent.model import Consent
from exchange.consent.views import ConsentRow
from exchange.kernel.caller import Role
from exchange.kernel.http import AnyoneUnit, OpenUnit, router
from exchange.kernel.pages import Cursor, Limit, of_row, page
from exchange.registration.model import Asset

individuals = router("/v1/individuals", "individuals")
consents = router("/v1/consents", "individuals")


class Person(BaseModel):
    id: str
    state: str


class PersonApplied(BaseModel):
    """The credential is `dxk_<key_id>.<secret>`; the steps of admission are those of `/v1/participants`."""

    participant: Person
    key_id: str


class ConsentBrief(BaseModel):
    """`records` is the person's weight when proceeds are shared."""

    id: str
    state: str
    pseudonym: str
    asset_id: str
    separate: bool
    records: int


class ConsentView(ConsentBrief):
    purposes: tuple[str, ...]
    modes: tuple[str, ...]
    recipients: tuple[str, ...]
    under_14: bool
    guardian: str
    valid_to_s: int

    @classmethod
    def of(cls, consent: Consent) -> "ConsentView":
        return cls.model_validate(consent, from_attributes=True)


@individuals.post("", status_code=201)
def apply(ask: PersonApplication, unit: AnyoneUnit) -> PersonApplied:
    """Apply as an individual. Open to anyone; the name is sealed."""
    participant, key = persons.apply(unit, ask)
    return PersonApplied(participant=Person(id=participant.id, state=participant.state), key_id=key.id)


@consents.post("", status_code=201)
def grant(ask: ConsentAsk, unit: OpenUnit) -> ConsentView:
    """Agree to computations over one asset. It counts once the holder of the data has found the records."""
    return ConsentView.of(service.grant(unit, ask))


@consents.get("")
def list_consents(unit: OpenUnit, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """A person's own; for whoever holds the data, those for its assets; all of them for those who oversee."""
    table = SQLModel.metadata.tables["consent"]
    query = select(table)
    if not unit.caller.roles.intersection((Role.COMPLIANCE, Role.REGULATOR, Role.AUDITOR)):
        asset = SQLModel.metadata.tables["asset"]
        held = select(asset.c.id).where(asset.c.holder_id == unit.caller.participant_id)
        own = service.names_of(unit) if Role.INDIVIDUAL in unit.caller.roles else {}
        query = query.where(table.c.pseudonym.in_(own) if own else table.c.asset_id.in_(held))
    return page(
        unit.connection,
        query,
        ConsentRow,
        path="/v1/consents",
        limit=limit,
        cursor=cursor,
        view=of_row(ConsentBrief),
    )


@consents.get("/{consent_id}")
def get_consent(consent_id: str, unit: OpenUnit) -> ConsentView:
    consent = unit.get(Consent, consent_id)
    if unit.get(Asset, consent.asset_id).holder_id != unit.caller.participant_id:
        service.own_name(unit, consent)
    return ConsentView.of(consent)


@consents.post("/{consent_id}:countersign")
def countersign(consent_id: str, ask: CountersignAsk, unit: OpenUnit) -> ConsentView:
    """Agree for a child, as the guardian it named."""
    return ConsentView.of(service.countersign(unit, ask.child_id, consent_id))


@consents.post("/{consent_id}:activate")
def activate(consent_id: str, ask: ActivationAsk, unit: OpenUnit) -> ConsentView:
    """Say that the person's records were found, and how many they are (whoever holds the data)."""
    return ConsentView.of(service.activate(unit, consent_id, ask.records))


@consents.post("/{consent_id}:withdraw")
def withdraw(consent_id: str, unit: OpenUnit) -> ConsentView:
    """Take it back; it binds every job from its next checkpoint on."""
    return ConsentView.of(service.withdraw(unit, consent_id))
