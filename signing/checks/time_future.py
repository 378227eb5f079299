"""Check: does the signature claim to be made after the moment of judging."""

from __future__ import annotations

from collections.abc import Iterable

from kernel.clock import to_iso
from signing.checks.case import CLOCK_SKEW, Case, Raised


def check(case: Case) -> Iterable[Raised]:
    """E_TIME_IN_FUTURE beyond the allowed difference of clocks."""
    if case.time is not None and case.time > case.at + CLOCK_SKEW:
        yield Raised("E_TIME_IN_FUTURE", case.signature.path, to_iso(case.time))
