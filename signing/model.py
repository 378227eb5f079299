"""What signing speaks about: seals to apply, evidence read out of a file, findings and verdicts.

Indications and sub-indications are those of ETSI EN 319 102-1 clause 5.1.3. They serve PDF and
OFD alike, so that one report says the same thing about both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kernel.ports import Json

EVIDENCE_SCHEMA = 1
"""Version of the evidence format (``docs/formats/evidence.md``); larger versions are refused."""

INTEGRITY = "integrity"
"""Kind of a signed list of files (GM/T 0099-2020): it shows completeness and is no seal."""

SignDigest = Callable[[bytes], bytes]
"""Gets the digest to be signed (``Algorithm.digest``: for SM2 SM3(Z || M)), returns the signature
as DER SEQUENCE{r, s} (RSA: the raw block). It is all that a format ever asks of a key."""


@dataclass(frozen=True, slots=True)
class SealMaterial:
    """Everything needed to apply one seal, except the key.

    ``seal_der`` is the GB/T 38540 SESeal, ``certificate`` the signer's certificate (DER),
    ``chain`` its issuers without the root (DER), ``algorithm`` a name of ``signing.algorithms``,
    ``picture_png`` an RGBA picture drawn ``width_mm`` x ``height_mm``.
    """

    seal_id: str
    name: str
    seal_der: bytes
    certificate: bytes
    chain: tuple[bytes, ...]
    algorithm: str
    picture_png: bytes
    width_mm: float
    height_mm: float


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a seal is drawn: page from 0, millimetres, origin at the page's top left.

    ``clip`` (x, y, width, height within the seal) shows only a strip of it; OFD alone can do that.
    """

    page: int
    x_mm: float
    y_mm: float
    width_mm: float
    height_mm: float
    clip: tuple[float, float, float, float] | None = None


class Indication(StrEnum):
    """Main status of a validation, EN 319 102-1 clause 5.1.3."""

    TOTAL_PASSED = "TOTAL_PASSED"
    TOTAL_FAILED = "TOTAL_FAILED"
    INDETERMINATE = "INDETERMINATE"


class SubIndication(StrEnum):
    """Reason of a status, EN 319 102-1 clause 5.1.3, in the standard's own words."""

    FORMAT_FAILURE = "FORMAT_FAILURE"
    HASH_FAILURE = "HASH_FAILURE"
    SIG_CRYPTO_FAILURE = "SIG_CRYPTO_FAILURE"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"
    NOT_YET_VALID = "NOT_YET_VALID"
    SIG_CONSTRAINTS_FAILURE = "SIG_CONSTRAINTS_FAILURE"
    CHAIN_CONSTRAINTS_FAILURE = "CHAIN_CONSTRAINTS_FAILURE"
    CERTIFICATE_CHAIN_GENERAL_FAILURE = "CERTIFICATE_CHAIN_GENERAL_FAILURE"
    CRYPTO_CONSTRAINTS_FAILURE = "CRYPTO_CONSTRAINTS_FAILURE"
    POLICY_PROCESSING_ERROR = "POLICY_PROCESSING_ERROR"
    SIGNATURE_POLICY_NOT_AVAILABLE = "SIGNATURE_POLICY_NOT_AVAILABLE"
    TIMESTAMP_ORDER_FAILURE = "TIMESTAMP_ORDER_FAILURE"
    NO_SIGNING_CERTIFICATE_FOUND = "NO_SIGNING_CERTIFICATE_FOUND"
    NO_CERTIFICATE_CHAIN_FOUND = "NO_CERTIFICATE_CHAIN_FOUND"
    REVOKED_NO_POE = "REVOKED_NO_POE"
    REVOKED_CA_NO_POE = "REVOKED_CA_NO_POE"
    OUT_OF_BOUNDS_NOT_REVOKED = "OUT_OF_BOUNDS_NOT_REVOKED"
    OUT_OF_BOUNDS_NO_POE = "OUT_OF_BOUNDS_NO_POE"
    REVOCATION_OUT_OF_BOUNDS_NO_POE = "REVOCATION_OUT_OF_BOUNDS_NO_POE"
    CRYPTO_CONSTRAINTS_FAILURE_NO_POE = "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
    NO_POE = "NO_POE"
    TRY_LATER = "TRY_LATER"
    SIGNED_DATA_NOT_FOUND = "SIGNED_DATA_NOT_FOUND"


TOTAL_FAILED_REASONS = frozenset(
    {
        SubIndication.FORMAT_FAILURE,
        SubIndication.HASH_FAILURE,
        SubIndication.SIG_CRYPTO_FAILURE,
        SubIndication.REVOKED,
        SubIndication.EXPIRED,
        SubIndication.NOT_YET_VALID,
    }
)
"""The sub-indications that EN 319 102-1 allows with TOTAL-FAILED; all others are INDETERMINATE."""


class Severity(StrEnum):
    """What a policy makes of a finding."""

    REJECT = "reject"
    INDETERMINATE = "indeterminate"
    WARN = "warn"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class Observation:
    """A defect that the inspector itself met, named by the code it amounts to."""

    code: str
    path: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ReferenceEvidence:
    """One protected file: ``state`` is ok | mismatch | missing | outside | unsupported | listed.

    ``listed`` is a file that a signed list names without a digest.
    """

    path: str
    method: str
    state: str


@dataclass(frozen=True, slots=True)
class StampEvidence:
    """Where the seal is drawn: page id (OFD) or number (PDF); boundary in mm, top-left origin.

    ``clip`` is the strip of the seal that is shown, "x y width height" in mm within the boundary;
    empty for the whole seal.
    """

    page: str
    x_mm: str
    y_mm: str
    width_mm: str
    height_mm: str
    clip: str = ""


@dataclass(frozen=True, slots=True)
class SealEvidence:
    """An electronic seal found inside a signature (SESeal).

    Times are RFC 3339 UTC or empty. ``members`` are SHA-256 of the certificates of the seal's list
    (list type 1) or the digests it gives as ``method:hex`` (list type 2). ``signature_valid`` is
    None when the maker's signature could not be computed.
    """

    version: int
    seal_id: str
    name: str
    vendor: str
    list_type: int
    members: tuple[str, ...]
    maker: str
    signature_algorithm: str
    signature_valid: bool | None
    created: str
    valid_from: str
    valid_to: str
    picture_type: str
    picture_sha256: str
    width_mm: int
    height_mm: int
    der_sha256: str


@dataclass(frozen=True, slots=True)
class TimestampEvidence:
    """A time-stamp token. ``imprint_valid``: over the right bytes; ``signature_valid``: its own.

    ``certificates`` are those that the token carries, by SHA-256. ``imprint_algorithm`` and
    ``digest_algorithm`` are the digests of what is stamped and under the token's own signature.
    """

    time: str
    imprint_valid: bool | None
    signature_valid: bool | None
    signer: str
    detail: str = ""
    certificates: tuple[str, ...] = ()
    imprint_algorithm: str = ""
    digest_algorithm: str = ""


@dataclass(frozen=True, slots=True)
class SignatureEvidence:
    """Everything read out of one signature or seal; certificates by SHA-256 of their DER.

    ``kind`` seal | signature | timestamp | integrity. ``structure`` ses-v1 | ses-v4 | ses-v5 |
    gbt35275 | cms | raw | unknown. ``time`` is the claimed signing time. ``signature_valid`` and
    ``content_valid`` (the signed digest equals the content's) are None when not computable.
    ``content_algorithm`` is the digest by which an OFD's signature value names the description;
    ``digest_algorithm`` is then that of the description (CheckMethod).
    ``member`` tells whether the signer is on the seal's certificate list. What the signature does
    not protect: ``partial`` are parts that the document uses, ``uncovered`` are others.
    """

    id: str
    kind: str
    structure: str
    path: str
    time: str = ""
    signer: str = ""
    signature_algorithm: str = ""
    digest_algorithm: str = ""
    content_algorithm: str = ""
    signature_valid: bool | None = None
    content_valid: bool | None = None
    member: bool | None = None
    references: tuple[ReferenceEvidence, ...] = ()
    partial: tuple[str, ...] = ()
    uncovered: tuple[str, ...] = ()
    seal: SealEvidence | None = None
    stamps: tuple[StampEvidence, ...] = ()
    timestamps: tuple[TimestampEvidence, ...] = ()
    level: str = ""
    certificates: tuple[str, ...] = ()
    observations: tuple[Observation, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that a verdict needs, extracted once, saved, replayable without the file.

    ``certificates``: SHA-256 hex of the DER to the DER in base64; ``revocation``: CRLs and OCSP
    answers found in the file, in base64, in order of appearance.
    """

    schema: int
    name: str
    format: str
    size: int
    sha256: str
    signatures: tuple[SignatureEvidence, ...] = ()
    certificates: Mapping[str, str] = field(default_factory=dict)
    revocation: tuple[str, ...] = ()
    observations: tuple[Observation, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of one check: a code, what the policy makes of it, and where it was found."""

    code: str
    severity: Severity
    sub_indication: SubIndication | None
    zh: str
    en: str
    path: str = ""
    detail: str = ""

    def to_json(self) -> dict[str, Json]:
        """Return plain JSON values."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "sub_indication": self.sub_indication.value if self.sub_indication else None,
            "zh": self.zh,
            "en": self.en,
            "path": self.path,
            "detail": self.detail,
        }


@dataclass(frozen=True, slots=True)
class RevocationList:
    """A revocation list or OCSP answer that a verdict rests on, with its age when it was used."""

    issuer: str
    this_update: str
    next_update: str
    """Empty where the list names no end; such a list counts as ended."""
    age_seconds: int
    ended: bool
    source: str = "crl"
    """``crl`` or ``ocsp``."""

    def to_json(self) -> dict[str, Json]:
        """Return plain JSON values."""
        return {
            "issuer": self.issuer,
            "this_update": self.this_update,
            "next_update": self.next_update,
            "age_seconds": self.age_seconds,
            "ended": self.ended,
            "source": self.source,
        }


@dataclass(frozen=True, slots=True)
class SignatureVerdict:
    """The verdict on one signature: who, when, on what, and why."""

    id: str
    kind: str
    structure: str
    indication: Indication
    sub_indications: tuple[SubIndication, ...]
    codes: tuple[str, ...]
    signer: str
    issuer: str
    seal_name: str
    seal_id: str
    time: str
    time_source: str
    """``timestamp`` (proven by an authority) or ``claimed`` (said by the signer)."""
    level: str
    findings: tuple[Finding, ...] = ()
    stamps: tuple[StampEvidence, ...] = ()
    revocation: tuple[RevocationList, ...] = ()

    def to_json(self) -> dict[str, Json]:
        """Return plain JSON values."""
        return {
            "id": self.id,
            "kind": self.kind,
            "structure": self.structure,
            "indication": self.indication.value,
            "sub_indications": [item.value for item in self.sub_indications],
            "codes": list(self.codes),
            "signer": self.signer,
            "issuer": self.issuer,
            "seal_name": self.seal_name,
            "seal_id": self.seal_id,
            "time": self.time,
            "time_source": self.time_source,
            "level": self.level,
            "stamps": [
                {
                    "page": stamp.page,
                    "x_mm": stamp.x_mm,
                    "y_mm": stamp.y_mm,
                    "width_mm": stamp.width_mm,
                    "height_mm": stamp.height_mm,
                }
                for stamp in self.stamps
            ],
            "findings": [finding.to_json() for finding in self.findings],
            "revocation": [item.to_json() for item in self.revocation],
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on a file. ``indication`` is None for a file without any signature or seal."""

    file: str
    format: str
    sha256: str
    policy: str
    at: str
    indication: Indication | None
    sub_indications: tuple[SubIndication, ...]
    codes: tuple[str, ...]
    signatures: tuple[SignatureVerdict, ...]
    findings: tuple[Finding, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Tell whether the whole file passed."""
        return self.indication is Indication.TOTAL_PASSED

    def to_json(self) -> dict[str, Json]:
        """Return plain JSON values; equal verdicts give equal JSON."""
        return {
            "schema": EVIDENCE_SCHEMA,
            "file": self.file,
            "format": self.format,
            "sha256": self.sha256,
            "policy": self.policy,
            "at": self.at,
            "indication": self.indication.value if self.indication else None,
            "sub_indications": [item.value for item in self.sub_indications],
            "codes": list(self.codes),
            "signatures": [signature.to_json() for signature in self.signatures],
            "findings": [finding.to_json() for finding in self.findings],
            "metadata": {name: self.metadata[name] for name in sorted(self.metadata)},
        }
