"""核验: joins what the signatures say, what the register says now, and what the log proves."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from threading import Lock

from certificates import archive_store, register_store, requests_store
from certificates.model import CertificateStatus
from certificates.ports import Inspector, Judgement, Proofs
from certificates.register import Register
from certificates.register_model import StatusAnswer
from certificates.tools import Tools
from kernel.actors import Actor, authorise
from kernel.clock import to_iso
from kernel.errors import Refused
from kernel.ids import CertificateId
from kernel.ports import Digest, Event, Journal, JournalRow, Json, Tx

ACTION = "certificates.verify"
IDENTIFIER = "ZZBS"
_HOLDING = frozenset({"certificates.issued", "certificates.archived"})
"""Kinds of entries that name the digests of originals."""
_UNPROVEN = frozenset({"E_REVOKED", "INDETERMINATE_NO_POE"})
"""Codes that a proof of existence may settle: for an original, the entry of its issue is one."""


class Kinship(StrEnum):
    """What a presented file is to the register of this hub."""

    ORIGINAL = "original"
    """Byte for byte the sealed original, as it was issued or as it was renewed since."""
    COPY = "annotated-copy"
    """Byte for byte a 加注件 that this hub made."""
    EXPIRED_COPY = "expired-copy"
    """Such a copy whose time of use is over."""
    OTHER = "other-file"
    """Names a certificate of this register but is not a file it made."""
    UNKNOWN = "not-in-register"
    """Names no certificate of this register, or none at all."""


@dataclass(frozen=True, slots=True)
class Verification:
    """The joint answer. ``holds`` only where all three agree that the certificate is in force."""

    judgement: Judgement
    kinship: Kinship
    status: StatusAnswer | None
    proof: Json
    """Receipt of the issuing entry in the log, or None."""

    @property
    def holds(self) -> bool:
        """Tell whether the file may be relied on now, as far as this hub can know."""
        known = self.kinship in {Kinship.ORIGINAL, Kinship.COPY}
        in_force = self.status is not None and self.status.status is CertificateStatus.ISSUED
        return self.judgement.passed and known and in_force


class Verify:
    """Verifies files and identifiers for anybody with the right ``certificates.verify``."""

    def __init__(
        self,
        tools: Tools,
        *,
        register: Register,
        inspector: Inspector,
        journal: Journal,
        proofs: Proofs,
    ) -> None:
        self._tools = tools
        self._register = register
        self._inspector = inspector
        self._journal = journal
        self._proofs = proofs

    def file(
        self, actor: Actor, data: bytes, name: str = "", policy: str = "certificate"
    ) -> Verification | Refused:
        """Judge a file; a bad one gives a failed judgement, not an error. Nothing is kept of it."""
        now = self._tools.clock.now()

        def judge(recorded: datetime | None) -> Judgement:
            return self._inspector.inspect(data, name, policy, now, recorded)

        return self.judged(actor, lambda: hashlib.sha256(data).hexdigest(), judge, now)

    def judged(
        self,
        actor: Actor,
        sha256: Callable[[], str],
        judge: Callable[[datetime | None], Judgement],
        at: datetime,
    ) -> Verification | Refused:
        """Join a judgement as of ``at`` with what the register says now.

        ``judge`` is told since when the register has held the file, where that proves something;
        ``sha256`` gives the file's digest in hexadecimal and is asked after ``judge``.
        """
        allowed = authorise(actor, ACTION)
        if isinstance(allowed, Refused):
            return allowed
        now = self._tools.clock.now()
        judgement = judge(None)
        metadata = judgement.metadata or {}
        status = self._register.status(actor, metadata.get(IDENTIFIER, ""))
        if isinstance(status, Refused):
            return Verification(judgement, Kinship.UNKNOWN, None, None)
        digest = sha256()
        kinship = self._kinship(status.certificate, digest, now)
        if kinship is Kinship.ORIGINAL and _UNPROVEN & set(judgement.codes):
            since = self._recorded(status.certificate, digest)
            if since is not None and since.at <= at:
                judgement = judge(since.at)
        return Verification(judgement, kinship, status, self.proof(status.certificate))

    def proof(self, certificate: CertificateId) -> Json:
        """Return the receipt of the entry by which a certificate was issued, or None."""
        issued = self._issued(certificate)
        return self._proofs.receipt(issued.no) if issued else None

    def _issued(self, certificate: CertificateId) -> JournalRow | None:
        rows = self._tools.transactions.read(lambda tx: self._journal.about(tx, certificate))
        return next((row for row in rows if row.kind == "certificates.issued"), None)

    def _recorded(self, certificate: CertificateId, sha256: str) -> JournalRow | None:
        """Return the entry since which the register has held exactly these bytes, or None."""
        rows = self._tools.transactions.read(lambda tx: self._journal.about(tx, certificate))
        held = (row for row in rows if row.kind in _HOLDING and sha256.encode() in row.body)
        return min(held, key=lambda row: row.no, default=None)

    def _kinship(
        self,
        certificate: CertificateId,
        sha256: str,
        now: datetime,
    ) -> Kinship:
        """Compare with what this hub made, byte for byte: metadata of a file prove nothing, and a
        genuine seal may be that of somebody else.
        """
        digest = Digest("sha256:" + sha256)

        def look(tx: Tx) -> Kinship:
            found = register_store.files(tx, [certificate], register_store.ORIGINAL)
            if digest in {item.digest for item in found.get(certificate, ())}:
                return Kinship.ORIGINAL
            if digest in archive_store.former(tx, certificate):
                return Kinship.ORIGINAL
            until = requests_store.copies_of(tx, certificate).get(digest)
            if until is None:
                return Kinship.OTHER
            return Kinship.COPY if now < until else Kinship.EXPIRED_COPY

        return self._tools.transactions.read(look)


class Checks:
    """Counts public checks; one journal entry a minute, so that a stranger cannot flood the log."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._lock = Lock()
        self._counts: dict[str, int] = {}

    def count(self) -> None:
        """Count one check in the present minute."""
        minute = to_iso(self._tools.clock.now().replace(second=0, microsecond=0))
        with self._lock:
            self._counts[minute] = self._counts.get(minute, 0) + 1

    def flush(self, actor: Actor) -> int:
        """Record the minutes that are over; returns how many. Call it once a minute and at the end.

        Counts of a process that dies before are lost: they prove nothing about anybody.
        """
        now = to_iso(self._tools.clock.now().replace(second=0, microsecond=0))
        with self._lock:
            over = {
                minute: self._counts.pop(minute) for minute in list(self._counts) if minute < now
            }
        if not over:
            return 0

        def work(tx: Tx) -> None:
            for minute, count in over.items():
                data: dict[str, Json] = {"minute": minute, "count": count}
                tx.record(Event("certificates.status-checked", minute, actor, data))

        self._tools.transactions.write(work)
        return len(over)
