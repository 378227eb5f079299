"""Check: is there a time stamp, over the right bytes, and sound."""

from __future__ import annotations

from collections.abc import Iterable

from kernel.clock import from_iso
from signing.checks.case import CLOCK_SKEW, Case, Raised


def check(case: Case) -> Iterable[Raised]:
    """W_NO_TIMESTAMP without one, E_TIMESTAMP for a broken, W_TIMESTAMP_UNTRUSTED for another's."""
    signature = case.signature
    if not signature.timestamps and signature.kind != "timestamp":
        yield Raised("W_NO_TIMESTAMP", signature.path)
    for stamp in signature.timestamps:
        if not (stamp.imprint_valid and stamp.signature_valid):
            yield Raised("E_TIMESTAMP", signature.path, stamp.detail)
        elif not case.vouched(stamp):
            yield Raised("W_TIMESTAMP_UNTRUSTED", signature.path, stamp.time)
        elif signature.time and from_iso(stamp.time) + CLOCK_SKEW < from_iso(signature.time):
            yield Raised("W_TIME_ORDER", signature.path, "stamped before the claimed time")
