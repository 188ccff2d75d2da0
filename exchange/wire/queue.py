"""What both ends of a provider's queue agree on: names, limits and the one shape a job may have.

Pure: it opens no connection and holds no secret. RQ stores a job as `[function, instance, arguments, keywords]`
and runs whatever function that names; here the function is always the word "ticket" and the only argument is text.
"""

import json
import re
import zlib

QUEUE_NAME = "tickets"
FUNCTION = "ticket"
MESSAGE_BYTES_MAX = 32 * 1024
# How long an unread ticket waits. Longer than any ticket is valid, so the gate and not the queue decides what is late.
WAITING_TTL_S = 7 * 86_400
# How long the record of a finished job remains, so that the same ticket put again at once is seen as the same.
DONE_TTL_S = 3_600
# The second fence: a computation has its own deadline in its own process, well before this one.
TIMEOUT_S = 900

_DOMAIN = re.compile(r"[a-z0-9]{3,24}")
_TICKET = re.compile(r"tkt_([A-Za-z0-9_-]{1,100})")


class BadMessage(ValueError):
    """These bytes are not a ticket's message. The text of this error never quotes them."""


def domain_checked(domain: str) -> str:
    """No dash and no colon: else the access rule of `hosp1` would also cover `hosp1-b`."""
    if not _DOMAIN.fullmatch(domain):
        raise BadMessage("a domain id is 3 to 24 lower-case letters and digits")
    return domain


def worker_user(domain: str) -> str:
    """The name by which the broker knows a domain's worker."""
    return f"w_{domain_checked(domain)}"


def key_prefix(domain: str) -> str:
    """Every key of this domain starts with this, and the broker lets its two users touch nothing else."""
    return f"dx:{domain_checked(domain)}:"


def job_id(domain: str, ticket_id: str) -> str:
    """One ticket, one job: the id is derived, so putting a ticket twice cannot make two."""
    found = _TICKET.fullmatch(ticket_id)
    if found is None:
        raise BadMessage("a ticket id is tkt_ and up to 100 letters, digits, dashes and underscores")
    return f"{domain_checked(domain)}-{found[1]}"


def packed(token: str) -> bytes:
    """The message of a token, before compression."""
    message = json.dumps([FUNCTION, None, [token], {}]).encode()
    if not token or len(message) > MESSAGE_BYTES_MAX:
        raise BadMessage("the message is empty or too long")
    return message


def unpacked(compressed: bytes) -> str:
    """The token of a compressed message: inflated with a bound, then this very shape and no other."""
    inflater = zlib.decompressobj()
    try:
        message = inflater.decompress(compressed, MESSAGE_BYTES_MAX + 1)
        asked = json.loads(message) if len(message) <= MESSAGE_BYTES_MAX and inflater.eof else None
    except (zlib.error, ValueError, RecursionError):
        raise BadMessage("the message cannot be read") from None
    match asked:
        # An equal list is not enough: `False == 0` and `1.0 == 1` are equal to Python, so the types are named.
        case ["ticket", None, [str(token)], {**rest}] if token and not rest:
            return token
    raise BadMessage("the message is not a ticket's")
