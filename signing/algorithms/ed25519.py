"""Ed25519 (RFC 8032), for checkpoints of the log and for peers. It signs the message itself.

There is no digest step: ``digest`` returns the message, which must be short. A checkpoint is one,
and it holds a tree's root, never a document.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519 as curve

from kernel.errors import TongbanError
from signing import der
from signing.algorithms._keys import private_der, public_der, read_private, read_public
from signing.algorithms.port import DEFAULT_SIGNER_ID, Algorithm

NAME = "ed25519"
OID = "1.3.101.112"
OIDS = (OID,)
LONGEST_MESSAGE = 4096


@dataclass(frozen=True, slots=True)
class Ed25519:
    """Deterministic signatures of 64 bytes over messages of at most 4096 bytes."""

    name: str = NAME
    oid: str = OID
    identifier: bytes = der.sequence(der.oid(OID))
    digest_name: str = ""

    def generate(self) -> bytes:
        """Return a new private key as PKCS#8 DER."""
        return private_der(curve.Ed25519PrivateKey.generate())

    def public_key(self, private: bytes) -> bytes:
        """Return the SubjectPublicKeyInfo; raises TongbanError ``private-key-unreadable``."""
        return public_der(_private(private).public_key())

    def digest(
        self,
        message: bytes,
        public_key: bytes,  # noqa: ARG002 - the protocol is wider than Ed25519 needs
        signer_id: bytes = DEFAULT_SIGNER_ID,  # noqa: ARG002 - as above
    ) -> bytes:
        """Return the message itself."""
        return message

    def sign_digest(self, private: bytes, digest: bytes) -> bytes:
        """Sign a short message; errors as in ``Algorithm.sign_digest``."""
        if not 0 < len(digest) <= LONGEST_MESSAGE:
            raise TongbanError("digest-length", algorithm=NAME, size=len(digest))
        return _private(private).sign(digest)

    def verify_digest(self, public_key: bytes, digest: bytes, signature: bytes) -> bool:
        """Tell whether the signature fits; never raises on bad input."""
        try:
            _public(public_key).verify(signature, digest)
        except (InvalidSignature, TongbanError):
            return False
        return True


@lru_cache(maxsize=64)
def _private(private: bytes) -> curve.Ed25519PrivateKey:
    key = read_private(private, NAME)
    if isinstance(key, curve.Ed25519PrivateKey):
        return key
    raise TongbanError("private-key-unreadable", algorithm=NAME)


@lru_cache(maxsize=512)
def _public(public_key: bytes) -> curve.Ed25519PublicKey:
    key = read_public(public_key, NAME)
    if isinstance(key, curve.Ed25519PublicKey):
        return key
    raise TongbanError("public-key-unreadable", algorithm=NAME)


def algorithm() -> Algorithm:
    """Return the algorithm."""
    return Ed25519()
