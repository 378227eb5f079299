"""Time-stamp tokens (RFC 3161, GB/T 20520): read, and checked against what they stamp."""

from __future__ import annotations

import hashlib
from datetime import datetime

from kernel.clock import to_iso
from signing.formats.crypto import SM2_SIGN_OIDS, digest_name, hash_bytes, verify
from signing.formats.pool import Notes, Pool, read_certificate
from signing.model import TimestampEvidence
from signing.ses import der
from signing.ses.der import DerError, Node
from signing.ses.gbt35275 import parse

TST_INFO = "1.2.840.113549.1.9.16.1.4"


def read_token(
    token: bytes, stamped: bytes, pool: Pool, notes: Notes, path: str
) -> TimestampEvidence:
    """Read a token over ``stamped``; a broken one becomes evidence that says so."""
    try:
        return _read(token, stamped, pool, notes, path)
    except DerError as error:
        notes.add("E_TIMESTAMP", path, error.detail)
        return TimestampEvidence("", None, None, "", error.detail)


def _read(token: bytes, stamped: bytes, pool: Pool, notes: Notes, path: str) -> TimestampEvidence:
    data = parse(token)
    info = der.whole(_encapsulated(token)).expect(der.SEQUENCE).children()
    if len(info) < 5:
        raise DerError("E_TIMESTAMP", "TSTInfo is cut short")
    method, digest = info[2].expect(der.SEQUENCE).exactly(2)
    name = digest_name(method.expect(der.SEQUENCE).first().oid())
    imprint = name is not None and hash_bytes(name, stamped) == digest.octets()
    moment: datetime = info[4].time()
    ders = data.certificates
    for item in ders:
        pool.add(item)
    certs = [read_certificate(item, notes, path) for item in ders]
    cert = next((item for item in certs if item and item.serial == data.serial), None)
    valid = None
    if cert is not None:
        # A classic CMS may name the bare key algorithm; the digest then says how it was used.
        valid = verify(
            cert, _oid(data.signature_oid), data.signed, data.signature, notes, path=path
        )
        digest_ok = hash_bytes(digest_name(data.digest_oid) or "sm3", _encapsulated(token))
        valid = valid and digest_ok == data.attested
    return TimestampEvidence(
        time=to_iso(moment),
        imprint_valid=imprint,
        signature_valid=valid,
        signer=hashlib.sha256(cert.der).hexdigest() if cert else "",
    )


def _oid(oid: str) -> str:
    if oid in SM2_SIGN_OIDS:
        return "1.2.156.10197.1.501"
    return "1.2.840.113549.1.1.11" if oid == "1.2.840.113549.1.1.1" else oid


def _encapsulated(token: bytes) -> bytes:
    body = _inside(der.whole(token).expect(der.SEQUENCE))
    content = body[2].expect(der.SEQUENCE).children()
    if len(content) != 2 or content[0].oid() != TST_INFO:
        raise DerError("E_TIMESTAMP", "token holds no TSTInfo")
    return der.whole(content[1].expect(0xA0).content).octets()


def _inside(outer: Node) -> tuple[Node, ...]:
    parts = outer.children()
    if len(parts) != 2 or len(parts[1].children()) != 1:
        raise DerError("E_TIMESTAMP", "token is no ContentInfo")
    body = parts[1].children()[0].children()
    if len(body) < 4:
        raise DerError("E_TIMESTAMP", "token is cut short")
    return body
