"""What the two RSA signature schemes of RFC 8017 share."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from kernel.errors import TongbanError
from signing.algorithms._keys import private_der, public_der, read_private, read_public
from signing.algorithms.port import DEFAULT_SIGNER_ID

SIZES = (2048, 3072, 4096)
"""Sizes in bits that new keys may have; the middle one where none is asked for."""
DEFAULT_BITS = 3072
_LEAST_BITS = 2048
_MOST_BITS = 8192


@dataclass(frozen=True, slots=True)
class RsaSha256:
    """RSA signatures over SHA-256 with one padding; keys from 2048 to 8192 bits."""

    name: str
    oid: str
    identifier: bytes
    scheme: padding.PKCS1v15 | padding.PSS
    digest_name: str = "sha256"
    bits: int = DEFAULT_BITS
    """Size of a new key; keys of other sizes sign and verify all the same."""

    def generate(self) -> bytes:
        """Return a new private key of ``bits`` bits as PKCS#8 DER."""
        return private_der(rsa.generate_private_key(public_exponent=65537, key_size=self.bits))

    def public_key(self, private: bytes) -> bytes:
        """Return the SubjectPublicKeyInfo; raises TongbanError ``private-key-unreadable``."""
        return public_der(_private(private).public_key())

    def digest(
        self,
        message: bytes,
        public_key: bytes,  # noqa: ARG002 - the protocol is wider than RSA needs
        signer_id: bytes = DEFAULT_SIGNER_ID,  # noqa: ARG002 - as above
    ) -> bytes:
        """Return SHA-256(message)."""
        return hashlib.sha256(message).digest()

    def sign_digest(self, private: bytes, digest: bytes) -> bytes:
        """Sign 32 bytes; errors as in ``Algorithm.sign_digest``."""
        if len(digest) != hashes.SHA256.digest_size:
            raise TongbanError("digest-length", algorithm=self.name, size=len(digest))
        return _private(private).sign(digest, self.scheme, Prehashed(hashes.SHA256()))

    def verify_digest(self, public_key: bytes, digest: bytes, signature: bytes) -> bool:
        """Tell whether the signature fits; never raises on bad input."""
        if len(digest) != hashes.SHA256.digest_size:
            return False
        try:
            key = _public(public_key)
            key.verify(signature, digest, self.scheme, Prehashed(hashes.SHA256()))
        except (InvalidSignature, TongbanError):
            return False
        return True


@lru_cache(maxsize=64)
def _private(private: bytes) -> rsa.RSAPrivateKey:
    # Reading an RSA key checks its primes, which costs more than a hundred signatures.
    key = read_private(private, "rsa")
    if isinstance(key, rsa.RSAPrivateKey) and _LEAST_BITS <= key.key_size <= _MOST_BITS:
        return key
    raise TongbanError("private-key-unreadable", algorithm="rsa")


@lru_cache(maxsize=512)
def _public(public_key: bytes) -> rsa.RSAPublicKey:
    key = read_public(public_key, "rsa")
    if isinstance(key, rsa.RSAPublicKey) and _LEAST_BITS <= key.key_size <= _MOST_BITS:
        return key
    raise TongbanError("public-key-unreadable", algorithm="rsa")
