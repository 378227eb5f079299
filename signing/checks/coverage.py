"""Check: does the seal protect everything."""

from __future__ import annotations

from collections.abc import Iterable

from signing.checks.case import Case, Raised


def check(case: Case) -> Iterable[Raised]:
    """E_PARTIAL_COVERAGE, E_UNCOVERED_FILE; silent while nobody is known to have signed at all."""
    if not case.signature.signer:
        return
    for path in case.signature.partial:
        yield Raised("E_PARTIAL_COVERAGE", path)
    for path in case.signature.uncovered:
        yield Raised("E_UNCOVERED_FILE", path)
