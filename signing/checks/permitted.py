"""What a policy's rows permit: kinds of keys, and the digests that a key of each kind may sign."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from kernel.errors import TongbanError
from signing.algorithms import by_oid
from signing.x509 import Cert
from signing.x509.key import kind

Rows = Mapping[str, tuple[str, ...]]
_RSA = "rsa-"


class Refusal(NamedTuple):
    """Why rows do not permit something: the code that it amounts to, and what it is."""

    code: str
    detail: str


def refusals(cert: Cert, digests: Sequence[str], rows: Rows) -> Iterator[Refusal]:
    """Give what rows have against a key, or else against the digests that it signs.

    E_ALG_UNSUPPORTED for a key or a pair that has no row, E_WEAK_DIGEST where no key has it.
    """
    name = _kind(cert)
    allowed = _digests(name, rows)
    if allowed is None:
        yield Refusal("E_ALG_UNSUPPORTED", f"{name} key is not permitted")
        return
    for digest in digests:
        if digest not in allowed:
            known = any(digest in row for row in rows.values())
            code = "E_ALG_UNSUPPORTED" if known else "E_WEAK_DIGEST"
            yield Refusal(code, f"{digest or 'unknown digest'} with {name} key")


def chain_refusals(chain: Sequence[Cert], rows: Rows) -> Iterator[Refusal]:
    """Give what rows have against the keys above a path's end, and the digests that they signed.

    The anchor's key counts as well: what it signed is only as good as the key.
    """
    for cert, issuer in pairwise(chain):
        for refusal in refusals(issuer, _signed_with(cert), rows):
            yield Refusal(refusal.code, f"{issuer.common_name}: {refusal.detail}")


def _signed_with(cert: Cert) -> tuple[str, ...]:
    """Return the digest of a certificate's signature; none where no signature could be checked."""
    try:
        return (by_oid(cert.signature_oid).digest_name,)
    except TongbanError:
        return ()


def _digests(name: str, rows: Rows) -> tuple[str, ...] | None:
    """Return the digests that a kind of key may sign, None for one that is not permitted at all.

    An RSA key falls under the row of the largest size that it reaches.
    """
    if not name.startswith(_RSA):
        return rows.get(name)
    bits = int(name.removeprefix(_RSA))
    sizes = [int(row.removeprefix(_RSA)) for row in rows if row.startswith(_RSA)]
    reached = [size for size in sizes if size <= bits]
    return rows[f"{_RSA}{max(reached)}"] if reached else None


def _kind(cert: Cert) -> str:
    return kind(cert.key_algorithm, cert.curve, cert.spki)
