"""Check: may the signer's key sign documents (RFC 5280 clause 4.2.1.3, GM/T 0015)."""

from __future__ import annotations

from collections.abc import Iterable

from signing.checks.case import Case, Raised
from signing.x509 import KeyUsage

SIGNING = frozenset({KeyUsage.DIGITAL_SIGNATURE, KeyUsage.NON_REPUDIATION})


def check(case: Case) -> Iterable[Raised]:
    """E_KEY_USAGE without a signing bit; W_KEY_USAGE for an end certificate that may issue."""
    cert = case.signer
    if cert is None or cert.key_usage is None:
        return
    if not cert.key_usage & SIGNING:
        yield Raised("E_KEY_USAGE", case.signature.path)
    elif KeyUsage.KEY_CERT_SIGN in cert.key_usage and not cert.ca:
        yield Raised("W_KEY_USAGE", case.signature.path)
