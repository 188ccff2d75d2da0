"""Names of things: random where a story begins, derived where there is a parent, so that a retry makes no orphan."""

import hashlib
import secrets

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def fresh(kind: str) -> str:
    """A new random id such as `ord_7k3v…`: 130 bits, nothing of the holder in it."""
    # The alphabet has 32 letters, so five bits of a random byte choose one without a bias.
    return f"{kind}_" + "".join(_ALPHABET[byte & 31] for byte in secrets.token_bytes(26))


def derived(kind: str, *parents: str) -> str:
    """The id of what follows from `parents`: the same parents always give the same child."""
    digest = hashlib.sha256("\x00".join((kind, *parents)).encode()).hexdigest()
    return f"{kind}_{digest[:32]}"
