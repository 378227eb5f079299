"""What the inspector itself met: defects of structure, encoding and algorithms."""

from __future__ import annotations

from collections.abc import Iterable

from signing.checks.case import Case, Raised


def check(case: Case) -> Iterable[Raised]:
    """Raise every observation of the signature as it is."""
    for item in case.signature.observations:
        yield Raised(item.code, item.path, item.detail)
