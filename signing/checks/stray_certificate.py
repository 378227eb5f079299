"""Check: does every certificate beside the signature belong to the signer's chain."""

from __future__ import annotations

from collections.abc import Iterable

from signing.checks.case import Case, Raised
from signing.x509 import chain_to


def check(case: Case) -> Iterable[Raised]:
    """W_STRAY_CERTIFICATE for each that does not: no signature covers it, it could be anything."""
    signer = case.signer
    if signer is None or case.signature.structure != "cms" or case.signature.kind == "timestamp":
        return
    chain = chain_to(signer, case.anchors, case.others) if case.anchors else None
    used = {cert.der for cert in chain or ()}
    if not used:
        return
    for name in case.signature.certificates:
        cert = case.certificate(name)
        if cert is not None and cert.der not in used:
            yield Raised("W_STRAY_CERTIFICATE", case.signature.path, cert.subject)
