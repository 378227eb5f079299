"""Answers of other CAs' responders (OCSP): asked from configured sources, kept, used offline.

``home/registry/signing/ocsp/<name>.toml`` names a source: ``issuer``, the SHA-256 fingerprint of
the issuing CA's certificate, ``address``, and ``timeout_seconds`` if three are not right. Answers
lie in ``home/cache/ocsp``, one for each certificate, and count in verdicts with their age.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final

import structlog

from kernel.clock import Clock
from kernel.errors import TongbanError
from signing import ocsp
from signing.checks.case import Case, Trust
from signing.model import Evidence
from signing.ocsp_client import Source, ask
from signing.ocsp_wire import LARGEST_ANSWER
from signing.x509 import Cert, chain_to

MOST: Final = 1024
"""Answers that count at a time, the newest; older files are removed."""
_PAUSE: Final = timedelta(minutes=1)
"""A source that failed is left alone so long, lest every verdict wait for it."""
_UNENDED: Final = timedelta(hours=1)
"""An answer that names no end is asked for again after this."""
_LOG = structlog.get_logger("tongban.revocation")


def answers_folder(home: Path) -> Path:
    """Return where the answers of other responders lie."""
    return home / "cache" / "ocsp"


def read_answers(folder: Path) -> tuple[bytes, ...]:
    """Return the newest answers of the folder (DER)."""
    found: list[bytes] = []
    for path in _newest(folder)[:MOST]:
        with contextlib.suppress(OSError):
            if path.stat().st_size <= LARGEST_ANSWER:
                found.append(path.read_bytes())
    return tuple(found)


def sources(home: Path) -> Mapping[str, Source]:
    """Return the configured sources by the fingerprint of the issuing CA.

    A file that is none is passed over with a line in the log.
    """
    found: dict[str, Source] = {}
    for path in sorted((home / "registry" / "signing" / "ocsp").glob("*.toml")):
        try:
            raw = tomllib.loads(path.read_text("utf-8"))
            issuer = str(raw["issuer"]).replace(":", "").lower()
            found[issuer] = Source(str(raw["address"]), float(raw.get("timeout_seconds", 3.0)))
        except (OSError, ValueError, KeyError, TypeError, TongbanError) as error:
            code = error.code if isinstance(error, TongbanError) else type(error).__name__
            _LOG.warning("ocsp-source-passed-over", where=path.name, code=code)
    return found


@dataclass(slots=True)
class StatusBook:
    """Asks what is due, keeps what was answered."""

    home: Path
    clock: Clock
    _failed: dict[str, datetime] = field(default_factory=dict)

    def refresh(self, evidence: Evidence, trust: Trust, at: datetime) -> None:
        """Ask about every certificate on the way from a file's signers to the anchors.

        Nothing is asked where no source is configured for its issuer, while the answer at hand is
        not half used up, or shortly after the source failed. Never raises.
        """
        known = sources(self.home)
        if not known:
            return
        asked: set[tuple[bytes, bytes]] = set()
        for cert, issuer in _pairs(evidence, trust, at):
            name = hashlib.sha256(issuer.der).hexdigest()
            if name in known and (cert.der, issuer.der) not in asked:
                asked.add((cert.der, issuer.der))
                self._ask(known[name], cert, issuer, trust)

    def _ask(self, source: Source, cert: Cert, issuer: Cert, trust: Trust) -> None:
        now = self.clock.now()
        path = answers_folder(self.home) / f"{_name(cert, issuer)}.der"
        failed = self._failed.get(source.address)
        if (failed and now - failed < _PAUSE) or not self._due(path, cert, issuer, now):
            return
        try:
            data = ask(source, cert, issuer, self.clock, trust.crls)
            self._keep(path, data)
            self._failed.pop(source.address, None)
        except (OSError, TongbanError) as error:
            self._failed[source.address] = now
            code = error.code if isinstance(error, TongbanError) else type(error).__name__
            _LOG.warning("ocsp-not-answered", code=code)

    def _due(self, path: Path, cert: Cert, issuer: Cert, now: datetime) -> bool:
        try:
            data = path.read_bytes()
        except OSError:
            return True
        held = ocsp.for_certificate((), cert, issuer, now, given=(data,))
        if held is None:
            return True
        end = held.next_update or held.this_update + _UNENDED
        return now >= held.this_update + (end - held.this_update) / 2

    def _keep(self, path: Path, data: bytes) -> None:
        folder = path.parent
        folder.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{os.getpid()}.fresh")
        fresh.write_bytes(data)
        fresh.replace(path)
        for old in _newest(folder)[MOST:]:
            old.unlink(missing_ok=True)


def _newest(folder: Path) -> list[Path]:
    dated: list[tuple[int, Path]] = []
    for path in folder.glob("*.der"):
        with contextlib.suppress(FileNotFoundError):  # replaced or removed between the two looks
            dated.append((path.stat().st_mtime_ns, path))
    return [path for _, path in sorted(dated, reverse=True)]


def _name(cert: Cert, issuer: Cert) -> str:
    return hashlib.sha256(issuer.spki + cert.der).hexdigest()


def _pairs(evidence: Evidence, trust: Trust, at: datetime) -> Iterator[tuple[Cert, Cert]]:
    """Give each certificate with its issuer, of signers and of time-stamp authorities."""
    for signature in evidence.signatures:
        case = Case(evidence, signature, trust, at)
        yield from pairwise(case.chain or ())
        for stamp in signature.timestamps:
            cert = case.certificate(stamp.signer)
            chain = chain_to(cert, trust.anchors, case.others) if cert and trust.anchors else None
            yield from pairwise(chain or ())
