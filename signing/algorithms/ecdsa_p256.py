"""ECDSA on NIST P-256 with SHA-256 (FIPS 186-5, RFC 5480), by ``cryptography``."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from kernel.errors import TongbanError
from signing import der
from signing.algorithms._keys import private_der, public_der, read_private, read_public
from signing.algorithms.port import DEFAULT_SIGNER_ID, Algorithm

NAME = "ecdsa_p256"
OID = "1.2.840.10045.4.3.2"
OIDS = (OID,)


@dataclass(frozen=True, slots=True)
class EcdsaP256:
    """ECDSA signatures over SHA-256; DER ``SEQUENCE {r, s}``."""

    name: str = NAME
    oid: str = OID
    identifier: bytes = der.sequence(der.oid(OID))
    digest_name: str = "sha256"

    def generate(self) -> bytes:
        """Return a new private key as PKCS#8 DER."""
        return private_der(ec.generate_private_key(ec.SECP256R1()))

    def public_key(self, private: bytes) -> bytes:
        """Return the SubjectPublicKeyInfo; raises TongbanError ``private-key-unreadable``."""
        return public_der(_private(private).public_key())

    def digest(
        self,
        message: bytes,
        public_key: bytes,  # noqa: ARG002 - the protocol is wider than ECDSA needs
        signer_id: bytes = DEFAULT_SIGNER_ID,  # noqa: ARG002 - as above
    ) -> bytes:
        """Return SHA-256(message)."""
        return hashlib.sha256(message).digest()

    def sign_digest(self, private: bytes, digest: bytes) -> bytes:
        """Sign 32 bytes; errors as in ``Algorithm.sign_digest``."""
        if len(digest) != hashes.SHA256.digest_size:
            raise TongbanError("digest-length", algorithm=NAME, size=len(digest))
        return _private(private).sign(digest, ec.ECDSA(Prehashed(hashes.SHA256())))

    def verify_digest(self, public_key: bytes, digest: bytes, signature: bytes) -> bool:
        """Tell whether the signature fits; never raises on bad input."""
        if len(digest) != hashes.SHA256.digest_size:
            return False
        try:
            _public(public_key).verify(signature, digest, ec.ECDSA(Prehashed(hashes.SHA256())))
        except (InvalidSignature, TongbanError):
            return False
        return True


@lru_cache(maxsize=64)
def _private(private: bytes) -> ec.EllipticCurvePrivateKey:
    key = read_private(private, NAME)
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise TongbanError("private-key-unreadable", algorithm=NAME)


@lru_cache(maxsize=512)
def _public(public_key: bytes) -> ec.EllipticCurvePublicKey:
    key = read_public(public_key, NAME)
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise TongbanError("public-key-unreadable", algorithm=NAME)


def algorithm() -> Algorithm:
    """Return the algorithm."""
    return EcdsaP256()
