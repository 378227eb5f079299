"""What ECDSA on every NIST curve shares (FIPS 186-5, RFC 5480, RFC 5758), by ``cryptography``."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from kernel.errors import TongbanError
from signing.algorithms._keys import private_der, public_der, read_private, read_public
from signing.algorithms.port import DEFAULT_SIGNER_ID


@dataclass(frozen=True, slots=True)
class Ecdsa:
    """ECDSA on one curve over one hash; DER ``SEQUENCE {r, s}``."""

    name: str
    oid: str
    identifier: bytes
    digest_name: str
    curve: ec.EllipticCurve
    hash: hashes.HashAlgorithm

    def generate(self) -> bytes:
        """Return a new private key as PKCS#8 DER."""
        return private_der(ec.generate_private_key(self.curve))

    def public_key(self, private: bytes) -> bytes:
        """Return the SubjectPublicKeyInfo; raises TongbanError ``private-key-unreadable``."""
        return public_der(_private(private, self.curve.name, self.name).public_key())

    def digest(
        self,
        message: bytes,
        public_key: bytes,  # noqa: ARG002 - the protocol is wider than ECDSA needs
        signer_id: bytes = DEFAULT_SIGNER_ID,  # noqa: ARG002 - as above
    ) -> bytes:
        """Return the hash of the message."""
        return hashlib.new(self.digest_name, message).digest()

    def sign_digest(self, private: bytes, digest: bytes) -> bytes:
        """Sign one digest; errors as in ``Algorithm.sign_digest``."""
        if len(digest) != self.hash.digest_size:
            raise TongbanError("digest-length", algorithm=self.name, size=len(digest))
        key = _private(private, self.curve.name, self.name)
        return key.sign(digest, ec.ECDSA(Prehashed(self.hash)))

    def verify_digest(self, public_key: bytes, digest: bytes, signature: bytes) -> bool:
        """Tell whether the signature fits; never raises on bad input."""
        if len(digest) != self.hash.digest_size:
            return False
        try:
            key = _public(public_key, self.curve.name, self.name)
            key.verify(signature, digest, ec.ECDSA(Prehashed(self.hash)))
        except (InvalidSignature, TongbanError):
            return False
        return True


@lru_cache(maxsize=64)
def _private(private: bytes, curve: str, algorithm: str) -> ec.EllipticCurvePrivateKey:
    key = read_private(private, algorithm)
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name == curve:
        return key
    raise TongbanError("private-key-unreadable", algorithm=algorithm)


@lru_cache(maxsize=512)
def _public(public_key: bytes, curve: str, algorithm: str) -> ec.EllipticCurvePublicKey:
    key = read_public(public_key, algorithm)
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == curve:
        return key
    raise TongbanError("public-key-unreadable", algorithm=algorithm)
