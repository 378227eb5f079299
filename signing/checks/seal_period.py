"""Check: was the seal in its validity when it was applied."""

from __future__ import annotations

from collections.abc import Iterable

from kernel.clock import from_iso, to_iso
from signing.checks.case import Case, Raised


def check(case: Case) -> Iterable[Raised]:
    """E_SEAL_EXPIRED, E_SEAL_NOT_YET_VALID at the signing time; W_TIME_ORDER before its making."""
    seal, time = case.signature.seal, case.time
    if seal is None or time is None:
        return
    if time > from_iso(seal.valid_to):
        yield Raised("E_SEAL_EXPIRED", case.signature.path, f"{to_iso(time)} > {seal.valid_to}")
    if time < from_iso(seal.valid_from):
        detail = f"{to_iso(time)} < {seal.valid_from}"
        yield Raised("E_SEAL_NOT_YET_VALID", case.signature.path, detail)
    if time < from_iso(seal.created):
        yield Raised("W_TIME_ORDER", case.signature.path, f"{to_iso(time)} < {seal.created}")
