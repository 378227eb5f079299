"""Who issued whom."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from kernel.errors import TongbanError
from signing.algorithms import by_oid
from signing.x509.model import Cert, KeyUsage

_LONGEST_CHAIN = 8


def is_issued_by(cert: Cert, issuer: Cert) -> bool:
    """Tell whether ``issuer`` signed ``cert`` and was allowed to.

    Names must agree byte for byte, key identifiers where both carry one, the signature algorithm
    inside and outside, the signature itself; the issuer must be a CA whose key may sign
    certificates. Validity in time is another question. Never raises: unknown algorithms are false.
    """
    named = cert.issuer_raw == issuer.subject_raw
    keyed = not (cert.authority_key_id and issuer.subject_key_id) or (
        cert.authority_key_id == issuer.subject_key_id
    )
    return named and keyed and may_issue(issuer) and signed_by(cert, issuer.spki)


def may_issue(cert: Cert) -> bool:
    """Tell whether basicConstraints and key usage let the certificate issue others.

    Version 1 roots carry no extensions; they may issue only if they are their own issuer.
    """
    if not cert.extensions and cert.version < 3:
        return cert.subject_raw == cert.issuer_raw
    return cert.ca and (cert.key_usage is None or KeyUsage.KEY_CERT_SIGN in cert.key_usage)


def signed_by(cert: Cert, spki: bytes) -> bool:
    """Tell whether the key made the certificate's signature over the received bytes.

    The answer is remembered: it depends on these octets alone, and one chain is asked for often.
    """
    if cert.signature_oid != cert.inner_signature_oid:
        return False
    return _signed(cert.tbs, cert.signature_oid, cert.signature, spki)


@lru_cache(maxsize=1024)
def _signed(tbs: bytes, oid: str, signature: bytes, spki: bytes) -> bool:
    try:
        method = by_oid(oid)
        digest = method.digest(tbs, spki)
    except TongbanError:
        return False
    return method.verify_digest(spki, digest, signature)


def chain_to(
    cert: Cert, anchors: Iterable[Cert], others: Iterable[Cert] = ()
) -> tuple[Cert, ...] | None:
    """Return ``cert``, its CAs and the anchor that ends the path, or None where there is none.

    Each certificate is tried once, shortest paths first, so that a bag of certificates that all
    issue each other costs no more than its size. Honours path length constraints. Validity in time
    and revocation are judged by the caller.
    """
    ends = tuple(anchors)
    pool = {item.der: item for item in (*ends, *others)}
    pool.pop(cert.der, None)
    paths: list[tuple[Cert, ...]] = [(cert,)]
    while paths:
        path = paths.pop(0)
        if any(path[-1].der == anchor.der for anchor in ends):
            return path
        if len(path) >= _LONGEST_CHAIN:
            continue
        for issuer in _issuers(path, pool):
            del pool[issuer.der]
            paths.append((*path, issuer))
    return None


def _issuers(path: tuple[Cert, ...], pool: dict[bytes, Cert]) -> list[Cert]:
    below = len(path) - 1
    return [
        issuer
        for issuer in pool.values()
        if (issuer.path_length is None or issuer.path_length >= below)
        and is_issued_by(path[-1], issuer)
    ]
