"""What an applicant signs to become a participant: the rulebook in force, and the keys it will be known by."""

from typing import Annotated, ClassVar

from pydantic import Field

from exchange.wire.acts import Act, Digest, Id


class RulebookSigned(Act):
    """Signed with the very key it binds, which shows that the applicant holds it. Keys are text; "" means none."""

    TYPE: ClassVar[str] = "application/vnd.dx.rulebook-signed+json"
    participant_id: Id
    policy_digest: Digest
    signing_key: Annotated[str, Field(min_length=1, max_length=200)]
    recipient_key: Annotated[str, Field(max_length=2_000)]
    wallet: Annotated[str, Field(pattern=r"^[A-Za-z0-9:-]{4,64}$")]
