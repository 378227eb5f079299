"""What sealing needs from whoever stamps time."""

from __future__ import annotations

from typing import Protocol

from signing.seal_model import IssuedCertificate, Role


class TimeStamps(Protocol):
    """A time-stamp authority, ours or another's."""

    def stamp(self, digest: bytes, algorithm: str) -> bytes:
        """Return a token (DER ContentInfo) over ``digest``.

        ``algorithm`` names the family (``sm2_sm3``: digest and signature of the token are SM3 and
        SM2; ``ecdsa_p256``: SHA-256). Raises TongbanError ``digest-length``,
        ``time-stamp-unreachable``, ``time-stamp-refused``, ``time-stamp-invalid``,
        ``signer-unreachable``.
        """


class Certificates(Protocol):
    """The narrowest view of a regional CA: certificates in force."""

    def current(self, role: Role, algorithm: str) -> IssuedCertificate:
        """Return the certificate of a role; TongbanError ``authority-not-established``."""
