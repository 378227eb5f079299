"""Time stamps in what this hub issues: how far files are raised, and what happens without a stamp.

A failure of the time-stamp authority is never silent: it is recorded, and either nothing is issued
or the files go out as they are and stand among those that ``tongban archive`` raises later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from kernel.actors import Actor, system
from kernel.errors import TongbanError
from kernel.ports import Event, Json, Transactions
from signing.archiving import BASIC, Lists, Statuses, joined, material, raised
from signing.formats.pdf.augment import Level, Material
from signing.time.ports import TimeStamps

FAILURES = frozenset({"time-stamp-unreachable", "time-stamp-refused", "time-stamp-invalid"})
"""What the authority may be at fault for; anything else stops the work as ever."""
ALGORITHM = {"pdf": "ecdsa_p256", "ofd": "sm2_sm3"}
_Named = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class Stamping:
    """Raises sealed files. ``extra``: what an authority outside adds to the validation data."""

    timestamps: TimeStamps
    authority: Callable[[], Lists]
    statuses: Statuses
    transactions: Transactions
    pdf_level: str
    ofd: bool
    later: bool
    extra: Callable[[], Material] = Material
    actor: Actor = field(default_factory=lambda: system("stamping"))

    def level(self, file_format: str) -> str:
        """Return the level at which files of a format are to be issued."""
        if file_format == "ofd":
            return Level.B_T if self.ofd else BASIC
        return self.pdf_level

    def applied(self, file_format: str, files: Sequence[_Named], signer: bytes) -> list[bytes]:
        """Return sealed files, given with their numbers, at the level of their format.

        ``signer`` is the certificate (DER) of the seal. Raises TongbanError ``time-stamp-…`` where
        the authority fails and nothing may be issued without a stamp. Otherwise the files that are
        left stay as they are: an authority that failed is not asked for each of a thousand.
        """
        done = [data for _, data in files]
        if self.level(file_format) == BASIC:
            return done
        try:
            for at, data in enumerate(done):
                done[at] = self.raised(data, file_format, Level.B_T)
            if self.level(file_format) != Level.B_T:
                kept = self.material(file_format, signer)
                for at, data in enumerate(done):
                    done[at] = self.raised(data, file_format, self.level(file_format), kept)
        except TongbanError as error:
            if error.code not in FAILURES:
                raise
            self._tell(error.code, file_format, [number for number, _ in files])
            if not self.later:
                raise
        return done

    def raised(
        self, data: bytes, file_format: str, level: str, kept: Material | None = None
    ) -> bytes:
        """Return one file at a level or above; errors as in ``signing.archiving.raised``."""
        return raised(
            data,
            file_format,
            level,
            timestamps=self.timestamps,
            algorithm=ALGORITHM[file_format],
            material=kept,
        )

    def material(self, file_format: str, *signers: bytes) -> Material:
        """Return the validation data for files sealed until now."""
        own = material(self.authority(), self.statuses, ALGORITHM[file_format], *signers)
        return joined(own, self.extra())

    def _tell(self, code: str, file_format: str, numbers: Sequence[str]) -> None:
        data: dict[str, Json] = {
            "code": code,
            "format": file_format,
            "level": self.level(file_format),
            "files": len(numbers),
            "issued": "later" if self.later else "refused",
        }
        event = Event("signing.time-stamp-failed", numbers[0], self.actor, data)
        self.transactions.write(lambda tx: tx.record(event))
