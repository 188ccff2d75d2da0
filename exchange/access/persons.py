"""Individuals (个人信息主体): whose data earns money. Admitted like everybody else; a child comes with its guardian.

A name is sealed and erasable. Outside of here a person is known by a pseudonym that differs from asset to asset.
"""

import hashlib
import hmac
from dataclasses import replace
from typing import Annotated

from pydantic import Field, StrictBool

from exchange.access.asks import Ask, Evidence
from exchange.access.keys import ApiKey, ApiKeyIssued
from exchange.access.model import Participant, ParticipantApplied
from exchange.kernel import ids
from exchange.kernel.caller import Role
from exchange.kernel.errors import Guarded
from exchange.kernel.text import Line
from exchange.kernel.unit import Unit
from exchange.wire.acts import Digest


class PersonApplication(Ask):
    """The person makes its own secret. `guardian_id` is an individual who is admitted, and answers for a child."""

    person_name: Line
    territory: Annotated[str, Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,10})?$")]
    under_14: StrictBool
    guardian_id: Annotated[str, Field(pattern=r"^(part_[a-z0-9]{1,40})?$")] = ""
    evidence: Evidence
    api_key_sha256: Digest


def apply(unit: Unit, ask: PersonApplication) -> tuple[Participant, ApiKey]:
    """Anybody may apply; reviewers check the real name as table 4.1 asks."""
    if ask.guardian_id:
        guardian = unit.load(Participant, ask.guardian_id)
        if guardian.state != "ACTIVE" or Role.INDIVIDUAL not in guardian.roles or guardian.under_14:
            raise Guarded("a guardian is a grown person who is admitted", code="E_GUARDIAN")
    participant, key = Participant(id=ids.fresh("part")), ApiKey(id=ids.fresh("key"))
    person_id, roles = ids.fresh("psn"), (Role.INDIVIDUAL.value,)
    applied = ParticipantApplied(
        org_name="",
        uscc="",
        roles=roles,
        territory=ask.territory,
        operates_node=False,
        evidence=ask.evidence,
        legal_representative=ask.person_name,
        under_14=ask.under_14,
        guardian_id=ask.guardian_id,
        by=person_id,
    )
    participant = unit.record(participant, applied)
    issued = ApiKeyIssued(
        participant_id=participant.id, person_id=person_id, roles=roles, sha256=ask.api_key_sha256, by=person_id
    )
    return participant, unit.record(key, issued, refs=(participant.head,))


def pseudonym(unit: Unit, participant_id: str, asset_id: str) -> str:
    """Who a person is in all that concerns one asset. Without the exchange's secret nobody links two of them."""
    digest = hmac.new(unit.ground.pseudonym_key, f"{participant_id}\x00{asset_id}".encode(), hashlib.sha256)
    return f"psd_{digest.hexdigest()[:32]}"


def speak_as(unit: Unit, name: str) -> None:
    """From here on the log's actor is the pseudonym, and the person stands in no fact."""
    unit.caller = replace(unit.caller, participant_id=name, person_id=name)
