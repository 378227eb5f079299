"""RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes (RFC 8017 §8.1, RFC 4055)."""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from signing import der
from signing.algorithms._rsa import DEFAULT_BITS, SIZES, RsaSha256
from signing.algorithms.port import Algorithm

NAME = "rsa_pss"
OID = "1.2.840.113549.1.1.10"
OIDS = (OID,)

__all__ = ["NAME", "OID", "OIDS", "SIZES", "algorithm"]

_SALT = 32
_SHA256 = der.sequence(der.oid("2.16.840.1.101.3.4.2.1"), der.encode(der.NULL))
_MGF1 = der.sequence(der.oid("1.2.840.113549.1.1.8"), _SHA256)


def algorithm(name: str = NAME, bits: int = DEFAULT_BITS) -> Algorithm:
    """Return the algorithm; only these parameters are verified. New keys have ``bits`` bits."""
    parameters = der.sequence(
        der.encode(0xA0, _SHA256), der.encode(0xA1, _MGF1), der.encode(0xA2, der.integer(_SALT))
    )
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), _SALT)
    return RsaSha256(name, OID, der.sequence(der.oid(OID), parameters), scheme, bits=bits)
