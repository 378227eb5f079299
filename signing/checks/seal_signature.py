"""Check: is the seal inside the signature the one its maker made."""

from __future__ import annotations

from collections.abc import Iterable

from signing.checks.case import Case, Raised


def check(case: Case) -> Iterable[Raised]:
    """E_SEAL_SIGNATURE when the maker's signature does not fit the seal, or cannot be computed."""
    seal = case.signature.seal
    if seal is not None and seal.signature_valid is not True:
        yield Raised("E_SEAL_SIGNATURE", case.signature.path, seal.seal_id)
