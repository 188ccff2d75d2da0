"""Opens a sealed answer at home. Trusts the wallet and the domain's key as given, and nothing the exchange says.

Each check is numbered, and passes or raises `ResultRefused` with that number:
 1  shape       everything needed is there, and nothing else
 2  signature   the receipt is signed by the domain's own key
 3  order       the receipt is of the order asked for and of the ticket named, and reports an answer
 4  ciphertext  the bytes are those of the receipt
 5  recipient   they were sealed to this wallet
 6  opening     they open for this order and this ticket
 7  tag         what is inside is what the domain committed to
 8  answer      it is an answer: columns and rows, without floats
"""

import hashlib
from base64 import b64decode
from binascii import Error as BadBase64
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, ValidationError, model_validator

from exchange.client.wallet import Wallet
from exchange.wire import canonical
from exchange.wire.acts import Digest, Id
from exchange.wire.entries import commitment
from exchange.wire.envelope import BadEnvelope, Envelope
from exchange.wire.keys import PublicKey
from exchange.wire.receipts import Receipt, SealedOutput
from exchange.wire.sealing import NotOpened

RESULT_TYPE = "application/vnd.dx.result+json"
Cell = StrictBool | StrictInt | StrictStr | None


class ResultRefused(Exception):
    """The answer is not to be relied upon: which check refused, and why. Never what is in it."""

    def __init__(self, check: str, reason: str) -> None:
        super().__init__(f"{check}: {reason}")
        self.check = check
        self.reason = reason


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Sealed(_Read):
    """What the exchange hands out."""

    order_id: Id
    ticket_digest: Digest
    receipt: Envelope
    ciphertext: str


class Opened(_Read):
    """What was sealed: the answer's exact bytes as text, the salt of the domain's commitment to them, and padding."""

    answer: StrictStr
    padding: StrictStr
    salt: Annotated[StrictStr, Field(max_length=64)]


class Answer(_Read):
    """What was asked for. Measurements are decimal strings; `guarantee` says in words what protects the data."""

    columns: tuple[StrictStr, ...]
    rows: tuple[tuple[Cell, ...], ...]
    mode: StrictStr
    guarantee: StrictStr
    k_min: StrictInt
    suppressed_cells: StrictInt = 0
    intervals: tuple[tuple[tuple[StrictStr, StrictStr] | None, ...], ...] | None = None
    """Of an answer with noise: between which two numbers the exact one lies, in 95 of 100 answers."""
    rho_nrho: StrictInt = 0
    delta_e15: StrictInt = 0

    @model_validator(mode="after")
    def _square(self) -> Self:
        if any(len(row) != len(self.columns) for row in (*self.rows, *(self.intervals or ()))):
            raise ValueError("a row has as many cells as there are columns")
        return self


def open_result(wallet: Wallet, sealed: Mapping[str, Any], *, order_id: str, domain_key: PublicKey) -> Answer:
    """All eight checks, in an order in which nothing unverified is relied upon."""
    try:
        received = Sealed.model_validate(sealed)
        ciphertext = b64decode(received.ciphertext, validate=True)
    except (ValidationError, BadBase64, ValueError):
        raise ResultRefused("1 shape", "this is not a sealed result") from None
    try:
        receipt = Receipt.opened(received.receipt, (domain_key,))
    except BadEnvelope:
        raise ResultRefused("2 signature", "the receipt is not signed by the domain") from None
    output = _output(receipt, received, order_id)
    if (hashlib.sha256(ciphertext).hexdigest(), len(ciphertext)) != (output.ciphertext_sha256, output.ciphertext_bytes):
        raise ResultRefused("4 ciphertext", "these are not the bytes of the receipt")
    if output.recipient_kid != wallet.opening_key.public.kid:
        raise ResultRefused("5 recipient", "sealed to another key")
    try:
        plain = wallet.opening_key.open(ciphertext, order_id=order_id, ticket_digest=receipt.ticket_digest)
    except NotOpened:
        raise ResultRefused("6 opening", "it does not open for this order and ticket") from None
    return _read(_committed(plain, output.tag))


def _output(receipt: Receipt, received: Sealed, order_id: str) -> SealedOutput:
    if not order_id == received.order_id == receipt.order_id:
        raise ResultRefused("3 order", "the receipt is of another order")
    if receipt.ticket_digest != received.ticket_digest:
        raise ResultRefused("3 order", "the receipt is of another ticket")
    if receipt.output is None:
        raise ResultRefused("3 order", "the receipt reports no answer")
    return receipt.output


def _committed(plain: bytes, tag: str) -> bytes:
    try:
        opened = Opened.model_validate(canonical.decode(plain))
        answer = opened.answer.encode()
        found = commitment(b64decode(opened.salt, validate=True), RESULT_TYPE, answer)
    except (ValueError, BadBase64):
        raise ResultRefused("7 tag", "the commitment cannot be read") from None
    if found != tag:
        raise ResultRefused("7 tag", "this is not what the domain committed to")
    return answer


def _read(answer: bytes) -> Answer:
    try:
        return Answer.model_validate(canonical.decode(answer))
    except (canonical.NotCanonical, ValidationError):
        raise ResultRefused("8 answer", "this is not an answer") from None
