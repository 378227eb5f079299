"""Check: may this signer use this seal (GB/T 38540: the certificate list of the seal)."""

from __future__ import annotations

from collections.abc import Iterable

from signing.checks.case import Case, Raised


def check(case: Case) -> Iterable[Raised]:
    """E_SIGNER_NOT_IN_SEAL; a list that cannot be compared counts as not naming the signer."""
    if case.signature.seal is not None and case.signature.member is not True:
        yield Raised("E_SIGNER_NOT_IN_SEAL", case.signature.path)
