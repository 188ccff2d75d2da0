"""What a caller can do something about. HTTP is the edge's business: one table in `app.py` gives each its status.

No message ever repeats what the caller sent.
"""

from typing import ClassVar


class ExchangeError(Exception):
    """Nothing happened: the unit is undone. `code` is stable and documented."""

    code: ClassVar[str] = "E_EXCHANGE"

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.reason = code or self.code


class NotFound(ExchangeError):
    """There is no such thing, or it is not yours: the two look alike from outside."""

    code = "E_NOT_FOUND"


class Forbidden(ExchangeError):
    """Your role does not do this."""

    code = "E_ROLE"


class Unauthenticated(ExchangeError):
    """No key, or not a key of ours."""

    code = "E_UNAUTHENTICATED"


class Malformed(ExchangeError):
    """The request cannot be read as what it claims to be."""

    code = "E_MALFORMED"


class IllegalTransition(ExchangeError):
    """The thing is in a state in which this cannot happen."""

    code = "E_STATE"


class StaleVersion(ExchangeError):
    """Somebody else changed it first; read it again."""

    code = "E_STALE_VERSION"


class KeyReused(ExchangeError):
    """The same Idempotency-Key came with another request."""

    code = "E_IDEMPOTENCY"


class InsufficientFunds(ExchangeError):
    """The account does not hold what should leave it."""

    code = "E_FUNDS"


class Guarded(ExchangeError):
    """A guard of the rulebook does not hold; the code says which."""

    code = "E_GUARD"


class LogStopped(ExchangeError):
    """What is recorded is not being signed, or not fast enough: nothing new is taken until it is. Come back."""

    code = "E_LOG_STOPPED"


class Unavailable(ExchangeError):
    """The database did not answer, or went away in between. Ask again with the same Idempotency-Key."""

    code = "E_UNAVAILABLE"


class RecordedRefusal(ExchangeError):
    """A business decision said no. It is recorded first and reported second: the unit is kept, not undone."""

    code = "E_REFUSED"

    def __init__(self, detail: str, *, reasons: tuple[str, ...], subject: str, explanation: str = "") -> None:
        super().__init__(detail, code=reasons[0])
        self.reasons = reasons
        self.subject = subject
        self.explanation = explanation
