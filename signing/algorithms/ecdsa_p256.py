"""ECDSA on NIST P-256 with SHA-256 (FIPS 186-5, RFC 5480, RFC 5758)."""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from signing import der
from signing.algorithms._ecdsa import Ecdsa
from signing.algorithms.port import Algorithm

NAME = "ecdsa_p256"
OID = "1.2.840.10045.4.3.2"
OIDS = (OID,)


def algorithm() -> Algorithm:
    """Return the algorithm."""
    identifier = der.sequence(der.oid(OID))
    return Ecdsa(NAME, OID, identifier, "sha256", ec.SECP256R1(), hashes.SHA256())
