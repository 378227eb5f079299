"""What a sealed file of this region needs to be judged in years, gathered from its own CA."""

from __future__ import annotations

from typing import Protocol

from signing.formats.pdf.augment import Material
from signing.seal_model import IssuedCertificate, Role


class Lists(Protocol):
    """The narrowest view of a regional CA: certificates in force and fresh revocation lists."""

    def current(self, role: Role, algorithm: str) -> IssuedCertificate:
        """Return the certificate of a role; TongbanError ``authority-not-established``."""

    def crl(self, algorithm: str, *, role: Role = Role.CA) -> bytes:
        """Return a fresh revocation list (DER) of the issuing CA or the root."""


def material(authority: Lists, algorithm: str, *signers: bytes) -> Material:
    """Return certificates and lists for ``augment``.

    ``signers`` are the certificates (DER) that made the signatures; issuing CA, time-stamp
    authority and the lists of CA and root come from ``authority``. Fetch it after the signature's
    time stamp: only a list from after the proven time says that the signer was not revoked then.
    """
    roles = (Role.CA, Role.TIME_STAMP)
    certificates = (authority.current(role, algorithm).cert.der for role in roles)
    lists = (authority.crl(algorithm, role=role) for role in (Role.CA, Role.ROOT))
    return Material((*signers, *certificates), tuple(lists))
