"""A certificate as read, and what a new one shall say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class KeyUsage(StrEnum):
    """Bits of the key usage extension (RFC 5280 §4.2.1.3), in bit order."""

    DIGITAL_SIGNATURE = "digital_signature"
    NON_REPUDIATION = "non_repudiation"
    KEY_ENCIPHERMENT = "key_encipherment"
    DATA_ENCIPHERMENT = "data_encipherment"
    KEY_AGREEMENT = "key_agreement"
    KEY_CERT_SIGN = "key_cert_sign"
    CRL_SIGN = "crl_sign"
    ENCIPHER_ONLY = "encipher_only"
    DECIPHER_ONLY = "decipher_only"


@dataclass(frozen=True, slots=True)
class Extension:
    """One extension as received: OID, critical flag, content of the OCTET STRING."""

    oid: str
    critical: bool
    value: bytes


@dataclass(frozen=True, slots=True)
class Cert:
    """A certificate (数字证书) read tolerantly.

    ``tbs`` are the received bytes that the issuer signed; nothing is ever encoded again. Texts are
    for people; comparisons use ``subject_raw`` and ``issuer_raw``.
    """

    der: bytes
    tbs: bytes
    version: int
    serial: int
    subject: str
    """As text, ``CN=…, O=…`` in the order of the certificate."""
    issuer: str
    subject_raw: bytes
    issuer_raw: bytes
    common_name: str
    organization: str
    not_before: datetime
    not_after: datetime
    spki: bytes
    """SubjectPublicKeyInfo DER."""
    key_algorithm: str
    """OID of the public key algorithm."""
    curve: str
    """OID of the named curve, empty for other keys."""
    signature_oid: str
    """OID of the signature algorithm outside the signed part."""
    inner_signature_oid: str
    """The same inside the signed part; a difference is a forgery or a broken issuer."""
    signature: bytes
    key_usage: frozenset[KeyUsage] | None
    """None: the extension is absent."""
    extended_key_usage: tuple[str, ...]
    ca: bool
    path_length: int | None
    subject_key_id: bytes
    authority_key_id: bytes
    extensions: tuple[Extension, ...]
    quirks: tuple[str, ...]
    """Names of departures from RFC 5280 that were tolerated."""

    def valid_at(self, moment: datetime) -> bool:
        """Tell whether ``moment`` lies in the validity, both ends included."""
        return self.not_before <= moment <= self.not_after


@dataclass(frozen=True, slots=True)
class Name:
    """A distinguished name to be written. Empty parts are left out."""

    common_name: str
    organization: str = ""
    unit: str = ""
    locality: str = ""
    country: str = "CN"
    organization_id: str = ""
    """统一社会信用代码, written as organizationIdentifier (2.5.4.97)."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What a certificate is for."""

    key_usage: frozenset[KeyUsage]
    ca: bool = False
    path_length: int | None = None
    extended_key_usage: tuple[str, ...] = ()
    """OIDs, written as a critical extension where ``TIME_STAMPING`` is the only one."""
    no_check: bool = False
    """Whoever meets the certificate need not ask whether it was revoked (RFC 6960 §4.2.2.2.1)."""


TIME_STAMPING = "1.3.6.1.5.5.7.3.8"
OCSP_SIGNING = "1.3.6.1.5.5.7.3.9"
NO_CHECK = "1.3.6.1.5.5.7.48.1.5"
"""The extension id-pkix-ocsp-nocheck."""
AUTHORITY_INFO = "1.3.6.1.5.5.7.1.1"
"""The extension authorityInfoAccess."""
TRUST_LIST_SIGNING = "0.4.0.2231.3.0"
"""id-tsl-kp-tslSigning of ETSI TS 119 612: the key may sign trust lists."""

_CA_USES = frozenset({KeyUsage.KEY_CERT_SIGN, KeyUsage.CRL_SIGN})
_SIGNER_USES = frozenset({KeyUsage.DIGITAL_SIGNATURE, KeyUsage.NON_REPUDIATION})

ROOT = Profile(_CA_USES, ca=True)
ISSUING_CA = Profile(_CA_USES, ca=True, path_length=0)
SIGNER = Profile(_SIGNER_USES)
"""A seal maker, the signer of a seal, or the signer of documents."""
TRUST_LIST_SIGNER = Profile(
    frozenset({KeyUsage.DIGITAL_SIGNATURE}), extended_key_usage=(TRUST_LIST_SIGNING,)
)
TIME_STAMP_AUTHORITY = Profile(_SIGNER_USES, extended_key_usage=(TIME_STAMPING,))
OCSP_RESPONDER = Profile(
    frozenset({KeyUsage.DIGITAL_SIGNATURE}), extended_key_usage=(OCSP_SIGNING,), no_check=True
)
"""Answers in the issuer's name; short-lived, because nobody asks whether it was revoked."""
