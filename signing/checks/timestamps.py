"""Check: is there a time stamp, over the right bytes, and sound."""

from __future__ import annotations

from collections.abc import Iterable

from kernel.clock import from_iso, to_iso
from signing.checks.case import CLOCK_SKEW, Case, Raised


def check(case: Case) -> Iterable[Raised]:
    """W_NO_TIMESTAMP without one, E_TIMESTAMP for a broken, W_TIMESTAMP_UNTRUSTED for another's.

    W_TIMESTAMP_WEAK for one by digests or keys that the policy does not permit: it proves no time.
    W_TIMESTAMP_ENDED where nothing renewed a stamp before its authority's certificate ended.
    """
    signature = case.signature
    if not signature.timestamps and signature.kind != "timestamp":
        yield Raised("W_NO_TIMESTAMP", signature.path)
    for stamp in signature.timestamps:
        if not (stamp.imprint_valid and stamp.signature_valid):
            yield Raised("E_TIMESTAMP", signature.path, stamp.detail)
        elif weakness := case.weakness(stamp):
            yield Raised("W_TIMESTAMP_WEAK", signature.path, weakness)
        elif not case.vouched(stamp):
            yield Raised("W_TIMESTAMP_UNTRUSTED", signature.path, stamp.time)
        elif signature.time and from_iso(stamp.time) + CLOCK_SKEW < from_iso(signature.time):
            yield Raised("W_TIME_ORDER", signature.path, "stamped before the claimed time")
    if signature.kind != "timestamp" and case.proven_time and not _held(case):
        yield Raised("W_TIMESTAMP_ENDED", signature.path, to_iso(case.proven_time))


def _held(case: Case) -> bool:
    """Tell whether a chain of stamps, each made before the last one's end, reaches to now."""
    known = sorted(
        (from_iso(stamp.time), cert.not_after)
        for stamp in case.signature.timestamps
        if case.proves(stamp)
        if (cert := case.certificate(stamp.signer)) is not None
    )
    end = known[0][1]
    for moment, not_after in known[1:]:
        if moment <= end:
            end = max(end, not_after)
    return case.at <= end
