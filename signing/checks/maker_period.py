"""Check: was the seal maker's certificate valid when it made the seal or when it was used."""

from __future__ import annotations

from collections.abc import Iterable

from kernel.clock import from_iso
from signing.checks.case import Case, Raised


def check(case: Case) -> Iterable[Raised]:
    """W_MAKER_CERT_WINDOW when neither holds; no stricter rule survives real seals."""
    seal, maker, time = case.signature.seal, case.maker, case.time
    if seal is None or maker is None or time is None:
        return
    if not (maker.valid_at(from_iso(seal.created)) or maker.valid_at(time)):
        yield Raised("W_MAKER_CERT_WINDOW", case.signature.path)
