"""Answers of OCSP responders (RFC 6960), read from bytes at hand and believed only when proven.

An answer counts for a certificate when its issuer signed it, or a responder to which the issuer
delegated that: certified by the issuer itself for this purpose (§4.2.2.2), in force when the answer
was made, and either exempt from checks (id-pkix-ocsp-nocheck) or not on the issuer's list at hand.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from kernel.errors import TongbanError
from signing import crl, der, x509
from signing.algorithms import by_oid
from signing.ocsp_model import Answer, CertStatus, Single, hashed, key_bits
from signing.ocsp_wire import read_answer
from signing.ses.der import DerError
from signing.x509 import Cert, KeyUsage, is_issued_by
from signing.x509.model import NO_CHECK, OCSP_SIGNING

_MOST_CERTIFICATES = 8


def parse(data: bytes) -> Answer | None:
    """Read an answer; None when it is none, tells a failure, or is over the limit."""
    try:
        return read_answer(data)
    except (DerError, IndexError, ValueError, OverflowError):
        return None


_parse_known = lru_cache(maxsize=512)(parse)


def for_certificate(
    answers: Iterable[bytes],
    cert: Cert,
    issuer: Cert,
    at: datetime | None = None,
    *,
    given: Iterable[bytes] = (),
    lists: Iterable[bytes] = (),
) -> Single | None:
    """Return the newest proven word on a certificate that is not from after ``at``, or None.

    ``answers`` are the hub's own and are kept parsed; those ``given`` with a file are not.
    ``lists`` (CRLs) tell of responders that are not exempt from checks. "Unknown" is no word. A
    revocation for ever outweighs whatever is said later: nothing ends it (RFC 5280 §5.3.1).
    """
    known, serial = tuple(lists), der.integer(cert.serial)
    # Whoever has many answers at hand reads those alone that hold the serial number somewhere.
    parsed = ((data, _parse_known(data)) for data in answers if serial in data)
    found = [
        single
        for data, answer in (*parsed, *((item, parse(item)) for item in given if serial in item))
        if answer
        for single in answer.singles
        if single.status is not CertStatus.UNKNOWN
        and single.cert_id.serial == cert.serial
        and single.cert_id.names(issuer)
        and (at is None or (single.this_update <= at and answer.produced_at <= at))
        and _proven(data, answer, issuer, known)
    ]
    ended = [item for item in found if item.status is CertStatus.REVOKED and not on_hold(item)]
    return max(ended or found, key=lambda item: item.this_update, default=None)


def on_hold(single: Single) -> bool:
    """Tell whether a revocation may end: reason certificateHold."""
    return single.status is CertStatus.REVOKED and single.reason == crl.ON_HOLD


def _proven(data: bytes, answer: Answer, issuer: Cert, lists: tuple[bytes, ...]) -> bool:
    """Tell whether whoever may speak for the issuer signed the answer."""
    for candidate in (issuer, *_delegates(answer, issuer)):
        if not _named(answer, candidate) or not _signed(data, candidate.spki):
            continue
        return candidate.der == issuer.der or _in_office(candidate, answer, issuer, lists)
    return False


def _named(answer: Answer, cert: Cert) -> bool:
    if answer.responder_name:
        return answer.responder_name == cert.subject_raw
    return answer.responder_key == hashed("sha1", key_bits(cert.spki))


def _delegates(answer: Answer, issuer: Cert) -> Iterable[Cert]:
    for data in answer.certificates[:_MOST_CERTIFICATES]:
        try:
            cert = x509.parse(data)
        except TongbanError:
            continue
        uses = cert.key_usage
        signs = uses is None or KeyUsage.DIGITAL_SIGNATURE in uses
        if OCSP_SIGNING in cert.extended_key_usage and signs and is_issued_by(cert, issuer):
            yield cert


def _in_office(cert: Cert, answer: Answer, issuer: Cert, lists: tuple[bytes, ...]) -> bool:
    if not cert.valid_at(answer.produced_at):
        return False
    if any(item.oid == NO_CHECK for item in cert.extensions):
        return True
    listed = crl.for_issuer(lists, issuer)
    return listed is not None and cert.serial not in listed.revoked


@lru_cache(maxsize=512)
def _signed(data: bytes, spki: bytes) -> bool:
    answer = parse(data)
    try:
        if answer is None:
            return False
        method = by_oid(answer.signature_oid)
        return method.verify_digest(spki, method.digest(answer.tbs, spki), answer.signature)
    except TongbanError:
        return False
