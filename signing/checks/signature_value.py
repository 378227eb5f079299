"""Check: does the signature value fit the signed bytes and the signer's key."""

from __future__ import annotations

from collections.abc import Iterable

from signing.checks.case import Case, Raised
from signing.model import SubIndication

UNREADABLE = "unknown"


def check(case: Case) -> Iterable[Raised]:
    """E_SIGNATURE on a wrong value; INDETERMINATE_CHAIN when nobody is named as the signer."""
    signature = case.signature
    if signature.signature_valid is False:
        yield Raised("E_SIGNATURE", signature.path)
    elif signature.signature_valid is None and signature.structure != UNREADABLE:
        if not signature.signer:
            yield Raised(
                "INDETERMINATE_CHAIN",
                signature.path,
                "no signing certificate in the file",
                SubIndication.NO_SIGNING_CERTIFICATE_FOUND,
            )
        elif not signature.observations:
            yield Raised("E_SIGNATURE", signature.path, "could not be computed")
    elif signature.signature_valid is None and not signature.observations:
        yield Raised("E_SES_VERSION", signature.path, "structure is not known")
