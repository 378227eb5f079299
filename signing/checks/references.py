"""Check: are the protected files of an OFD seal unchanged, present, and any at all."""

from __future__ import annotations

from collections.abc import Iterable

from signing.checks.case import Case, Raised

CODES = {"mismatch": "E_DIGEST_MISMATCH", "missing": "E_MISSING_PART"}


def check(case: Case) -> Iterable[Raised]:
    """E_DIGEST_MISMATCH, E_MISSING_PART per file; E_EMPTY_REFERENCES when none is listed."""
    if case.evidence.format != "ofd":
        return
    for reference in case.signature.references:
        if reference.state in CODES:
            yield Raised(CODES[reference.state], reference.path)
    if not case.signature.references and case.signature.structure != "unknown":
        yield Raised("E_EMPTY_REFERENCES", case.signature.path)
