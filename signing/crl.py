"""Certificate revocation lists (RFC 5280 clause 5), read from bytes at hand.

Only complete lists count: one with a critical extension that is not understood here (a delta list,
a list of one distribution point) may not tell that a certificate is good, and is none.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from kernel.errors import TongbanError
from signing.algorithms import by_oid
from signing.ses import der
from signing.ses.der import DerError, Node
from signing.x509 import Cert, KeyUsage

LARGEST = 1 << 20
"""Bytes of a list; a longer one is not read, so that a bad file costs little."""
_CONTEXT_0 = 0xA0
_ENUMERATED = 0x0A
_NUMBER, _REASON = "2.5.29.20", "2.5.29.21"
_REMOVED = 8
ON_HOLD = 6
"""Reason certificateHold (RFC 5280 §5.3.1)."""
_UNDERSTOOD = frozenset({_NUMBER, "2.5.29.35"})
_PEM = re.compile(rb"-----BEGIN X509 CRL-----(.*?)-----END X509 CRL-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Crl:
    """A revocation list: serial number to the time of revocation; ``held`` may come back."""

    issuer_raw: bytes
    this_update: datetime
    next_update: datetime | None
    revoked: Mapping[int, datetime]
    tbs: bytes
    signature_oid: str
    signature: bytes
    held: frozenset[int] = frozenset()
    number: int = 0

    def ended_at(self, moment: datetime) -> bool:
        """Tell whether a newer list was due; one that names no end has always ended."""
        return self.next_update is None or self.next_update < moment


def parse(data: bytes) -> Crl | None:
    """Read a list; None when it is none, is not a complete one, or is over ``LARGEST``."""
    if len(data) > LARGEST:
        return None
    try:
        return _list(data)
    except (DerError, IndexError, ValueError, OverflowError):
        return None


_parse_known = lru_cache(maxsize=256)(parse)


def _list(data: bytes) -> Crl | None:
    tbs, algorithm, signature = der.whole(data).expect(der.SEQUENCE).exactly(3)
    parts = list(tbs.expect(der.SEQUENCE).children())
    if parts[0].tag == der.INTEGER:
        parts = parts[1:]
    inner, issuer, this_update, *rest = parts
    oid = algorithm.expect(der.SEQUENCE).first().oid()
    if inner.expect(der.SEQUENCE).first().oid() != oid:
        return None
    next_update: datetime | None = None
    if rest and rest[0].tag in (der.UTC_TIME, der.GENERALIZED_TIME):
        next_update, rest = rest[0].time(), rest[1:]
    revoked: dict[int, datetime] = {}
    held: set[int] = set()
    if rest and rest[0].tag == der.SEQUENCE:
        for entry in rest[0].children():
            serial, moment, *more = entry.expect(der.SEQUENCE).children()
            reason = _reason(more)
            if reason == _REMOVED:
                return None
            revoked[serial.integer()] = moment.time()
            if reason == ON_HOLD:
                held.add(serial.integer())
        rest = rest[1:]
    known = _extensions(rest[0].expect(_CONTEXT_0).first()) if rest else {}
    if any(critical and name not in _UNDERSTOOD for name, (critical, _) in known.items()):
        return None
    number = der.whole(known[_NUMBER][1]).integer() if _NUMBER in known else 0
    return Crl(
        issuer_raw=issuer.raw,
        this_update=this_update.time(),
        next_update=next_update,
        revoked=revoked,
        tbs=tbs.raw,
        signature_oid=oid,
        signature=signature.bits(),
        held=frozenset(held),
        number=number,
    )


def _reason(more: Sequence[Node]) -> int:
    """Return the reason code of an entry, 0 without one; raises DerError on a critical other."""
    known = _extensions(more[0]) if more else {}
    if any(critical and name != _REASON for name, (critical, _) in known.items()):
        raise DerError("E_ASN1_NOT_DER", "an entry for another issuer or of unknown meaning")
    if _REASON not in known:
        return 0
    return int.from_bytes(der.whole(known[_REASON][1]).expect(_ENUMERATED).content, "big")


def _extensions(listed: Node) -> dict[str, tuple[bool, bytes]]:
    found: dict[str, tuple[bool, bytes]] = {}
    for item in listed.expect(der.SEQUENCE).children():
        name, *flag, value = item.expect(der.SEQUENCE).children()
        found[name.oid()] = (bool(flag) and flag[0].boolean(), value.octets())
    return found


def for_issuer(
    lists: Iterable[bytes], issuer: Cert, at: datetime | None = None, given: Iterable[bytes] = ()
) -> Crl | None:
    """Return the newest list that this issuer really signed and that is not from after ``at``.

    ``lists`` are the hub's own and are kept parsed; those ``given`` with a file are not.
    """
    trusted = ((data, _parse_known(data)) for data in lists)
    found = [
        crl
        for data, crl in (*trusted, *((item, parse(item)) for item in given))
        if crl
        and crl.issuer_raw == issuer.subject_raw
        and (at is None or crl.this_update <= at)
        and _may_list(issuer)
        and _signed(data, crl.signature_oid, issuer.spki)
    ]
    return max(found, key=lambda crl: (crl.this_update, crl.number), default=None)


def from_file(data: bytes) -> tuple[bytes, ...]:
    """Return the DER of the lists in a file: PEM blocks, or one list in DER; none is no error.

    Raises TongbanError ``certificate-unreadable`` where a block holds no list.
    """
    if data[:1] == b"\x30":
        return (data,) if parse(data) else ()
    try:
        found = tuple(base64.b64decode(b"".join(m.split())) for m in _PEM.findall(data))
    except binascii.Error as error:
        raise TongbanError("certificate-unreadable", reason="broken base64") from error
    if not all(parse(item) for item in found):
        raise TongbanError("certificate-unreadable", reason="no complete revocation list")
    return found


def to_pem(data: bytes) -> bytes:
    """Return the PEM text of a DER list."""
    text = base64.encodebytes(data).replace(b"\n", b"")
    lines = b"\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return b"-----BEGIN X509 CRL-----\n" + lines + b"\n-----END X509 CRL-----\n"


def _may_list(issuer: Cert) -> bool:
    return issuer.key_usage is None or KeyUsage.CRL_SIGN in issuer.key_usage


@lru_cache(maxsize=256)
def _signed(data: bytes, oid: str, spki: bytes) -> bool:
    crl = parse(data)
    try:
        method = by_oid(oid)
        return crl is not None and method.verify_digest(
            spki, method.digest(crl.tbs, spki), crl.signature
        )
    except TongbanError:
        return False
