"""用证: what an agency or a window asks for, and what it is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from certificates.matters_model import CopyFormat
from certificates.register_model import StatusAnswer
from kernel.ids import CertificateId, GrantId, RequestId
from kernel.ports import Digest

CONSENT = "consent"
"""Value of ``CertificateAsk.basis`` when a grant is the ground."""


@dataclass(frozen=True, slots=True)
class CertificateAsk:
    """One request. ``basis`` is ``consent`` (with ``grant``) or a code of the matter's bases.

    The certificate is named by its id, or by type and holder. ``fields`` may name a whole table
    (``members``) or one of its columns (``members.name``). ``formats``: ``data`` gives fields,
    ``pdf`` and ``ofd`` an annotated copy (加注件).
    """

    idempotency_key: str
    matter: str
    case_no: str
    purpose: str
    type: str
    basis: str
    fields: tuple[str, ...]
    formats: tuple[CopyFormat, ...] = ("data",)
    grant: GrantId | None = None
    holder_code: str = ""
    holder_code_type: str = "111"
    certificate: CertificateId | None = None


@dataclass(frozen=True, slots=True)
class Copy:
    """An annotated copy in the object store; usable until ``expires_at``."""

    format: CopyFormat
    digest: Digest
    size: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class CertificateAnswer:
    """What was disclosed. Serialised by the door only inside ``Recorded``.

    Values are as standardised: codes stay codes (``FieldSpec.codes`` names the table of words),
    dates are YYYY-MM-DD. Nothing is told about holders beyond the fields asked for.
    """

    request: RequestId
    status: StatusAnswer
    fields: Mapping[str, str]
    rows: Mapping[str, Sequence[Mapping[str, str]]]
    copies: tuple[Copy, ...]
    retention_days: int
    retention: str
    served_at: datetime
    repeated: bool = False
    """True when an earlier answer was given again under the same idempotency key."""
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a certificate as its holder may read it: who, for what, when, on what ground."""

    request: RequestId
    certificate: CertificateId | None
    requester: str
    matter: str
    case_no: str
    purpose: str
    basis: str
    fields: tuple[str, ...]
    formats: tuple[str, ...]
    outcome: str
    """``served`` or the code of the refusal."""
    at: datetime
    details: Mapping[str, str] = field(default_factory=dict)
