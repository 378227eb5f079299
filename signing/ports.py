"""What signing needs from key stores and signers. Plain values only: they cross processes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from kernel.errors import Refused


class Purpose(StrEnum):
    """What a key may be used for. A key is made for some of these and signs for no other."""

    SEAL_OFD = "seal-ofd"
    """Seal an OFD certificate (GB/T 38540)."""
    SEAL_PDF = "seal-pdf"
    """Seal a PDF certificate (PAdES)."""
    MAKE_SEAL = "make-seal"
    """Sign the data of an electronic seal (制章)."""
    ISSUE_CERTIFICATE = "issue-certificate"
    ISSUE_CRL = "issue-crl"
    OCSP = "ocsp"
    """Say which certificates are good (RFC 6960)."""
    TIME_STAMP = "time-stamp"
    LOG_CHECKPOINT = "log-checkpoint"
    TRUST_LIST = "trust-list"
    """The region's signed trust list."""
    PEER_MESSAGE = "peer-message"
    """A request to, or an answer for, another region's hub."""


@dataclass(frozen=True, slots=True)
class SignRequest:
    """Asks for one signature.

    ``number`` names what is signed (a certificate's identifier and version); one number and purpose
    get one digest, ever. ``seal`` and ``approval`` are ids kept with the answer for the auditor.
    """

    key: str
    digest: bytes
    purpose: str
    number: str
    seal: str = ""
    approval: str = ""


@dataclass(frozen=True, slots=True)
class SignAnswer:
    """A signature that the signer has itself verified and kept.

    ``repeated`` tells that the same request had been answered before, with this same signature.
    """

    signature: bytes
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """What may be known about a key by anyone."""

    name: str
    algorithm: str
    spki: bytes
    """SubjectPublicKeyInfo DER."""
    purposes: tuple[str, ...]


class KeyStore(Protocol):
    """Where private keys live; they never leave it."""

    @property
    def demo(self) -> bool:
        """True where keys are not protected; such a store is refused in production."""

    def create(self, name: str, algorithm: str, purposes: Sequence[str]) -> KeyInfo:
        """Make a key, durably, before returning; an equal existing key is returned as it is.

        Raises TongbanError ``key-exists`` where the name has another algorithm or other purposes,
        ``key-name-invalid``, ``purpose-unknown``.
        """

    def names(self) -> tuple[str, ...]:
        """Return the names of all keys, sorted."""

    def info(self, name: str) -> KeyInfo:
        """Describe a key; raises TongbanError ``key-unknown``."""

    def public_key(self, name: str) -> tuple[str, bytes]:
        """Return algorithm and SubjectPublicKeyInfo; raises TongbanError ``key-unknown``."""

    def sign(self, name: str, digest: bytes) -> bytes:
        """Sign a digest; raises TongbanError ``key-unknown`` and those of the algorithm."""


class Signer(Protocol):
    """The only way to a signature for the rest of the hub."""

    def sign(self, request: SignRequest) -> SignAnswer | Refused:
        """Sign once per number and purpose.

        The same request again returns the same signature. Refused: ``number-signed-otherwise``,
        ``purpose-not-allowed``, ``key-unknown``, ``sign-request-invalid``. Raises TongbanError
        ``signer-unreachable``.
        """

    def sign_many(self, requests: Sequence[SignRequest]) -> tuple[SignAnswer | Refused, ...]:
        """Sign a batch with one durable write; answers in the order of the requests."""

    def create(self, name: str, algorithm: str, purposes: Sequence[str]) -> KeyInfo:
        """Make a key or return the equal existing one; errors as in ``KeyStore.create``."""

    def key(self, name: str) -> KeyInfo | None:
        """Describe a key, or None."""

    def all_keys(self) -> tuple[KeyInfo, ...]:
        """Describe all keys, by name."""
