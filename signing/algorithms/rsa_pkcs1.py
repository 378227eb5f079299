"""RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 §8.2)."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import padding

from signing import der
from signing.algorithms._rsa import DEFAULT_BITS, SIZES, RsaSha256
from signing.algorithms.port import Algorithm

NAME = "rsa_pkcs1"
OID = "1.2.840.113549.1.1.11"
OIDS = (OID,)

__all__ = ["NAME", "OID", "OIDS", "SIZES", "algorithm"]


def algorithm(name: str = NAME, bits: int = DEFAULT_BITS) -> Algorithm:
    """Return the algorithm, whose new keys have ``bits`` bits."""
    identifier = der.sequence(der.oid(OID), der.encode(der.NULL))
    return RsaSha256(name, OID, identifier, padding.PKCS1v15(), bits=bits)
