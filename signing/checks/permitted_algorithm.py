"""Check: does the policy permit this kind of key, of this size, with this digest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from signing.checks.case import Case, Raised
from signing.formats.crypto import SM2_SIGN_OIDS, WEAK, digest_name
from signing.x509 import Cert
from signing.x509.key import kind

_RSA = "rsa-"


def check(case: Case) -> Iterable[Raised]:
    """E_ALG_UNSUPPORTED for a key or a pair that has no row; E_WEAK_DIGEST where no key has it.

    MD5 and SHA-1 are the inspector's: it tells them apart from what is merely not on the list.
    """
    if case.permitted is None or case.signer is None:
        return
    path = case.signature.path
    for cert in (case.signer, case.maker):
        if cert is not None and permitted_digests(cert, case.permitted) is None:
            yield Raised("E_ALG_UNSUPPORTED", path, f"{_kind(cert)} key is not permitted")
    digest, allowed = _digest(case), permitted_digests(case.signer, case.permitted)
    if allowed is None or not digest or digest in WEAK or digest in allowed:
        return
    known = any(digest in row for row in case.permitted.values())
    code = "E_ALG_UNSUPPORTED" if known else "E_WEAK_DIGEST"
    yield Raised(code, path, f"{digest} with {_kind(case.signer)} key")


def permitted_digests(cert: Cert, rows: Mapping[str, tuple[str, ...]]) -> tuple[str, ...] | None:
    """Return the digests that a key may sign, None for a key that is not permitted at all.

    An RSA key falls under the row of the largest size that it reaches.
    """
    name = _kind(cert)
    if not name.startswith(_RSA):
        return rows.get(name)
    bits = int(name.removeprefix(_RSA))
    sizes = [int(row.removeprefix(_RSA)) for row in rows if row.startswith(_RSA)]
    reached = [size for size in sizes if size <= bits]
    return rows[f"{_RSA}{max(reached)}"] if reached else None


def _kind(cert: Cert) -> str:
    return kind(cert.key_algorithm, cert.curve, cert.spki)


def _digest(case: Case) -> str | None:
    """Return the digest under the signature itself; that of an SM2 signature is always SM3."""
    signature = case.signature
    if signature.signature_algorithm in SM2_SIGN_OIDS:
        return "sm3"
    return digest_name(signature.digest_algorithm) if case.evidence.format == "pdf" else None
