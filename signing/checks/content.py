"""Check: is what was signed still what the file says (dataHash of SES, message digest of CMS)."""

from __future__ import annotations

from collections.abc import Iterable

from signing.checks.case import Case, Raised


def check(case: Case) -> Iterable[Raised]:
    """E_DATAHASH_MISMATCH for a changed Signature.xml, E_DIGEST_MISMATCH for changed PDF bytes."""
    if case.signature.content_valid is False:
        code = "E_DIGEST_MISMATCH" if case.evidence.format == "pdf" else "E_DATAHASH_MISMATCH"
        yield Raised(code, case.signature.path)
