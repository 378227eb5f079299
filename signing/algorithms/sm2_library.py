"""A faster SM2 library, where one is installed: four C functions, described in
``docs/formats/sm2-provider.md``.

It is looked for by name at run time; without it nothing is said and libcrypto does the work. One
that is there must first show what ``prove`` asks. It never serves a forked process: runtimes and
precomputed nonces of such libraries do not survive a fork.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import structlog

from kernel.errors import TongbanError
from signing import der
from signing.algorithms import libcrypto

LIBRARY = "libtongban_sm2.so"
ABI = 1
_SCALAR, _POINT, _LONGEST = 32, 64, 72
_ROUNDS = 8
_FUNCTIONS: dict[str, tuple[Any, Sequence[Any]]] = {
    "tongban_sm2_abi": (ctypes.c_int, ()),
    "tongban_sm2_version": (ctypes.c_char_p, ()),
    "tongban_sm2_sign": (ctypes.c_int, (ctypes.c_char_p,) * 3),
    "tongban_sm2_verify": (ctypes.c_int, (*(ctypes.c_char_p,) * 3, ctypes.c_int)),
}


@dataclass(frozen=True, slots=True)
class Sm2Library:
    """A loaded library. Keys are octets: the scalar of a private key, x and y of a public one."""

    name: str
    _library: Any = field(repr=False)
    _owner: int = field(default_factory=os.getpid, repr=False)

    def sign(self, scalar: bytes, digest: bytes) -> bytes:
        """Sign 32 octets; DER ``SEQUENCE {r, s}``. TongbanError ``signature-failed``."""
        out = ctypes.create_string_buffer(_LONGEST)
        size = self._library.tongban_sm2_sign(scalar, digest, out) if self.usable else 0
        if not 0 < size <= _LONGEST:
            raise TongbanError("signature-failed", algorithm="sm2_sm3")
        return out.raw[:size]

    def verify(self, point: bytes, digest: bytes, signature: bytes) -> bool:
        """Tell whether the signature, exactly encoded, fits."""
        if not self.usable or not _exact(signature):
            return False
        size = len(signature)
        return bool(self._library.tongban_sm2_verify(point, digest, signature, size) == 1)

    @property
    def usable(self) -> bool:
        """Tell whether this is the process that loaded it."""
        return os.getpid() == self._owner


def scalar_of(private: bytes) -> bytes:
    """Return the private scalar of PKCS#8 (RFC 5208 around RFC 5915): 32 octets.

    Raises TongbanError ``private-key-unreadable``.
    """
    try:
        inner = der.whole(der.whole(private).children()[2].content)
        octets = inner.children()[1].content
    except (der.DerError, IndexError, ValueError) as error:
        raise TongbanError("private-key-unreadable", algorithm="sm2_sm3") from error
    if len(octets) != _SCALAR:
        raise TongbanError("private-key-unreadable", algorithm="sm2_sm3")
    return octets


def load(path: str) -> Sm2Library | None:
    """Load a library; None where there is none of this interface at ``path``."""
    try:
        library = ctypes.CDLL(path)
        for name, (result, arguments) in _FUNCTIONS.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, tuple(arguments)
        if library.tongban_sm2_abi() != ABI:
            return None
        version = bytes(library.tongban_sm2_version() or b"").decode("ascii", "replace")
    except (OSError, AttributeError):
        return None
    return Sm2Library(version or LIBRARY, library)


def prove(library: Sm2Library, known: Callable[[Sm2Library], bool], rounds: int = _ROUNDS) -> str:
    """Return what a library gets wrong, or nothing.

    ``known`` checks the example of the standard. Besides, in each round: a signature that libcrypto
    must accept, one of libcrypto that it must accept, neither with another digest; and no value
    twice under one key.
    """
    if not known(library):
        return "example"
    kept = libcrypto.generate()
    scalar, point = _halves(kept)
    digest, other = b"\x5a" * _SCALAR, b"\xa5" * _SCALAR
    made = {library.sign(scalar, digest) for _ in range(rounds)}
    if len({_first(item) for item in made}) != rounds:
        return "nonce"
    for signature in made:
        theirs = libcrypto.sign(kept, digest)
        if not (
            libcrypto.verify(kept, digest, signature) and library.verify(point, digest, theirs)
        ):
            return "cross"
        if library.verify(point, other, theirs):
            return "reject"
    return ""


@cache
def found(known: Callable[[Sm2Library], bool]) -> Sm2Library | None:
    """Return the installed library if it proves itself, else None; a refused one is logged."""
    library = load(LIBRARY)
    if library is None:
        return None
    try:
        fault = prove(library, known)
    except TongbanError as error:
        fault = error.code
    if fault:
        # Commands print results on standard output before logs are set up.
        log = structlog.wrap_logger(structlog.PrintLogger(sys.stderr))
        log.warning("sm2-provider-refused", provider=library.name, step=fault)
        return None
    return library


def _halves(key: libcrypto.Key) -> tuple[bytes, bytes]:
    return scalar_of(libcrypto.private_der(key)), libcrypto.public_der(key)[-_POINT:]


def _exact(signature: bytes) -> bool:
    """Tell whether this is DER ``SEQUENCE {r, s}`` of two numbers below 2^256, exactly."""
    try:
        values = _values(signature)
    except (der.DerError, ValueError):
        return False
    fits = len(values) == 2 and not any(value >> (8 * _SCALAR) for value in values)
    return fits and der.sequence(*map(der.integer, values)) == signature


def _values(signature: bytes) -> list[int]:
    parts = der.whole(signature).children()
    return [int.from_bytes(part.content, "big") for part in parts]


def _first(signature: bytes) -> int:
    """Return r; raises TongbanError ``signature-failed`` for what is no signature."""
    if not _exact(signature):
        raise TongbanError("signature-failed", algorithm="sm2_sm3")
    return _values(signature)[0]
