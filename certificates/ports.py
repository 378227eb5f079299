"""What certificates need from other rooms, as narrow as each use allows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from certificates.model import CertificateType, FaceValues, Format
from kernel.errors import Refused
from kernel.ports import Json, Tx
from signing.model import Placement


class SourceRecord(Protocol):
    """A row of a published version, as ``catalog`` gives it."""

    @property
    def version(self) -> str:
        """Return the id of the published version."""

    @property
    def row_key(self) -> str:
        """Return the stable key of the row inside its resource."""

    @property
    def values(self) -> Mapping[str, str]:
        """Return standardised values by column; a missing value is the empty string."""


class Source(Protocol):
    """Current published values. Implemented by ``catalog.service.Catalog``."""

    def lookup(self, resource: str, column: str, values: Sequence[str]) -> Sequence[SourceRecord]:
        """Return the rows of the current version whose column equals one of the values."""

    def scan(self, resource: str) -> Iterator[SourceRecord]:
        """Iterate over all rows of the current version in bounded memory."""


class Codes(Protocol):
    """Words of code tables. Implemented over ``quality.service.Standards``."""

    def text(self, table: str, code: str) -> str:
        """Return the text of a code, or the code itself where the table has no such entry."""


class Press(Protocol):
    """Draws unsealed faces. Implemented by ``certificates.press`` over ``certificates.faces``."""

    def fill(self, kind: CertificateType, file_format: Format, values: FaceValues) -> bytes:
        """Return the unsealed file; equal values give equal bytes. Raises as ``Template.fill``."""

    def placement(self, kind: CertificateType, file_format: Format) -> Placement:
        """Return where the seal goes on that face."""

    def lint(
        self, kind: CertificateType, file_format: Format, values: FaceValues, unsealed: bytes
    ) -> Sequence[str]:
        """Read a face back and return what is wrong with it; faults name fields, never values."""


@dataclass(frozen=True, slots=True)
class SealOrder:
    """All a sealer is told besides the bytes.

    ``number`` with ``purpose`` names the signature for good: asked again for the same pair, the
    signer signs the same digest and refuses any other. ``at`` is the frozen time of the seal.
    """

    format: Format
    org: str
    """Credit code of the body whose seal is applied."""
    seal: str
    """Kind of seal the type asks for: ``official`` or ``special``."""
    number: str
    purpose: str
    at: datetime
    placement: Placement
    approval: str = ""
    """What ``Sealer.intend`` gave; empty: this one file is declared by itself."""
    type: str = ""
    """Certificate type, by which a body with several seals chooses one."""


@dataclass(frozen=True, slots=True)
class SealIntent:
    """What is about to be sealed with one seal: declared before the first signature of a batch."""

    format: Format
    org: str
    seal: str
    type: str
    count: int
    root: str
    """Commits to the unsealed files: SHA-256 over their digests."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A file sealed with a throw-away key, the anchors (DER) under which it verifies, and the form
    of the seal that it stands for (``Sealed.form``).
    """

    sealed: bytes
    anchors: tuple[bytes, ...]
    form: str


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed file. ``proven``: its signature was verified over digests taken from the finished
    file; a file that is not proven needs a verdict before it counts, and so does one of a ``form``
    that was not rehearsed: a name for what every file of a seal shows of it, which changes with its
    data, certificates, picture and settings.
    """

    data: bytes
    proven: bool
    form: str


class Sealer(Protocol):
    """Applies a seal. Implemented over ``signing.formats`` and the signer; never holds a key."""

    def intend(self, tx: Tx, intents: Sequence[SealIntent]) -> tuple[str, ...] | Refused:
        """Record intents under one seal in an open transaction; returns an approval for each.

        All are of one body and one type. A refusal is recorded. Raises TongbanError
        ``seal-unavailable``, having recorded nothing.
        """

    def seal(self, order: SealOrder, unsealed: bytes) -> bytes:
        """Return the sealed file.

        Raises TongbanError: ``seal-unavailable`` (no seal in use), ``seal-refused`` (the signer
        saw another digest under this number), ``signer-unavailable``.
        """

    def seal_many(self, orders: Sequence[SealOrder], unsealed: Sequence[bytes]) -> list[Sealed]:
        """Seal many files of declared batches, in the order given; raises as ``seal``.

        The signer commits all answers together: after a failure some may be signed, and signing
        them again gives the same.
        """

    def rehearse(self, order: SealOrder, unsealed: bytes) -> Rehearsal:
        """Seal with a key made for this call and thrown away; nothing is logged at the signer."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict in short. ``codes`` are those of ``signing`` and hold no personal data."""

    passed: bool
    indication: str
    codes: tuple[str, ...] = ()
    metadata: Mapping[str, str] | None = None
    report: Json = None


class Judge(Protocol):
    """Judges sealed files. Implemented over ``signing.verify`` with the hub's trust list."""

    def judge(self, sealed: bytes, at: datetime, anchors: tuple[bytes, ...] = ()) -> Judgement:
        """Judge a file made by this hub at ``at``; extra ``anchors`` serve rehearsals only."""


class Inspector(Protocol):
    """Judges files from outside: parsed in a fenced process first."""

    def inspect(
        self,
        data: bytes,
        name: str,
        policy: str,
        at: datetime,
        recorded: datetime | None = None,
    ) -> Judgement:
        """Judge untrusted bytes under a policy (``certificate`` or ``archive``); never raises for
        a bad file.

        ``recorded`` proves that the file existed then: since when the register has held exactly
        these bytes.
        """


class Guardianship(Protocol):
    """Who may act for a minor, by data of the population."""

    def guardians(self, code: str) -> Sequence[str]:
        """Return the codes of the guardians of a minor; empty for adults and unknown people."""


class Proofs(Protocol):
    """Inclusion of journal rows in the log. Implemented over ``audit.receipts``."""

    def receipt(self, journal_no: int) -> Json:
        """Return the receipt of a row: index, leaf hash, size, root and proof, or ``pending``."""
