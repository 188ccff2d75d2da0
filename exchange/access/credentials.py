"""From a credential to a caller. A credential is `dxk_<key id>.<secret>`; only the SHA-256 of the secret is known here.

Never says which part of a credential was wrong.
"""

import hashlib
import hmac
import re

from exchange.access.keys import ApiKey
from exchange.access.model import Participant
from exchange.kernel.caller import Caller, Role
from exchange.kernel.errors import NotFound, Unauthenticated
from exchange.kernel.unit import Unit

_CREDENTIAL = re.compile(r"dxk_(key_[a-z0-9]{20,40})\.([A-Za-z0-9_-]{32,128})", re.ASCII)


def authenticate(unit: Unit, credential: str) -> Caller:
    """Who this is. Outside the market a key has no roles: it sees and completes its own application, nothing else."""
    match = _CREDENTIAL.fullmatch(credential)
    key = _key(unit, match[1]) if match else ApiKey(id="key_none")
    sent = hashlib.sha256(match[2].encode() if match else b"").hexdigest()
    # Compared even when there is no such key, so that the time taken tells nobody which keys exist.
    if not hmac.compare_digest(sent, key.sha256 or "0" * 64) or key.state != "LIVE":
        raise Unauthenticated("this is not a key of ours")
    participant = unit.load(Participant, key.participant_id)
    roles = frozenset(Role(role) for role in key.roles) if participant.in_the_market else frozenset()
    return Caller(participant.id, key.person_id, roles, key.id)


def _key(unit: Unit, key_id: str) -> ApiKey:
    try:
        return unit.load(ApiKey, key_id)
    except NotFound:  # The id is of something else: not a key of ours either.
        return ApiKey(id="key_none")
