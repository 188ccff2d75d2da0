"""What facts say about persons, over HTTP: opened for those who watch, erased on a basis in law. Never listed."""

from typing import Self

from pydantic import BaseModel, ConfigDict

from exchange.access import erasure
from exchange.access.erasure import Basis, Payload
from exchange.kernel.evidence import Evidence
from exchange.kernel.http import OpenUnit, router

payloads = router("/v1/payloads", "access")


class ErasureAsk(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    basis: Basis


class PayloadView(BaseModel):
    id: str
    state: str
    event_id: str
    what: str
    basis: str

    @classmethod
    def of(cls, payload: Payload) -> Self:
        return cls(**payload.model_dump(include=set(cls.model_fields)))


@payloads.get("/{event_id}/{what}")
def opened(event_id: str, what: str, unit: OpenUnit) -> Evidence:
    """Open what one fact says about a person."""
    return Evidence.of(erasure.opened(unit, event_id, what))


@payloads.post("/{event_id}/{what}:erase")
def erase(event_id: str, what: str, ask: ErasureAsk, unit: OpenUnit) -> PayloadView:
    """Destroy what one fact says about a person. The fact stays provable; the content cannot be opened again."""
    return PayloadView.of(erasure.erase(unit, event_id, what, ask.basis))
