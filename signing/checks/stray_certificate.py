"""Check: does every certificate beside the signature belong to the signer's chain."""

from __future__ import annotations

from collections.abc import Iterable

from signing.checks.case import Case, Raised
from signing.x509 import Cert, chain_to

_STRUCTURES = frozenset({"cms", "gbt35275"})


def check(case: Case) -> Iterable[Raised]:
    """W_STRAY_CERTIFICATE for each that does not: no signature covers it, it could be anything.

    The same holds for what a time stamp carries beside its authority's chain.
    """
    signature = case.signature
    if signature.structure in _STRUCTURES and signature.kind != "timestamp":
        yield from _beside(case, case.signer, signature.certificates)
    for stamp in signature.timestamps:
        yield from _beside(case, case.certificate(stamp.signer), stamp.certificates)


def _beside(case: Case, signer: Cert | None, names: Iterable[str]) -> Iterable[Raised]:
    chain = chain_to(signer, case.anchors, case.others) if signer and case.anchors else None
    if not chain:
        return
    used = {cert.der for cert in chain}
    for name in names:
        cert = case.certificate(name)
        if cert is not None and cert.der not in used:
            yield Raised("W_STRAY_CERTIFICATE", case.signature.path, cert.subject)
