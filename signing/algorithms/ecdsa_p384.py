"""ECDSA on NIST P-384 with SHA-384 (FIPS 186-5, RFC 5480, RFC 5758)."""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from signing import der
from signing.algorithms._ecdsa import Ecdsa
from signing.algorithms.port import Algorithm

NAME = "ecdsa_p384"
OID = "1.2.840.10045.4.3.3"
OIDS = (OID,)


def algorithm() -> Algorithm:
    """Return the algorithm."""
    identifier = der.sequence(der.oid(OID))
    return Ecdsa(NAME, OID, identifier, "sha384", ec.SECP384R1(), hashes.SHA384())
