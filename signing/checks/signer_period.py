"""Check: was the signer's certificate in its validity at the signing time, is that proven."""

from __future__ import annotations

from collections.abc import Iterable

from kernel.clock import from_iso, to_iso
from signing.checks.case import Case, Raised
from signing.model import SubIndication

CLAIM_IS_NO_PROOF = frozenset({"cms"})
"""Structures under EN 319 102-1: a claimed time proves nothing, not even against the signer.
GB/T 38540 and GB/T 35275 judge by the time in the signature as it stands."""


def check(case: Case) -> Iterable[Raised]:
    """E_SIGNER_CERT_EXPIRED at the signing time; INDETERMINATE_NO_POE when nothing proves it.

    A certificate that has ended since needs proof that the signature existed before
    (EN 319 102-1 clause 5.6.2.4); without it the outcome is OUT_OF_BOUNDS_NO_POE.
    """
    cert = case.signer
    if cert is None:
        return
    path = case.signature.path
    claimed = from_iso(case.signature.time) if case.signature.time else None
    if claimed is not None and not cert.valid_at(claimed):
        sub = SubIndication.EXPIRED if claimed > cert.not_after else SubIndication.NOT_YET_VALID
        if case.signature.structure in CLAIM_IS_NO_PROOF:
            sub = SubIndication.OUT_OF_BOUNDS_NO_POE
        period = f"{to_iso(cert.not_before)}/{to_iso(cert.not_after)}"
        yield Raised("E_SIGNER_CERT_EXPIRED", path, f"{to_iso(claimed)}: {period}", sub)
        return
    known = case.known_since or case.at
    if known > cert.not_after:
        yield Raised("INDETERMINATE_NO_POE", path, f"certificate ended {to_iso(cert.not_after)}")
    elif case.proven_time is not None and known < cert.not_before:
        detail = f"{to_iso(known)} < {to_iso(cert.not_before)}"
        yield Raised("E_SIGNER_CERT_EXPIRED", path, detail, SubIndication.NOT_YET_VALID)
