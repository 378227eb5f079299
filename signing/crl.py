"""Certificate revocation lists (RFC 5280 clause 5), read from bytes at hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from kernel.errors import TongbanError
from signing.algorithms import by_oid
from signing.ses import der
from signing.ses.der import DerError
from signing.x509 import Cert


@dataclass(frozen=True, slots=True)
class Crl:
    """A revocation list: serial number to the time of revocation."""

    issuer_raw: bytes
    this_update: datetime
    next_update: datetime | None
    revoked: Mapping[int, datetime]
    tbs: bytes
    signature_oid: str
    signature: bytes


@lru_cache(maxsize=64)
def parse(data: bytes) -> Crl | None:
    """Read a list; None when it is none."""
    try:
        tbs, algorithm, signature = der.whole(data).expect(der.SEQUENCE).exactly(3)
        parts = list(tbs.expect(der.SEQUENCE).children())
        if parts[0].tag == der.INTEGER:
            parts = parts[1:]
        issuer, this_update, rest = parts[1], parts[2].time(), parts[3:]
        next_update: datetime | None = None
        if rest and rest[0].tag in (der.UTC_TIME, der.GENERALIZED_TIME):
            next_update, rest = rest[0].time(), rest[1:]
        revoked: dict[int, datetime] = {}
        if rest and rest[0].tag == der.SEQUENCE:
            for entry in rest[0].children():
                serial, moment, *_ = entry.expect(der.SEQUENCE).children()
                revoked[serial.integer()] = moment.time()
        oid = algorithm.expect(der.SEQUENCE).first().oid()
        value = signature.bits()
    except (DerError, IndexError, ValueError):
        return None
    return Crl(issuer.raw, this_update, next_update, revoked, tbs.raw, oid, value)


def for_issuer(lists: Iterable[bytes], issuer: Cert) -> Crl | None:
    """Return the newest list that this issuer really signed, or None."""
    found = [
        crl
        for crl in map(parse, lists)
        if crl and crl.issuer_raw == issuer.subject_raw and _signed(crl, issuer)
    ]
    return max(found, key=lambda crl: crl.this_update, default=None)


def _signed(crl: Crl, issuer: Cert) -> bool:
    try:
        method = by_oid(crl.signature_oid)
        return method.verify_digest(issuer.spki, method.digest(crl.tbs, issuer.spki), crl.signature)
    except TongbanError:
        return False
