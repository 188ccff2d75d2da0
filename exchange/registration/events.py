"""What happens to a certificate, as facts. Pure; the machine that folds them is in `model`."""

from collections.abc import Mapping
from datetime import date

from exchange.kernel.entity import Event


class CertificateIssued(Event):
    certificate_no: str
    handle: str
    provisional: bool
    valid_to: date
    by: str


class CertificateFrozen(Event):
    order_sha256: str
    by: str


class CertificateUnfrozen(Event):
    order_sha256: str
    by: str


class CertificateExpired(Event):
    pass


class CertificateCancelled(Event):
    ground: str
    by: str


class CertificateChanged(Event):
    """What describes the asset; rights, controls and grade are not changed by it."""

    title_zh: str
    title_en: str
    summary: str
    evidence: Mapping[str, str]
    delta_sha256: str
    by: str


class CertificateRenewed(Event):
    valid_to: date
    authorised_until: date | None
    evidence_sha256: str
    by: str


class CertificateTransferProposed(Event):
    """The holder wants somebody else to hold it; that other must agree. Empty: it no longer does."""

    transferee_id: str
    contract_sha256: str
    by: str


class CertificateTransferred(Event):
    holder_id: str
    domain: str
    contract_sha256: str
    by: str


class OwnershipClaimNoted(Event):
    """Somebody claims it after the publicity: should it be certified, the certificate is frozen at once."""

    dispute_sha256: str


class OwnershipClaimEnded(Event):
    """The claim ended without a fault of the applicant."""

    dispute_sha256: str
