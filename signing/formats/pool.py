"""What an inspector gathers on its way: certificates once each, and observations."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field

from kernel.errors import TongbanError
from signing import x509
from signing.model import Observation
from signing.x509 import Cert


@dataclass(slots=True)
class Pool:
    """Certificates met so far by SHA-256; grows during one inspection and is then copied out."""

    ders: dict[str, bytes] = field(default_factory=dict)

    def add(self, der: bytes) -> str:
        """Keep a certificate and return its SHA-256 in hex."""
        name = hashlib.sha256(der).hexdigest()
        self.ders.setdefault(name, der)
        return name

    def encoded(self) -> dict[str, str]:
        """Return the certificates in base64, sorted by name so that evidence is deterministic."""
        return {name: base64.b64encode(self.ders[name]).decode() for name in sorted(self.ders)}


@dataclass(slots=True)
class Notes:
    """Observations of one signature or of the file; the same one is kept once."""

    items: list[Observation] = field(default_factory=list)

    def add(self, code: str, path: str = "", detail: str = "") -> None:
        """Note a defect."""
        seen = Observation(code, path, detail)
        if seen not in self.items:
            self.items.append(seen)


def read_certificate(der: bytes, notes: Notes, path: str = "") -> Cert | None:
    """Parse a certificate; what cannot be read is noted as E_CERT_FORMAT."""
    try:
        return x509.parse(der)
    except TongbanError as error:
        notes.add("E_CERT_FORMAT", path, error.params.get("reason", ""))
        return None
