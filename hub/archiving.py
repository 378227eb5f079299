"""Renewal before the end: which issued files lose their proof soon, and giving them a new one.

A file's proof ends with the certificate of its newest time stamp (or of its seal where it has
none), or with the algorithm of that key, by dated data (``signing/lifetimes``). A PDF gets one more
time stamp over everything (B-LTA). An OFD seal has room for one token: once it has that, the entry
of its issue in the log is what proves it later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from certificates.archive import ACTION, Archive
from certificates.errors import Code as CertificateCode
from certificates.register_model import StoredFile
from hub.archive_index import ArchiveIndex, Seen
from hub.errors import Code
from hub.judging import HubJudge
from hub.stamping import ALGORITHM, Stamping
from kernel.actors import Actor, system
from kernel.clock import to_iso
from kernel.errors import Refused, TongbanError
from kernel.ids import CertificateId
from kernel.ports import Json
from signing.archiving import below, ends, last_day, look
from signing.authority import ACTION as AUTHORITY
from signing.formats.pdf.augment import Level
from signing.verify import inspect

if TYPE_CHECKING:
    from hub.wiring import Hub

Tick = Callable[[int], None]


class Reason(StrEnum):
    """Why a file is due."""

    CERTIFICATE = "certificate-ends"
    ALGORITHM = "algorithm-ends"
    LEVEL = "level"
    """It was issued below the level of the settings, as when the authority outside was away."""


class Way(StrEnum):
    """What can be done."""

    RENEW = "renew"
    REGISTER = "register"
    """Nothing in the file; the entry of its issue in the log proves it."""


@dataclass(frozen=True, slots=True)
class Due:
    """A file whose proof ends, and what can be done about it."""

    certificate: CertificateId
    file: StoredFile
    level: str
    ends: datetime
    reason: Reason
    way: Way

    def to_json(self) -> dict[str, Json]:
        """Return plain JSON values."""
        return {
            "certificate": self.certificate,
            "format": self.file.format,
            "digest": self.file.digest,
            "level": self.level,
            "ends": to_iso(self.ends),
            "reason": self.reason.value,
            "way": self.way.value,
        }


class Keeper:
    """Finds and renews; one at a time on a hub's folder is enough."""

    def __init__(self, hub: Hub, actor: Actor | None = None) -> None:
        """Open the index of what was seen. ``actor`` needs the rights of both archives."""
        self._hub = hub
        self._actor = actor or system("archive", hub.settings.region, (ACTION, AUTHORITY))
        self._archive = Archive(hub.tools)
        self._index = ArchiveIndex(hub.settings.root)
        self._days = ends(hub.settings.root)
        self._judge = HubJudge(hub.settings.root, hub.trust)

    def close(self) -> None:
        """Close the index."""
        self._index.close()

    def count(self) -> int:
        """Return how many files ``due`` will walk through."""
        return self._archive.count()

    def due(self, within: timedelta, tick: Tick = lambda _: None) -> Iterator[Due]:
        """Yield the files whose proof ends within a time from now; ``tick`` counts all looked at.

        A file that nobody has looked at is read and parsed, which the index remembers. Raises
        TongbanError with the code of a refusal.
        """
        found = self._archive.originals(self._actor)
        if isinstance(found, Refused):
            raise TongbanError(found.code, **found.params)
        now = self._hub.clock.now()
        for key, item in found:
            due = self._judged(key, item, now, now + within)
            tick(1)
            if due is not None:
                yield due

    def renew(self, due: Due, within: timedelta) -> str:
        """Renew one file; returns its new level.

        Raises TongbanError: ``setting-invalid`` where nobody stamps time, ``archive-no-gain`` where
        the new proof would end no later, ``seal-rejected``, ``seal-not-possible``,
        ``original-changed``, and those of the time-stamp authority.
        """
        stamping = self._stamping()
        now = self._hub.clock.now()
        self._prepare(due.file.format, now + within)
        old = self._archive.read(due.file)
        proof = look(inspect(old))
        if proof is None:
            raise TongbanError("seal-not-possible", reason="the file has no sound seal")
        data = self._raised(stamping, due.file.format, old, proof.signers)
        seen = self._seen(data)
        gained = seen.ends is not None and (
            seen.ends > proof.ends or below(proof.level, seen.level)
        )
        if not gained:
            raise TongbanError(CertificateCode.ARCHIVE_NO_GAIN, ends=to_iso(proof.ends))
        if self._judge.judge(old, now).passed and not self._judge.judge(data, now).passed:
            raise TongbanError("seal-rejected", codes=seen.level)
        said: dict[str, Json] = {"reason": due.reason.value, "level": seen.level}
        done = self._archive.exchange(self._actor, due.certificate, due.file, data, said).value
        if isinstance(done, Refused):
            raise TongbanError(done.code, **done.params)
        self._index.put(done.digest, seen)
        self._index.forget([due.file.digest])
        return seen.level

    def _raised(
        self, stamping: Stamping, file_format: str, old: bytes, signers: tuple[bytes, ...]
    ) -> bytes:
        if file_format == "ofd":
            return stamping.raised(old, file_format, Level.B_T)
        proven = stamping.raised(old, file_format, Level.B_T)
        kept = stamping.material(file_format, *signers)  # lists from after the proven time
        return stamping.raised(proven, file_format, Level.B_LTA, kept)

    def _stamping(self) -> Stamping:
        found = self._hub.stamping
        if found is None:
            raise TongbanError(Code.SETTING_INVALID, names="TONGBAN_TIME_STAMPS")
        return found

    def _prepare(self, file_format: str, until: datetime) -> None:
        """Give the own authority a certificate that lasts, before it stamps what shall last."""
        if self._hub.settings.time_stamps != "own":
            return
        done = self._hub.authority.succeed(self._actor, ALGORITHM[file_format], until)
        if isinstance(done, Refused):
            raise TongbanError(done.code, **done.params)

    def _judged(
        self, key: CertificateId, item: StoredFile, now: datetime, until: datetime
    ) -> Due | None:
        seen = self._index.get(item.digest)
        if seen is None:
            seen = self._seen(self._archive.read(item))
            self._index.put(item.digest, seen)
        if seen.ends is None:
            return None
        last = _last(seen.keys, self._days)
        stops = min(seen.ends, last) if last else seen.ends
        if stops < until:
            reason = Reason.ALGORITHM if stops != seen.ends else Reason.CERTIFICATE
        elif self._below(item.format, seen.level):
            reason = Reason.LEVEL
        else:
            return None
        renewable = stops > now and (item.format == "pdf" or below(seen.level, Level.B_T))
        way = Way.RENEW if renewable else Way.REGISTER
        return Due(key, item, seen.level, stops, reason, way)

    def _below(self, file_format: str, level: str) -> bool:
        stamping = self._hub.stamping
        return stamping is not None and below(level, stamping.level(file_format))

    def _seen(self, data: bytes) -> Seen:
        """Look at a file of our own."""
        proof = look(inspect(data))
        return Seen(proof.level, proof.ends, proof.keys) if proof else Seen("", None, ())


def _last(keys: tuple[str, ...], days: Mapping[str, date]) -> datetime | None:
    """Return the end of the first last day of the keys."""
    found = [day for key in keys if (day := last_day(key, days)) is not None]
    return datetime.combine(min(found) + timedelta(days=1), time(), UTC) if found else None
