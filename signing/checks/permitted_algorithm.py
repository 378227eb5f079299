"""Check: does the policy permit these kinds of keys, of their sizes, with their digests."""

from __future__ import annotations

from collections.abc import Iterable

from signing.checks.case import Case, Raised
from signing.checks.permitted import chain_refusals, refusals
from signing.formats.crypto import WEAK, digest_name


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
    """Return every digest between the document and the key, of those with a name."""
    signature = case.signature
    named = map(digest_name, (signature.content_algorithm, signature.digest_algorithm))
    plain = (name.removesuffix("-keyed") for name in named if name)
    return tuple(name for name in dict.fromkeys(plain) if name not in WEAK)
