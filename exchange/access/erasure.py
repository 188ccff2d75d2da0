"""Erasing what a fact says about a person (删除权). The fact stays and stays provable; what is gone cannot be opened.

Nothing is ever erased without a basis in law, and nothing a state rests on can be erased at all.
"""

from enum import StrEnum

from exchange.kernel import ids
from exchange.kernel.caller import Role
from exchange.kernel.entity import PERSONAL, Entity, Event
from exchange.kernel.errors import Guarded
from exchange.kernel.unit import Opening, Unit


class Basis(StrEnum):
    """Why it must go: the cases of PIPL (个人信息保护法) article 47, and GDPR article 17 for those it protects."""

    PURPOSE_ACHIEVED = "PIPL_47_1"
    RETENTION_ENDED = "PIPL_47_2"
    CONSENT_WITHDRAWN = "PIPL_47_3"
    UNLAWFUL = "PIPL_47_4"
    OTHER_LAW = "PIPL_47_5"
    GDPR = "GDPR_17"


class PayloadErased(Event):
    event_id: str
    what: str
    basis: str
    by: str


class Payload(Entity):
    """One erasable section of one fact. It has no story but its end."""

    NEXT = {("NEW", PayloadErased): "ERASED"}
    event_id: str = ""
    what: str = ""
    basis: str = ""


def erase(unit: Unit, event_id: str, what: str, basis: Basis) -> Payload:
    """Asked again, it is erased already, on the basis that was given then."""
    unit.caller.require(Role.ADMIN, Role.COMPLIANCE)
    _of_a_person(what)
    payload = unit.load(Payload, ids.derived("pld", event_id, what))
    if payload.version > 0:
        return payload
    unit.erase_personal(event_id)
    erased = PayloadErased(event_id=event_id, what=what, basis=basis, by=unit.caller.person_id)
    return unit.record(payload, erased, refs=(event_id,))


def opened(unit: Unit, event_id: str, what: str) -> Opening:
    """For those who watch over the market, one at a time: no list of persons is ever answered."""
    unit.caller.require(Role.COMPLIANCE, Role.AUDITOR, Role.REGULATOR)
    _of_a_person(what)
    return unit.opened_personal(event_id)


def _of_a_person(what: str) -> None:
    if what != PERSONAL:
        raise Guarded("only what is about a person is kept apart", code="E_NOT_PERSONAL")
