"""The auditor's door: evidence of one order, to be verified without us."""

from base64 import b64encode
from typing import Self

from pydantic import BaseModel

from exchange.audit import service
from exchange.kernel.http import OpenUnit, router
from exchange.kernel.unit import Opening

audit = router("/v1/audit", "audit")


class Evidence(BaseModel):
    """One fact: the leaf, what it commits to and its salt (base64), and a proof that needs no server."""

    entry: str
    content: str
    salt: str
    proof: str

    @classmethod
    def of(cls, opening: Opening) -> Self:
        parts = {"entry": opening.entry, "content": opening.content, "salt": opening.salt}
        return cls(**{name: b64encode(part).decode() for name, part in parts.items()}, proof=opening.proof)


class Bundle(BaseModel):
    order_id: str
    facts: dict[str, list[Evidence]]


@audit.get("/orders/{order_id}")
def order_evidence(order_id: str, unit: OpenUnit) -> Bundle:
    """Everything that happened to one order, opened and proven."""
    facts = service.evidence(unit, order_id)
    return Bundle(order_id=order_id, facts={name: [Evidence.of(one) for one in story] for name, story in facts.items()})
