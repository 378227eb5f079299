"""What every signature algorithm offers."""

from __future__ import annotations

from typing import Protocol

DEFAULT_SIGNER_ID = b"1234567812345678"
"""The signer id that GM/T 0009 and GM/T 0015 prescribe where none was agreed on."""


class Algorithm(Protocol):
    """One signature algorithm. Stateless, safe to share between threads."""

    @property
    def name(self) -> str:
        """Name used in files and settings, such as ``sm2_sm3``."""

    @property
    def oid(self) -> str:
        """Dotted signature OID that is written."""

    @property
    def identifier(self) -> bytes:
        """DER ``AlgorithmIdentifier`` that is written into certificates and CMS."""

    @property
    def digest_name(self) -> str:
        """Digest of the message: ``sm3``, ``sha256`` or ``sha384``."""

    def generate(self) -> bytes:
        """Return a new private key as PKCS#8 DER."""

    def public_key(self, private: bytes) -> bytes:
        """Return the SubjectPublicKeyInfo DER of a PKCS#8 private key.

        Raises TongbanError ``private-key-unreadable``.
        """

    def digest(
        self, message: bytes, public_key: bytes, signer_id: bytes = DEFAULT_SIGNER_ID
    ) -> bytes:
        """Return what is signed. SM2: SM3(Z || message), Z from id and public key; others: hash.

        ``public_key`` is a SubjectPublicKeyInfo. Raises TongbanError ``public-key-unreadable``
        where the key is needed and is none of this algorithm.
        """

    def sign_digest(self, private: bytes, digest: bytes) -> bytes:
        """Sign a digest; elliptic curves answer DER ``SEQUENCE {r, s}``.

        Raises TongbanError ``private-key-unreadable``, ``digest-length``, ``signature-failed``.
        """

    def verify_digest(self, public_key: bytes, digest: bytes, signature: bytes) -> bool:
        """Tell whether the signature fits. Never raises: whatever cannot be read is false."""
