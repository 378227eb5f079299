"""Peers, and what two hubs say to each other. No personal data outside ``Question.ask``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from certificates.requests_model import CertificateAnswer, CertificateAsk
from kernel.errors import Refused

PATH = "/v1/peer-requests"
"""Where a hub takes questions of its peers."""
SCHEMA = 1
WINDOW_SECONDS = 300
"""How far the clocks of two hubs may differ, and how long a signed message lives."""


@dataclass(frozen=True, slots=True)
class PeerKey:
    """A public key (SubjectPublicKeyInfo DER, P-256) of a peer; ``until`` ends its use."""

    id: str
    """``region/`` and 16 hex digits of the key's SHA-256, as in ``keyid``."""
    spki: bytes
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Peer:
    """The hub of another region, as registered here."""

    region: str
    """Division code (GB/T 2260)."""
    name: str
    address: str
    """Public base address without a trailing slash; the only address ever called for it."""
    keys: tuple[PeerKey, ...]
    per_minute: int
    """Most questions of it that are taken in a minute."""
    cut_from: datetime | None = None
    """From when on nothing is exchanged with it."""
    handles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Matter to credit codes of the bodies of that region that handle it there."""

    @property
    def url(self) -> str:
        """Where its questions go."""
        return self.address + PATH

    def key(self, key_id: str, now: datetime) -> PeerKey | None:
        """Return a key in use, or None."""
        found = next((item for item in self.keys if item.id == key_id), None)
        return found if found and (found.until is None or now < found.until) else None


class State(StrEnum):
    """How far an exchange has come at the requester's hub."""

    ASKED = "asked"
    SERVED = "served"
    REFUSED = "refused"
    """The home hub said no; ``code`` tells why."""
    FAILED = "failed"
    """No answer that counts; asking again under the same key is safe."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A journal entry as the other side keeps it: id of its subject, and its leaf hash (Base64)."""

    subject: str
    leaf: str


@dataclass(frozen=True, slots=True)
class Question:
    """What the requester's hub asks. ``salt`` keeps the digest in the logs from being guessed."""

    exchange: str
    asker: str
    home: str
    org: str
    entry: Entry
    ask: CertificateAsk
    salt: str


@dataclass(frozen=True, slots=True)
class File:
    """An annotated copy on its way."""

    format: str
    data: bytes
    usable_until: datetime


@dataclass(frozen=True, slots=True)
class Reply:
    """What the home hub answers: a refusal, or the answer with its files; and its own entry."""

    exchange: str
    region: str
    entry: Entry
    receipt: Mapping[str, object]
    refused: Refused | None = None
    answer: CertificateAnswer | None = None
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True)
class Received:
    """What the requester is given: the answer under the requester's own number, and whose it is."""

    answer: CertificateAnswer
    region: str
    entry: Entry
    receipt: Mapping[str, object]
