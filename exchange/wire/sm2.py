"""SM2 with SM3 (GB/T 32918, GM/T 0009) beside the log's own signatures, by the system's libcrypto. Never the only one.

For those who must have a domestic algorithm (商用密码). Where libcrypto has none, `is_there` says so and nothing else
changes: no reader demands this signature unless told to. Key type of a note: 0xff "sm2sm3"; the signature is DER over
the checkpoint's text.
"""

import ctypes
import ctypes.util
from base64 import b64encode
from functools import cache
from typing import Any

from exchange.wire.notes import Checkpoint, NoteRefused, decoded, key_id_of, read_checkpoint

SIGNER_ID = b"1234567812345678"
TYPE = b"\xffsm2sm3"
_POINT_BYTES = 65
_SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")
"""What stands before the point in a public key of this curve (RFC 5480 with the curve's object identifier)."""
_POINTERS = (
    "EVP_PKEY_CTX_new_from_name",
    "EVP_PKEY_CTX_new",
    "EVP_MD_CTX_new",
    "EVP_sm3",
    "d2i_PUBKEY",
    "d2i_AutoPrivateKey",
)


class Sm2Missing(RuntimeError):
    """The system's libcrypto has no SM2."""


class Sm2Key:
    """A private key, as PKCS#8. Signs whatever it is given."""

    def __init__(self, name: str, pkcs8: bytes) -> None:
        self._pkcs8, self._name = pkcs8, name
        self.vkey = _vkey(name, _public(pkcs8))

    @classmethod
    def generated(cls) -> bytes:
        """A new private key."""
        library, found = _library(), ctypes.c_void_p()
        context = library.EVP_PKEY_CTX_new_from_name(None, b"SM2", None)
        try:
            if (
                library.EVP_PKEY_keygen_init(context) != 1
                or library.EVP_PKEY_generate(context, ctypes.byref(found)) != 1
            ):
                raise Sm2Missing("a key cannot be made")
            return _der(library.i2d_PrivateKey, found)
        finally:
            library.EVP_PKEY_free(found)
            library.EVP_PKEY_CTX_free(context)

    def lines(self, checkpoint: Checkpoint, _now_us: int) -> str:
        """The line below a note."""
        signature = _signed(self._pkcs8, checkpoint.text.encode())
        return f"— {self._name} {b64encode(_key_id(self.vkey) + signature).decode()}\n"


def is_there() -> bool:
    """Whether the system can do it at all."""
    try:
        return bool(_library())
    except Sm2Missing:
        return False


def check(note: str, vkey: str) -> Checkpoint:
    """The checkpoint of a note that this key signed. Raises `NoteRefused`, or `Sm2Missing` where nobody can tell."""
    checkpoint, lines = read_checkpoint(note)
    name, point = opened_vkey(vkey)
    mine = [signature for who, key_id, signature in lines if (who, key_id) == (name, _key_id(vkey))]
    if name != checkpoint.origin or not mine:
        raise NoteRefused("the SM2 signature is missing")
    if not all(verify(point, checkpoint.text.encode(), signature) for signature in mine):
        raise NoteRefused("the SM2 signature does not verify")
    return checkpoint


def verify(point: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the key of this uncompressed point signed these bytes, under the usual signer's id."""
    library = _library()
    data = _SPKI + point
    key = library.d2i_PUBKEY(None, ctypes.byref(ctypes.c_char_p(data)), len(data))
    if not key:
        return False
    with _Digest(library, key) as digest:
        ready = library.EVP_DigestVerifyInit(digest, None, library.EVP_sm3(), None, key) == 1
        return bool(ready and library.EVP_DigestVerify(digest, signature, len(signature), message, len(message)) == 1)


def _signed(pkcs8: bytes, message: bytes) -> bytes:
    library = _library()
    key = library.d2i_AutoPrivateKey(None, ctypes.byref(ctypes.c_char_p(pkcs8)), len(pkcs8))
    with _Digest(library, key) as digest:
        length, out = ctypes.c_size_t(256), ctypes.create_string_buffer(256)
        ready = library.EVP_DigestSignInit(digest, None, library.EVP_sm3(), None, key) == 1
        if not ready or library.EVP_DigestSign(digest, out, ctypes.byref(length), message, len(message)) != 1:
            raise Sm2Missing("nothing could be signed")
        return out.raw[: length.value]


class _Digest:
    """A context bound to a key and the signer's id; both are given back at the end."""

    def __init__(self, library: Any, key: int) -> None:
        self._library, self._key = library, key

    def __enter__(self) -> int:
        self._context = self._library.EVP_PKEY_CTX_new(self._key, None)
        self._digest = int(self._library.EVP_MD_CTX_new())
        if not self._context or self._library.EVP_PKEY_CTX_set1_id(self._context, SIGNER_ID, len(SIGNER_ID)) != 1:
            raise Sm2Missing("the signer's id cannot be set")
        self._library.EVP_MD_CTX_set_pkey_ctx(self._digest, self._context)
        return self._digest

    def __exit__(self, *_: object) -> None:
        self._library.EVP_MD_CTX_free(self._digest)
        self._library.EVP_PKEY_CTX_free(self._context)
        self._library.EVP_PKEY_free(self._key)


def _public(pkcs8: bytes) -> bytes:
    library = _library()
    key = library.d2i_AutoPrivateKey(None, ctypes.byref(ctypes.c_char_p(pkcs8)), len(pkcs8))
    if not key:
        raise NoteRefused("not an SM2 key")
    try:
        spki = _der(library.i2d_PUBKEY, ctypes.c_void_p(key))
    finally:
        library.EVP_PKEY_free(key)
    if not spki.startswith(_SPKI) or len(spki) != len(_SPKI) + _POINT_BYTES:
        raise NoteRefused("not an SM2 key")
    return spki[len(_SPKI) :]


def _der(write: Any, key: ctypes.c_void_p) -> bytes:
    out = ctypes.create_string_buffer(write(key, None))
    write(key, ctypes.byref(ctypes.c_void_p(ctypes.addressof(out))))
    return out.raw


def _vkey(name: str, point: bytes) -> str:
    key_id = key_id_of(name, TYPE + point)
    return f"{name}+{key_id.hex()}+{b64encode(TYPE + point).decode()}"


def opened_vkey(vkey: str) -> tuple[str, bytes]:
    """The name and the point of a verifier key from its text form."""
    name, _, rest = vkey.partition("+")
    data = decoded(rest.partition("+")[2])
    point = data[len(TYPE) :]
    if not data.startswith(TYPE) or len(point) != _POINT_BYTES or _vkey(name, point) != vkey:
        raise NoteRefused("not an SM2 verifier key")
    return name, point


def _key_id(vkey: str) -> bytes:
    return bytes.fromhex(vkey.split("+")[1])


@cache
def _library() -> Any:
    """Loaded when first needed; every function that answers with a pointer is told so."""
    path = ctypes.util.find_library("crypto")
    try:
        library = ctypes.CDLL(path or "libcrypto.so.3")
        for name in _POINTERS:
            getattr(library, name).restype = ctypes.c_void_p
        for name in ("EVP_PKEY_CTX_set1_id", "EVP_DigestSign", "EVP_DigestVerify", "EVP_PKEY_generate"):
            getattr(library, name).restype = ctypes.c_int
    except (OSError, AttributeError):
        raise Sm2Missing("the system's libcrypto has no SM2") from None
    _typed(library)
    context = library.EVP_PKEY_CTX_new_from_name(None, b"SM2", None)
    if not context:
        raise Sm2Missing("the system's libcrypto has no SM2")
    library.EVP_PKEY_CTX_free(context)
    return library


def _typed(library: Any) -> None:
    """Pointers have eight bytes: left to itself, ctypes would pass four of them."""
    pointer, size, text = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p
    given = {
        "EVP_PKEY_CTX_new_from_name": (pointer, text, text),
        "EVP_PKEY_keygen_init": (pointer,),
        "EVP_PKEY_generate": (pointer, pointer),
        "EVP_PKEY_CTX_new": (pointer, pointer),
        "EVP_PKEY_CTX_set1_id": (pointer, text, ctypes.c_int),
        "EVP_MD_CTX_set_pkey_ctx": (pointer, pointer),
        "EVP_DigestSignInit": (pointer, pointer, pointer, pointer, pointer),
        "EVP_DigestVerifyInit": (pointer, pointer, pointer, pointer, pointer),
        "EVP_DigestSign": (pointer, pointer, pointer, text, size),
        "EVP_DigestVerify": (pointer, text, size, text, size),
        "d2i_PUBKEY": (pointer, pointer, ctypes.c_long),
        "d2i_AutoPrivateKey": (pointer, pointer, ctypes.c_long),
        "i2d_PUBKEY": (pointer, pointer),
        "i2d_PrivateKey": (pointer, pointer),
        "EVP_PKEY_free": (pointer,),
        "EVP_PKEY_CTX_free": (pointer,),
        "EVP_MD_CTX_free": (pointer,),
    }
    for name, types in given.items():
        getattr(library, name).argtypes = types
