"""Keys of ``cryptography`` as bytes and back: what all algorithms over it share."""

from __future__ import annotations

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

from kernel.errors import TongbanError


def private_der(key: PrivateKeyTypes) -> bytes:
    """Return a private key as PKCS#8 DER, unencrypted: the key store seals it."""
    return key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def public_der(key: PublicKeyTypes) -> bytes:
    """Return a public key as SubjectPublicKeyInfo DER."""
    return key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def read_private(der: bytes, algorithm: str) -> PrivateKeyTypes:
    """Read a private key of any kind; raises TongbanError ``private-key-unreadable``."""
    try:
        return serialization.load_der_private_key(der, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise TongbanError("private-key-unreadable", algorithm=algorithm) from error


def read_public(der: bytes, algorithm: str) -> PublicKeyTypes:
    """Read a public key of any kind; raises TongbanError ``public-key-unreadable``."""
    try:
        return serialization.load_der_public_key(der)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise TongbanError("public-key-unreadable", algorithm=algorithm) from error
