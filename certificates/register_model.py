"""What the register keeps: certificates with their steps, holders, origins and files.

Personal values never lie in these classes except in ``Contents`` and ``Holder``, which are opened
from the vault for those who may see them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType

from certificates.model import CertificateStatus, Format
from kernel.ids import CertificateId, HolderRef
from kernel.ports import Digest


class Step(StrEnum):
    """How far an issue has come. Arrows between which nothing but the database is asked may share
    a transaction.
    """

    RESERVED = "RESERVED"
    """Number taken, values and issue time frozen."""
    RENDERED = "RENDERED"
    """Unsealed files drawn, their digests recorded."""
    SIGNING = "SIGNING"
    """Intent recorded; the signer may be asked, and asked again."""
    SIGNED = "SIGNED"
    """Sealed files verified and stored: left by releases that put them in force a step later."""
    ISSUED = "ISSUED"
    """In force. Only now is it a certificate."""
    VOID = "VOID"
    """Given up before it was issued, with a reason; its number is never used again."""


STATUS_CHANGES: Mapping[CertificateStatus, frozenset[CertificateStatus]] = MappingProxyType(
    {
        CertificateStatus.ISSUED: frozenset(
            {
                CertificateStatus.SUSPENDED,
                CertificateStatus.LOST,
                CertificateStatus.CANCELLED,
                CertificateStatus.WITHDRAWN,
                CertificateStatus.REVOKED,
            }
        ),
        CertificateStatus.SUSPENDED: frozenset(
            {
                CertificateStatus.ISSUED,
                CertificateStatus.CANCELLED,
                CertificateStatus.WITHDRAWN,
                CertificateStatus.REVOKED,
            }
        ),
        CertificateStatus.LOST: frozenset({CertificateStatus.ISSUED, CertificateStatus.CANCELLED}),
    }
)
"""Which status may follow which by decision. Superseding and expiry happen by themselves."""

ENDED = frozenset(
    {
        CertificateStatus.SUPERSEDED,
        CertificateStatus.EXPIRED,
        CertificateStatus.CANCELLED,
        CertificateStatus.WITHDRAWN,
        CertificateStatus.REVOKED,
    }
)
"""Statuses that free the holder's place for another certificate of the same type."""


class Reason(StrEnum):
    """Why a status was changed by decision."""

    HOLDER_REQUEST = "holder-request"
    """持证人申请."""
    DATA_CORRECTED = "data-corrected"
    """源数据更正."""
    ISSUED_IN_ERROR = "issued-in-error"
    """签发错误."""
    FACT_ENDED = "fact-ended"
    """登记事实终止, such as a divorce."""
    SANCTION = "sanction"
    """行政处罚."""
    INVESTIGATION = "investigation"
    """调查期间."""
    LOSS_REPORTED = "loss-reported"
    """挂失."""
    SETTLED = "settled"
    """原因消除, for a restoration."""


REASON_TITLES: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.HOLDER_REQUEST: "持证人申请",
        Reason.DATA_CORRECTED: "源数据更正",
        Reason.ISSUED_IN_ERROR: "签发错误",
        Reason.FACT_ENDED: "登记事实终止",
        Reason.SANCTION: "行政处罚",
        Reason.INVESTIGATION: "调查期间",
        Reason.LOSS_REPORTED: "挂失",
        Reason.SETTLED: "原因消除",
    }
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Lineage: which row of which published version gave the values of ``fields``.

    ``fields`` name face fields (``members[2].name`` for the third row of a table).
    """

    resource: str
    version: str
    row_key: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Holder:
    """持证主体, opened. ``ref`` is the keyed index of type and code."""

    ref: HolderRef
    code_type: str
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Contents:
    """Values of a certificate as its sources have them: codes stay codes, dates YYYY-MM-DD."""

    number: str
    holders: tuple[Holder, ...]
    fields: Mapping[str, str]
    rows: Mapping[str, Sequence[Mapping[str, str]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a certificate in the object store. ``size`` is in bytes."""

    format: Format
    digest: Digest
    size: int


@dataclass(frozen=True, slots=True)
class Certificate:
    """One version of one certificate, without personal values."""

    id: CertificateId
    type: str
    type_code: str
    type_digest: str
    identifier: str
    """电子证照标识."""
    issuer: str
    """Credit code of 证照颁发机构."""
    division: str
    serial: str
    version: int
    step: Step
    status: CertificateStatus
    """As kept; see ``effective`` for expiry."""
    reason: str
    """Code of the reason of the last change of status."""
    issued_at: datetime
    """The frozen issue time, also the time of the seals."""
    valid_from: date
    valid_to: date | None
    """Last day of validity in Beijing, or None for 长期."""
    holders: frozenset[HolderRef]
    batch: str
    supersedes: CertificateId | None = None
    superseded_by: CertificateId | None = None

    def effective(self, today: date) -> CertificateStatus:
        """Return the status on ``today`` (Beijing date): expiry needs nobody to write it down."""
        late = self.valid_to is not None and today > self.valid_to
        if late and self.status not in ENDED and self.status is not CertificateStatus.DRAFT:
            return CertificateStatus.EXPIRED
        return self.status


@dataclass(frozen=True, slots=True)
class StatusAnswer:
    """Status of a certificate at one moment."""

    certificate: CertificateId
    identifier: str
    type: str
    issuer: str
    status: CertificateStatus
    reason: str
    checked_at: datetime
    valid_from: date
    valid_to: date | None
    superseded_by: CertificateId | None = None


@dataclass(frozen=True, slots=True)
class IssueFailure:
    """A subject that got no certificate, by a code of ``errors.py``. ``certificate`` is the voided
    reservation, or None where the data did not allow one.
    """

    certificate: CertificateId | None
    code: str


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What became of a batch. ``skipped`` subjects already held a valid certificate."""

    batch: str
    type: str
    subjects: int
    issued: int
    skipped: int
    failed: tuple[IssueFailure, ...] = ()
