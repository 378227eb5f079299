"""Reading SESeal and SES_Signature of GM/T 0031-2014 (v1), GB/T 38540-2020 (v4), GM/T 0031-2025.

Strict DER throughout, except where version 1 is known to be written in several ways (OCTET STRING
for BIT STRING, GeneralizedTime for UTCTime). Raises DerError with the finding's code.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from kernel.clock import BEIJING
from signing.ses import der
from signing.ses.der import DerError, Node
from signing.ses.model import MemberDigest, Seal, SealPicture, SesSignature

KNOWN_VERSIONS = frozenset({1, 2, 4, 5})
EXPLICIT_0 = 0xA0


def _version_error(detail: str) -> DerError:
    return DerError("E_SES_VERSION", detail)


def parse_seal(data: bytes) -> Seal:
    """Read one SESeal; bytes after it are an error."""
    node = der.whole(data).expect(der.SEQUENCE)
    der.check_depth(node)
    return _seal(node)


def parse_signature(data: bytes) -> SesSignature:
    """Read one SES_Signature; bytes after it are an error."""
    node = der.whole(data).expect(der.SEQUENCE)
    der.check_depth(node)
    parts = node.children()
    if len(parts) == 2:
        return _signature_v1(parts)
    if len(parts) in (4, 5):
        return _signature_v4(parts)
    raise _version_error(f"SES_Signature of {len(parts)} parts")


def _need(parts: tuple[Node, ...], least: int, most: int, what: str) -> tuple[Node, ...]:
    if not least <= len(parts) <= most:
        raise _version_error(f"{what} of {len(parts)} parts")
    return parts


def _seal(node: Node) -> Seal:
    parts = _need(node.children(), 2, 5, "SESeal")
    info_node = parts[0].expect(der.SEQUENCE)
    info = _need(info_node.children(), 4, 5, "SES_SealInfo")
    header = _need(info[0].expect(der.SEQUENCE).children(), 3, 3, "SES_Header")
    if header[0].text() != "ES":
        raise _version_error(f"seal header {header[0].text()[:8]!r}")
    header_version = header[1].integer()
    if header_version not in KNOWN_VERSIONS:
        raise _version_error(f"seal version {header_version}")
    if len(info) == 5 and info[4].tag not in (der.SEQUENCE, EXPLICIT_0):
        raise _version_error("extension data of an unknown form")
    old = len(parts) == 2
    if len(parts) == 3 or old != (header_version < 4):
        raise _version_error(f"seal version {header_version} with {len(parts)} parts")
    name, kind, list_type, members, digests, times = _properties(info[2], old=old)
    if old:
        maker, algorithm, signature = _sign_info(parts[1])
        signed = der.sequence(info_node.raw, maker.raw, algorithm.raw)
        timestamp = None
    else:
        maker, algorithm, signature = parts[1:4]
        signed, timestamp = info_node.raw, _timestamp(parts[4:])
    return Seal(
        version=1 if old else header_version,
        header_version=header_version,
        vendor=header[2].text(),
        seal_id=info[1].text(),
        kind=kind,
        name=name,
        list_type=list_type,
        members=members,
        digests=digests,
        created=times[0],
        valid_from=times[1],
        valid_to=times[2],
        picture=_picture(info[3]),
        maker=maker.octets(),
        algorithm=algorithm.oid(),
        signed=signed,
        signature=signature.bits(),
        timestamp=timestamp,
        raw=node.raw,
    )


def _sign_info(node: Node) -> tuple[Node, Node, Node]:
    cert, algorithm, value = _need(node.expect(der.SEQUENCE).children(), 3, 3, "SignInfo")
    return cert, algorithm, value


def _timestamp(rest: tuple[Node, ...]) -> bytes | None:
    if not rest:
        return None
    (inner,) = _need(rest[0].expect(EXPLICIT_0).children(), 1, 1, "timeStamp")
    return inner.bits()


_Properties = tuple[
    str,
    int,
    int,
    tuple[bytes, ...],
    tuple[MemberDigest, ...],
    tuple[datetime, datetime, datetime],
]


def _properties(node: Node, *, old: bool) -> _Properties:
    parts = node.expect(der.SEQUENCE).children()
    if old:
        kind, name, cert_list, *times = _need(parts, 6, 6, "ESPropertyInfo")
        list_type = 1
    else:
        kind, name, type_node, cert_list, *times = _need(parts, 7, 7, "ESPropertyInfo")
        list_type = type_node.integer()
    members: tuple[bytes, ...] = ()
    digests: tuple[MemberDigest, ...] = ()
    entries = cert_list.expect(der.SEQUENCE).children()
    if list_type == 1:
        members = tuple(entry.octets() for entry in entries)
    elif list_type == 2:
        digests = tuple(_member_digest(entry) for entry in entries)
    else:
        raise _version_error(f"certificate list type {list_type}")
    created, start, end = (moment.time() for moment in times)
    return name.text(), kind.integer(), list_type, members, digests, (created, start, end)


def _member_digest(node: Node) -> MemberDigest:
    method, value = _need(node.expect(der.SEQUENCE).children(), 2, 2, "CertDigestObj")
    return MemberDigest(method.text(), value.octets())


def _picture(node: Node) -> SealPicture:
    kind, data, width, height = _need(node.expect(der.SEQUENCE).children(), 4, 4, "picture")
    return SealPicture(kind.text(), data.octets(), width.integer(), height.integer())


def _signature_v4(parts: tuple[Node, ...]) -> SesSignature:
    tbs, cert, algorithm, value, *rest = parts
    inner = _need(tbs.expect(der.SEQUENCE).children(), 5, 6, "TBS_Sign")
    seal = _seal(inner[1])
    tbs_version = inner[0].integer()
    if seal.version < 4 or tbs_version != seal.header_version:
        raise _version_error(f"signature version {tbs_version}, seal {seal.header_version}")
    if len(inner) == 6:
        inner[5].expect(EXPLICIT_0)
    return SesSignature(
        version=seal.version,
        tbs_version=tbs_version,
        seal=seal,
        time=inner[2].time(),
        time_text=inner[2].content.decode("ascii", "replace"),
        data_hash=inner[3].bits(),
        property_info=inner[4].text(),
        certificate=cert.octets(),
        algorithm=algorithm.oid(),
        tbs=tbs.raw,
        signature=value.bits(),
        timestamp=_timestamp(tuple(rest)),
    )


def _signature_v1(parts: tuple[Node, ...]) -> SesSignature:
    tbs, value = parts
    inner = _need(tbs.expect(der.SEQUENCE).children(), 7, 7, "TBS_Sign")
    seal = _seal(inner[1])
    tbs_version = inner[0].integer()
    if seal.version != 1 or tbs_version not in (1, 2):
        raise _version_error(f"signature version {tbs_version}, seal {seal.header_version}")
    moment, text, token = _time_v1(inner[2])
    return SesSignature(
        version=1,
        tbs_version=tbs_version,
        seal=seal,
        time=moment,
        time_text=text,
        data_hash=_bits_or_octets(inner[3]),
        property_info=inner[4].text(),
        certificate=inner[5].octets(),
        algorithm=inner[6].oid(),
        tbs=tbs.raw,
        signature=value.bits(),
        timestamp=None,
        timestamp_in_tbs=token,
    )


def _bits_or_octets(node: Node) -> bytes:
    return node.octets() if node.tag == der.OCTET_STRING else node.bits()


_FREE_TIME = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)[T ]?(\d\d):?(\d\d):?(\d\d)(?:\.\d+)?\s*(Z)?", re.ASCII
)


def parse_free_time(text: str) -> datetime | None:
    """Read the spellings of old signatures (no zone: Beijing time); None if it is none of them."""
    match = _FREE_TIME.fullmatch(text.strip())
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    try:
        moment = datetime(
            year, month, day, hour, minute, second, tzinfo=UTC if match[7] else BEIJING
        )
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _time_v1(node: Node) -> tuple[datetime | None, str, bytes | None]:
    if node.tag in (der.UTC_TIME, der.GENERALIZED_TIME):
        return node.time(), node.content.decode("ascii", "replace"), None
    body = _bits_or_octets(node)
    if body[:1] == b"\x30":
        return None, "", body
    text = body.decode("utf-8", "replace")
    if text[:2].isdigit() and len(body) == 13 and body.endswith(b"Z"):
        return der.parse_time(body, short=True), text, None
    moment = parse_free_time(text)
    if moment is None:
        raise DerError("E_ASN1_NOT_DER", "time of a spelling that is not known")
    return moment, text, None
