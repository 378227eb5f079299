"""X.509 certificates: read tolerantly, write SM2 and P-256 ones, tell who issued whom."""

from __future__ import annotations

from signing.x509.chain import chain_to, is_issued_by, may_issue, signed_by
from signing.x509.model import (
    ISSUING_CA,
    OCSP_RESPONDER,
    ROOT,
    SIGNER,
    TIME_STAMP_AUTHORITY,
    TRUST_LIST_SIGNER,
    TRUST_LIST_SIGNING,
    Cert,
    Extension,
    KeyUsage,
    Name,
    Profile,
)
from signing.x509.read import from_pem, parse, to_pem
from signing.x509.write import SignDigest, build, build_crl, key_id

__all__ = [
    "ISSUING_CA",
    "OCSP_RESPONDER",
    "ROOT",
    "SIGNER",
    "TIME_STAMP_AUTHORITY",
    "TRUST_LIST_SIGNER",
    "TRUST_LIST_SIGNING",
    "Cert",
    "Extension",
    "KeyUsage",
    "Name",
    "Profile",
    "SignDigest",
    "build",
    "build_crl",
    "chain_to",
    "from_pem",
    "is_issued_by",
    "key_id",
    "may_issue",
    "parse",
    "signed_by",
    "to_pem",
]
