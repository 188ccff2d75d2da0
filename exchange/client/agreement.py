"""The buyer's signature under a licence. Signs only what it has read: the terms asked for, signed by the domain."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from exchange.client.wallet import Wallet
from exchange.wire.envelope import BadEnvelope, Envelope
from exchange.wire.keys import PublicKey
from exchange.wire.licences import Licence, LicenceTerms


class AgreementRefused(Exception):
    """What was offered is not what was asked for, or not by whom it should be."""


def countersigned(
    wallet: Wallet, offered: Mapping[str, Any], *, asked: Mapping[str, Any], listing_id: str, domain_key: PublicKey
) -> Envelope:
    """The offered licence with this wallet's signature beside the domain's.

    `offered` is the exchange's view of the licence; `asked` are the terms as this buyer remembers them.
    """
    try:
        envelope = Envelope.model_validate(offered["envelope"])
        licence = Licence.opened(envelope, (domain_key,))
        terms = LicenceTerms.model_validate(asked)
    except (BadEnvelope, ValidationError, KeyError):
        raise AgreementRefused("the licence is not signed by the domain, or cannot be read") from None
    if licence.buyer_id != wallet.identity.participant_id or licence.listing_id != listing_id:
        raise AgreementRefused("the licence is somebody else's, or of another listing")
    if licence.recipient_kid != wallet.opening_key.public.kid:
        raise AgreementRefused("answers would be sealed to somebody else")
    if licence.id != offered.get("id") or licence.terms != terms:
        raise AgreementRefused("the terms are not those asked for")
    return envelope.countersigned(wallet.signing_key)
