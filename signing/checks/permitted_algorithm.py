"""Check: does the policy permit these kinds of keys, of their sizes, with their digests."""

from __future__ import annotations

from collections.abc import Iterable

from signing.checks.case import Case, Raised
from signing.checks.permitted import chain_refusals, refusals
from signing.formats.crypto import SM2_SIGN_OIDS, WEAK, digest_name


def check(case: Case) -> Iterable[Raised]:
    """E_ALG_UNSUPPORTED for a key or a pair that has no row; E_WEAK_DIGEST where no key has it.

    Judged are the signer, the maker of its seal and the certificates above both. A time stamp that
    uses something else proves no time and spoils nothing (``timestamps``). MD5 and SHA-1 are the
    inspector's: it tells them apart from what is merely not on the list.
    """
    rows, signature = case.permitted, case.signature
    if rows is None or signature.kind == "timestamp":
        return
    for cert, digests in ((case.signer, _digests(case)), (case.maker, ())):
        if cert is not None:
            found = [*refusals(cert, digests, rows), *chain_refusals(case.path(cert) or (), rows)]
            yield from (Raised(item.code, signature.path, item.detail) for item in found)


def _digests(case: Case) -> tuple[str, ...]:
    """Return the digest under the signature itself; that of an SM2 signature is always SM3."""
    signature = case.signature
    name: str | None = None
    if signature.signature_algorithm in SM2_SIGN_OIDS:
        name = "sm3"
    elif case.evidence.format == "pdf":
        name = digest_name(signature.digest_algorithm)
    return (name,) if name and name not in WEAK else ()
