"""Online certificate status (RFC 6960): what is asked and what is answered, as values."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Final

from signing import der
from signing.algorithms.sm2_sm3 import sm3
from signing.x509 import Cert

BASIC: Final = "1.3.6.1.5.5.7.48.1.1"
"""id-pkix-ocsp-basic."""
NONCE: Final = "1.3.6.1.5.5.7.48.1.2"
HASHES: Final = {
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
    "1.2.156.10197.1.401": "sm3",
}
"""Digests that name an issuer. SHA-1 (RFC 6960 knows no other by default) protects nothing here:
the answer says of which certificate it speaks, and its signature is made with the family's own."""


class ResponseStatus(IntEnum):
    """How a responder answers (RFC 6960 §4.2.1)."""

    SUCCESSFUL = 0
    MALFORMED_REQUEST = 1
    INTERNAL_ERROR = 2
    TRY_LATER = 3
    SIG_REQUIRED = 5
    UNAUTHORIZED = 6


class CertStatus(StrEnum):
    """What is said of one certificate (RFC 6960 §4.2.1)."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CertId:
    """Names a certificate by digests of its issuer's name and key, and its serial number."""

    digest: str
    """Name of the digest, empty where it is not known here."""
    name_hash: bytes
    key_hash: bytes
    serial: int
    raw: bytes
    """As it was received."""

    def names(self, issuer: Cert) -> bool:
        """Tell whether the issuer is this certificate."""
        return bool(self.digest) and (self.name_hash, self.key_hash) == issuer_hashes(
            issuer, self.digest
        )


@dataclass(frozen=True, slots=True)
class Single:
    """What is said of one certificate; ``reason`` is a code of RFC 5280 §5.3.1."""

    cert_id: CertId
    status: CertStatus
    this_update: datetime
    next_update: datetime | None
    revoked_at: datetime | None = None
    reason: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """A basic response as received; nothing of it is verified yet."""

    tbs: bytes
    signature_oid: str
    signature: bytes
    responder_name: bytes
    """The responder's encoded name, or empty where it names its key."""
    responder_key: bytes
    """SHA-1 of the responder's key, or empty where it gives its name."""
    produced_at: datetime
    singles: tuple[Single, ...]
    nonce: bytes
    """Content of the nonce's extension as received; empty: none."""
    certificates: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class StatusRequest:
    """A request as received."""

    cert_ids: tuple[CertId, ...]
    nonce: bytes = b""
    """Content of the nonce's extension as received; empty: none."""


def hashed(digest: str, data: bytes) -> bytes:
    """Return a digest by its name in ``HASHES``."""
    if digest == "sm3":
        return sm3(data)
    return hashlib.new(digest, data, usedforsecurity=False).digest()


def key_bits(spki: bytes) -> bytes:
    """Return the content of the key's BIT STRING, which is what is hashed of a key."""
    return der.whole(spki).children()[1].content[1:]


def issuer_hashes(issuer: Cert, digest: str) -> tuple[bytes, bytes]:
    """Return the digests of an issuer's name and key."""
    return hashed(digest, issuer.subject_raw), hashed(digest, key_bits(issuer.spki))
