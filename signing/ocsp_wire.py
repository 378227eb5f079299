"""Requests and answers of RFC 6960 as bytes: read strictly, written in DER."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from signing import der as writer
from signing.algorithms import by_name
from signing.ocsp_model import (
    BASIC,
    HASHES,
    NONCE,
    Answer,
    CertId,
    CertStatus,
    ResponseStatus,
    Single,
    StatusRequest,
    hashed,
    issuer_hashes,
    key_bits,
)
from signing.ses import der
from signing.ses.der import DerError, Node
from signing.x509 import Cert

REQUEST_TYPE: Final = "application/ocsp-request"
ANSWER_TYPE: Final = "application/ocsp-response"
LARGEST_REQUEST: Final = 16 * 1024
LARGEST_ANSWER: Final = 256 * 1024
MOST: Final = 32
"""Certificates in one request or answer."""
_SMALLEST_NONCE, _LARGEST_NONCE = 1, 128
"""Octets (RFC 9654 §2.1)."""
_CONTEXT: Final = tuple(0xA0 + at for at in range(4))
_GOOD, _REVOKED, _UNKNOWN = 0x80, 0xA1, 0x82
_ENUMERATED: Final = 0x0A
_UNDERSTOOD: Final = frozenset({NONCE})


def read_request(data: bytes) -> StatusRequest:
    """Read an OCSPRequest; raises DerError. A signature on it is not looked at."""
    if len(data) > LARGEST_REQUEST:
        raise _odd("longer than a request may be")
    parts = der.whole(data).expect(der.SEQUENCE).children()
    if not parts:
        raise _odd("an empty request")
    fields = list(parts[0].expect(der.SEQUENCE).children())
    for tag in _CONTEXT[:2]:  # version, name of who asks
        if fields and fields[0].tag == tag:
            fields.pop(0)
    if not fields:
        raise _odd("a request for nothing")
    listed = fields[0].expect(der.SEQUENCE).children()
    if not 1 <= len(listed) <= MOST:
        raise _odd(f"asks for {len(listed)} certificates")
    known = _extensions(fields[1].expect(_CONTEXT[2]).first()) if fields[1:] else {}
    nonce = known.get(NONCE, (False, b""))[1]
    if nonce and not _SMALLEST_NONCE <= len(_nonce(nonce)) <= _LARGEST_NONCE:
        raise _odd("nonce of another length")
    return StatusRequest(tuple(_cert_id(item.first()) for item in listed), nonce)


def read_status(data: bytes) -> ResponseStatus:
    """Return how the responder answers; raises DerError."""
    parts = der.whole(data).expect(der.SEQUENCE).children()
    value = int.from_bytes(parts[0].expect(_ENUMERATED).content, "big") if parts else -1
    if value not in set(ResponseStatus):
        raise _odd("an unknown status")
    return ResponseStatus(value)


def read_answer(data: bytes) -> Answer:
    """Read an OCSPResponse that succeeded; raises DerError.

    One with a critical extension of unknown meaning is refused: it may speak of something else.
    """
    if len(data) > LARGEST_ANSWER:
        raise _odd("longer than an answer may be")
    status, *body = der.whole(data).expect(der.SEQUENCE).children()
    if int.from_bytes(status.expect(_ENUMERATED).content, "big") or len(body) != 1:
        raise _odd("no success")
    kind, octets = body[0].expect(_CONTEXT[0]).first().expect(der.SEQUENCE).exactly(2)
    if kind.oid() != BASIC:
        raise _odd("no basic response")
    tbs, algorithm, signature, *certs = der.whole(octets.octets()).expect(der.SEQUENCE).children()
    fields = list(tbs.expect(der.SEQUENCE).children())
    if fields and fields[0].tag == _CONTEXT[0] and fields.pop(0).first().integer() != 0:
        raise _odd("another version")
    if not 3 <= len(fields) <= 4:
        raise _odd("parts of the response are missing")
    who, produced, listed, *rest = fields
    found = listed.expect(der.SEQUENCE).children()
    if len(found) > MOST:
        raise _odd("too many certificates")
    known = _extensions(rest[0].expect(_CONTEXT[1]).first()) if rest else {}
    named = who.tag == _CONTEXT[1]
    return Answer(
        tbs=tbs.raw,
        signature_oid=algorithm.expect(der.SEQUENCE).first().oid(),
        signature=signature.bits(),
        responder_name=who.first().raw if named else b"",
        responder_key=b"" if named else who.expect(_CONTEXT[2]).first().octets(),
        produced_at=produced.expect(der.GENERALIZED_TIME).time(),
        singles=tuple(_single(item) for item in found),
        nonce=known.get(NONCE, (False, b""))[1],
        certificates=_certificates(certs),
    )


def request(cert: Cert, issuer: Cert, nonce: bytes = b"", digest: str = "sha1") -> bytes:
    """Return an OCSPRequest for one certificate; ``nonce`` are plain octets."""
    listed = writer.sequence(writer.sequence(cert_id(cert, issuer, digest)))
    extra: tuple[bytes, ...] = ()
    if nonce:
        extra = (writer.encode(_CONTEXT[2], _nonce_extension(writer.encode(4, nonce))),)
    return writer.sequence(writer.sequence(listed, *extra))


def cert_id(cert: Cert, issuer: Cert, digest: str = "sha1") -> bytes:
    """Return the CertID of a certificate."""
    oid = next(oid for oid, name in HASHES.items() if name == digest)
    parameters = (writer.encode(writer.NULL),) if digest == "sha1" else ()
    name, key = issuer_hashes(issuer, digest)
    return writer.sequence(
        writer.sequence(writer.oid(oid), *parameters),
        writer.encode(writer.OCTETS, name),
        writer.encode(writer.OCTETS, key),
        writer.integer(cert.serial),
    )


def failed(status: ResponseStatus) -> bytes:
    """Return the OCSPResponse of a failure, which nobody signs."""
    return writer.sequence(writer.encode(_ENUMERATED, bytes([status])))


def answer(
    singles: Sequence[Single],
    *,
    produced_at: datetime,
    responder: Cert,
    algorithm: str,
    sign: Callable[[bytes], Callable[[bytes], bytes]],
    nonce: bytes = b"",
    certificates: Sequence[bytes] = (),
) -> bytes:
    """Return a signed OCSPResponse.

    ``sign`` gets the bytes to be signed and returns the function that signs their digest; the
    ``nonce`` goes back as it came. ``certificates`` (DER) lead from the responder to the issuer.
    """
    method = by_name(algorithm)
    key = hashed("sha1", key_bits(responder.spki))
    tbs = writer.sequence(
        writer.encode(_CONTEXT[2], writer.encode(writer.OCTETS, key)),
        writer.generalized(produced_at),
        writer.sequence(*(_write_single(item) for item in singles)),
        *((writer.encode(_CONTEXT[1], _nonce_extension(nonce)),) if nonce else ()),
    )
    signature = sign(tbs)(method.digest(tbs, responder.spki))
    basic = writer.sequence(
        tbs,
        method.identifier,
        writer.bits(signature),
        *((writer.encode(_CONTEXT[0], writer.sequence(*certificates)),) if certificates else ()),
    )
    body = writer.sequence(writer.oid(BASIC), writer.encode(writer.OCTETS, basic))
    status = writer.encode(_ENUMERATED, bytes([ResponseStatus.SUCCESSFUL]))
    return writer.sequence(status, writer.encode(_CONTEXT[0], body))


def _write_single(item: Single) -> bytes:
    status = {
        CertStatus.GOOD: writer.encode(_GOOD),
        CertStatus.UNKNOWN: writer.encode(_UNKNOWN),
    }.get(item.status)
    if item.revoked_at is not None:
        code = writer.encode(_ENUMERATED, bytes([item.reason]))
        reason = (writer.encode(_CONTEXT[0], code),) if item.reason else ()
        status = writer.encode(_REVOKED, writer.generalized(item.revoked_at), *reason)
    assert status is not None
    after = item.next_update
    return writer.sequence(
        item.cert_id.raw,
        status,
        writer.generalized(item.this_update),
        *((writer.encode(_CONTEXT[0], writer.generalized(after)),) if after else ()),
    )


def _nonce_extension(content: bytes) -> bytes:
    inner = writer.encode(writer.OCTETS, content)
    return writer.sequence(writer.sequence(writer.oid(NONCE), inner))


def _nonce(content: bytes) -> bytes:
    return der.whole(content).octets()


def _cert_id(item: Node) -> CertId:
    algorithm, name, key, serial = item.expect(der.SEQUENCE).exactly(4)
    oid = algorithm.expect(der.SEQUENCE).first().oid()
    return CertId(HASHES.get(oid, ""), name.octets(), key.octets(), serial.integer(), item.raw)


def _single(item: Node) -> Single:
    parts = item.expect(der.SEQUENCE).children()
    if len(parts) < 3:
        raise _odd("parts of a status are missing")
    named, status, this_update, *rest = parts
    next_update: datetime | None = None
    if rest and rest[0].tag == _CONTEXT[0]:
        next_update = rest.pop(0).first().expect(der.GENERALIZED_TIME).time()
    if rest:
        _extensions(rest.pop(0).expect(_CONTEXT[1]).first())
    if rest:
        raise _odd("more than a status has")
    kind, revoked_at, reason = _status(status)
    moment = this_update.expect(der.GENERALIZED_TIME).time()
    return Single(_cert_id(named), kind, moment, next_update, revoked_at, reason)


def _status(item: Node) -> tuple[CertStatus, datetime | None, int]:
    if item.tag in (_GOOD, _UNKNOWN) and not item.content:
        return (CertStatus.GOOD if item.tag == _GOOD else CertStatus.UNKNOWN), None, 0
    parts = item.expect(_REVOKED).children()
    if not 1 <= len(parts) <= 2:
        raise _odd("a revocation without its time")
    reason = 0
    if parts[1:]:
        code = parts[1].expect(_CONTEXT[0]).first().expect(_ENUMERATED).content
        reason = int.from_bytes(code, "big")
    return CertStatus.REVOKED, parts[0].expect(der.GENERALIZED_TIME).time(), reason


def _certificates(parts: Sequence[Node]) -> tuple[bytes, ...]:
    if not parts:
        return ()
    found = parts[0].expect(_CONTEXT[0]).first().expect(der.SEQUENCE).children()
    return tuple(item.raw for item in found)


def _extensions(listed: Node) -> dict[str, tuple[bool, bytes]]:
    found: dict[str, tuple[bool, bytes]] = {}
    for item in listed.expect(der.SEQUENCE).children():
        parts = item.expect(der.SEQUENCE).children()
        if not 2 <= len(parts) <= 3:
            raise _odd("an extension of another shape")
        name, *flag, value = parts
        critical = bool(flag) and flag[0].boolean()
        if critical and name.oid() not in _UNDERSTOOD:
            raise _odd(f"critical extension {name.oid()}")
        found[name.oid()] = (critical, value.octets())
    return found


def _odd(detail: str) -> DerError:
    return DerError("E_ASN1_NOT_DER", detail)
