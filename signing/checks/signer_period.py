"""Check: was the signer's certificate in its validity at the signing time, is that proven."""

from __future__ import annotations

from collections.abc import Iterable

from kernel.clock import to_iso
from signing.checks.case import Case, Raised
from signing.model import SubIndication


def check(case: Case) -> Iterable[Raised]:
    """E_SIGNER_CERT_EXPIRED at the signing time; INDETERMINATE_NO_POE when only claimed.

    A certificate that has ended since needs proof that the signature existed before
    (EN 319 102-1 clause 5.6.2.4); without it the outcome is OUT_OF_BOUNDS_NO_POE. A claimed time is
    no proof there, not even against the signer; GB/T 38540 and GB/T 35275 take it as it is.
    """
    cert, time = case.signer, case.time
    if cert is None:
        return
    path = case.signature.path
    if time is None:
        if not cert.valid_at(case.at):
            yield Raised("INDETERMINATE_NO_POE", path, "no signing time in the file")
        return
    if time > cert.not_after:
        detail = f"{to_iso(time)} > {to_iso(cert.not_after)}"
        open_question = case.signature.structure == "cms" and case.proven_time is None
        sub = SubIndication.OUT_OF_BOUNDS_NO_POE if open_question else SubIndication.EXPIRED
        yield Raised("E_SIGNER_CERT_EXPIRED", path, detail, sub)
    elif time < cert.not_before:
        detail = f"{to_iso(time)} < {to_iso(cert.not_before)}"
        yield Raised("E_SIGNER_CERT_EXPIRED", path, detail, SubIndication.NOT_YET_VALID)
    elif case.at > cert.not_after and case.proven_time is None:
        yield Raised("INDETERMINATE_NO_POE", path, f"certificate ended {to_iso(cert.not_after)}")
