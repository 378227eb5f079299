"""A thin binding to the operating system's libcrypto 3, for what Python's own libraries lack.

``ctypes.CDLL`` releases the interpreter lock during each call. The copy of OpenSSL inside the
``cryptography`` wheel is static and exports nothing, so the system's library is looked for by name.
Its random generator notices a fork by itself, and no nonce is ever kept between two signatures.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import weakref
from collections.abc import Sequence
from functools import cache

from kernel.errors import TongbanError

_Pointer = ctypes.c_void_p
_Size = ctypes.c_size_t
_Bytes = ctypes.c_char_p

_FUNCTIONS: dict[str, tuple[type | None, Sequence[object]]] = {
    "OpenSSL_version_num": (ctypes.c_ulong, ()),
    "ERR_clear_error": (None, ()),
    "EVP_PKEY_free": (None, (_Pointer,)),
    "EVP_PKEY_is_a": (ctypes.c_int, (_Pointer, _Bytes)),
    "EVP_PKEY_CTX_new_from_name": (_Pointer, (_Pointer, _Bytes, _Bytes)),
    "EVP_PKEY_CTX_new_from_pkey": (_Pointer, (_Pointer, _Pointer, _Bytes)),
    "EVP_PKEY_CTX_free": (None, (_Pointer,)),
    "EVP_PKEY_keygen_init": (ctypes.c_int, (_Pointer,)),
    "EVP_PKEY_generate": (ctypes.c_int, (_Pointer, _Pointer)),
    "EVP_PKEY_sign_init": (ctypes.c_int, (_Pointer,)),
    "EVP_PKEY_sign": (ctypes.c_int, (_Pointer, _Bytes, _Pointer, _Bytes, _Size)),
    "EVP_PKEY_verify_init": (ctypes.c_int, (_Pointer,)),
    "EVP_PKEY_verify": (ctypes.c_int, (_Pointer, _Bytes, _Size, _Bytes, _Size)),
    "EVP_PKEY_check": (ctypes.c_int, (_Pointer,)),
    "EVP_PKEY_public_check": (ctypes.c_int, (_Pointer,)),
    "d2i_AutoPrivateKey": (_Pointer, (_Pointer, _Pointer, ctypes.c_long)),
    "d2i_PUBKEY": (_Pointer, (_Pointer, _Pointer, ctypes.c_long)),
    "i2d_PUBKEY": (ctypes.c_int, (_Pointer, _Pointer)),
    "EVP_PKEY2PKCS8": (_Pointer, (_Pointer,)),
    "i2d_PKCS8_PRIV_KEY_INFO": (ctypes.c_int, (_Pointer, _Pointer)),
    "PKCS8_PRIV_KEY_INFO_free": (None, (_Pointer,)),
}
_MAJOR_SHIFT = 28
_LONGEST_SIGNATURE = 160


@cache
def load() -> ctypes.CDLL:
    """Return libcrypto with argument types set.

    Raises TongbanError ``sm2-unavailable`` with the reason where no libcrypto 3 can be loaded.
    """
    tried: list[str] = []
    for name in dict.fromkeys((ctypes.util.find_library("crypto"), *_NAMES)):
        if not name:
            continue
        try:
            library = ctypes.CDLL(name)
            for function, (result, arguments) in _FUNCTIONS.items():
                handle = getattr(library, function)
                handle.restype, handle.argtypes = result, tuple(arguments)
        except (OSError, AttributeError):
            tried.append(name)
            continue
        if library.OpenSSL_version_num() >> _MAJOR_SHIFT >= 3:
            return library
        tried.append(name)
    raise TongbanError("sm2-unavailable", reason=f"no libcrypto 3 among {', '.join(tried)}")


def version() -> str:
    """Return the version of the library in use, such as ``3.0.19``; errors as in ``load``."""
    number = load().OpenSSL_version_num()
    return f"{number >> _MAJOR_SHIFT}.{(number >> 20) & 0xFF}.{(number >> 4) & 0xFFFF}"


_NAMES = ("libcrypto.so.3", "libcrypto.so.4", "libcrypto.so", "libcrypto.3.dylib")


class Key:
    """An EVP_PKEY of type SM2, freed with the object. Safe to share between threads."""

    __slots__ = ("__weakref__", "pointer")

    def __init__(self, pointer: int) -> None:
        """Take ownership of an EVP_PKEY pointer."""
        self.pointer = pointer
        weakref.finalize(self, load().EVP_PKEY_free, pointer)


def generate() -> Key:
    """Make a new SM2 key. Raises TongbanError ``sm2-unavailable``: the build has no SM2."""
    library = load()
    context = library.EVP_PKEY_CTX_new_from_name(None, b"SM2", None)
    made = ctypes.c_void_p()
    try:
        if (
            not context
            or library.EVP_PKEY_keygen_init(context) != 1
            or library.EVP_PKEY_generate(context, ctypes.byref(made)) != 1
            or not made.value
        ):
            raise TongbanError("sm2-unavailable", reason="this libcrypto was built without SM2")
    finally:
        library.EVP_PKEY_CTX_free(context)
        library.ERR_clear_error()
    return Key(made.value)


def load_private(der: bytes) -> Key:
    """Read PKCS#8; raises TongbanError ``private-key-unreadable`` unless it is a sound SM2 key."""
    key = _decode(load().d2i_AutoPrivateKey, der)
    if key is None or not _sound(key, load().EVP_PKEY_check):
        raise TongbanError("private-key-unreadable", algorithm="sm2_sm3")
    return key


def load_public(der: bytes) -> Key:
    """Read SubjectPublicKeyInfo; TongbanError ``public-key-unreadable`` unless on the SM2 curve."""
    key = _decode(load().d2i_PUBKEY, der)
    if key is None or not _sound(key, load().EVP_PKEY_public_check):
        raise TongbanError("public-key-unreadable", algorithm="sm2_sm3")
    return key


def private_der(key: Key) -> bytes:
    """Return the PKCS#8 DER of a private key."""
    library = load()
    info = library.EVP_PKEY2PKCS8(key.pointer)
    try:
        return _encode(library.i2d_PKCS8_PRIV_KEY_INFO, info)
    finally:
        library.PKCS8_PRIV_KEY_INFO_free(info)


def public_der(key: Key) -> bytes:
    """Return the SubjectPublicKeyInfo DER."""
    return _encode(load().i2d_PUBKEY, key.pointer)


def sign(key: Key, digest: bytes) -> bytes:
    """Sign a digest; DER ``SEQUENCE {r, s}``. Raises TongbanError ``signature-failed``."""
    library = load()
    context = library.EVP_PKEY_CTX_new_from_pkey(None, key.pointer, None)
    out = ctypes.create_string_buffer(_LONGEST_SIGNATURE)
    size = _Size(_LONGEST_SIGNATURE)
    try:
        if (
            not context
            or library.EVP_PKEY_sign_init(context) != 1
            or library.EVP_PKEY_sign(context, out, ctypes.byref(size), digest, len(digest)) != 1
        ):
            raise TongbanError("signature-failed", algorithm="sm2_sm3")
    finally:
        library.EVP_PKEY_CTX_free(context)
        library.ERR_clear_error()
    return out.raw[: size.value]


def verify(key: Key, digest: bytes, signature: bytes) -> bool:
    """Tell whether the signature fits the digest."""
    library = load()
    context = library.EVP_PKEY_CTX_new_from_pkey(None, key.pointer, None)
    try:
        return bool(
            context
            and library.EVP_PKEY_verify_init(context) == 1
            and library.EVP_PKEY_verify(context, signature, len(signature), digest, len(digest))
            == 1
        )
    finally:
        library.EVP_PKEY_CTX_free(context)
        library.ERR_clear_error()


def _sound(key: Key, check: ctypes._NamedFuncPointer) -> bool:
    library = load()
    context = library.EVP_PKEY_CTX_new_from_pkey(None, key.pointer, None)
    try:
        return bool(library.EVP_PKEY_is_a(key.pointer, b"SM2") == 1 and check(context) == 1)
    finally:
        library.EVP_PKEY_CTX_free(context)
        library.ERR_clear_error()


def _decode(function: ctypes._NamedFuncPointer, der: bytes) -> Key | None:
    buffer = ctypes.create_string_buffer(der, max(len(der), 1))
    start = ctypes.addressof(buffer)
    cursor = ctypes.c_void_p(start)
    pointer = function(None, ctypes.byref(cursor), len(der))
    load().ERR_clear_error()
    if not pointer:
        return None
    key = Key(pointer)
    return key if (cursor.value or 0) - start == len(der) else None


def _encode(function: ctypes._NamedFuncPointer, pointer: int | None) -> bytes:
    size = function(pointer, None) if pointer else 0
    if size <= 0:
        load().ERR_clear_error()
        raise TongbanError("signature-failed", algorithm="sm2_sm3")
    buffer = ctypes.create_string_buffer(size)
    cursor = ctypes.c_void_p(ctypes.addressof(buffer))
    function(pointer, ctypes.byref(cursor))
    return buffer.raw
