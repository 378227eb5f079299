"""RFC 3161 on the wire: requests and answers, written and read with one spelling only."""

from __future__ import annotations

from signing.ses import der
from signing.ses.der import DerError, Node
from signing.time.model import TST_INFO, Failure, Stamp, StampRequest, Status

REQUEST_TYPE = "application/timestamp-query"
ANSWER_TYPE = "application/timestamp-reply"
_VERSION = 1
_NAMING = ("1.2.840.113549.1.9.16.2.47", "1.2.840.113549.1.9.16.2.12")
"""Attributes signing-certificate-v2 and signing-certificate."""


def request(asked: StampRequest) -> bytes:
    """Return DER ``TimeStampReq``."""
    imprint = der.sequence(_digest(asked.digest_oid), der.octets(asked.digest))
    return der.sequence(
        der.integer(_VERSION),
        imprint,
        *((der.oid(asked.policy),) if asked.policy else ()),
        *((der.integer(asked.nonce),) if asked.nonce is not None else ()),
        *((der.tlv(der.BOOLEAN, b"\xff"),) if asked.certificates else ()),
    )


def read_request(data: bytes) -> StampRequest:
    """Read ``TimeStampReq``; raises DerError. Extensions are refused: none is known here."""
    version, imprint, *rest = _parts(der.whole(data), 2)
    if version.integer() != _VERSION:
        raise DerError("E_ASN1_NOT_DER", "version of the request is not 1")
    oid, digest = _imprint(imprint)
    policy, nonce, certificates = "", None, False
    if rest and rest[0].tag == der.OID:
        policy = rest.pop(0).oid()
    if rest and rest[0].tag == der.INTEGER:
        nonce = rest.pop(0).integer()
    if rest and rest[0].tag == der.BOOLEAN:
        certificates = rest.pop(0).boolean()
    if rest:
        raise DerError("E_ASN1_NOT_DER", "request has parts that are not known here")
    return StampRequest(oid, digest, nonce, policy, certificates)


def granted(token: bytes) -> bytes:
    """Return DER ``TimeStampResp`` with a token."""
    return der.sequence(der.sequence(der.integer(Status.GRANTED)), token)


def refused(failure: Failure, text: str) -> bytes:
    """Return DER ``TimeStampResp`` that says why there is no token."""
    size = failure // 8 + 1
    value = 1 << (size * 8 - 1 - failure)
    info = der.tlv(der.BIT_STRING, bytes((7 - failure % 8,)), value.to_bytes(size, "big"))
    words = der.sequence(der.utf8(text))
    return der.sequence(der.sequence(der.integer(Status.REJECTION), words, info))


def read_answer(data: bytes) -> tuple[int, str, bytes]:
    """Return status, its words, and the token (empty without one); raises DerError."""
    info, *rest = _parts(der.whole(data), 1)
    status, *about = _parts(info, 1)
    words = ""
    if about and about[0].tag == der.SEQUENCE:
        words = " ".join(part.text() for part in about[0].children())
    if len(rest) > 1:
        raise DerError("E_ASN1_NOT_DER", "answer has more than one token")
    return status.integer(), words[:200], rest[0].raw if rest else b""


def info(stamp: Stamp) -> bytes:
    """Return DER ``TSTInfo``; times have whole seconds, ordering is not promised."""
    return der.sequence(
        der.integer(_VERSION),
        der.oid(stamp.policy),
        der.sequence(_digest(stamp.digest_oid), der.octets(stamp.digest)),
        der.integer(stamp.serial),
        der.generalized_time(stamp.time),
        der.sequence(der.integer(stamp.accuracy_seconds)),
        *((der.integer(stamp.nonce),) if stamp.nonce is not None else ()),
    )


def read_token(token: bytes) -> Stamp:
    """Return what a token says, its signature unread; raises DerError."""
    wrapper = der.whole(token).exactly(2)[1].exactly(1)[0]
    content = _parts(wrapper, 3)[2]
    kind, body = content.expect(der.SEQUENCE).exactly(2)
    if kind.oid() != TST_INFO:
        raise DerError("E_ASN1_NOT_DER", "token holds no TSTInfo")
    return _info(der.whole(body.exactly(1)[0].octets()))


def names_authority(token: bytes) -> bool:
    """Tell whether a token's signed attributes name its certificate (RFC 3161, RFC 5816)."""
    try:
        wrapper = der.whole(token).exactly(2)[1].exactly(1)[0]
        signers = _parts(wrapper, 4)[-1].expect(der.SET).exactly(1)[0]
        signed = [part for part in signers.children() if part.tag == 0xA0]
        return any(item.first().oid() in _NAMING for part in signed for item in part.children())
    except DerError:
        return False


def _info(node: Node) -> Stamp:
    version, policy, imprint, serial, moment, *rest = _parts(node, 5)
    if version.integer() != _VERSION:
        raise DerError("E_ASN1_NOT_DER", "version of the token is not 1")
    oid, digest = _imprint(imprint)
    accuracy, nonce = 0, None
    for part in rest:
        if part.tag == der.SEQUENCE:
            first = next(iter(part.children()), None)
            accuracy = first.integer() if first and first.tag == der.INTEGER else 0
        elif part.tag == der.INTEGER:
            nonce = part.integer()
    return Stamp(policy.oid(), oid, digest, serial.integer(), moment.time(), accuracy, nonce)


def _digest(oid: str) -> bytes:
    return der.sequence(der.oid(oid))


def _imprint(node: Node) -> tuple[str, bytes]:
    algorithm, digest = node.expect(der.SEQUENCE).exactly(2)
    return algorithm.expect(der.SEQUENCE).first().oid(), digest.octets()


def _parts(node: Node, least: int) -> list[Node]:
    parts = list(node.expect(der.SEQUENCE).children())
    if len(parts) < least:
        raise DerError("E_ASN1_NOT_DER", "structure is cut short")
    return parts
