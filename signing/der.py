"""DER (ITU-T X.690) in small: read tag-length-value, write the few types that seals need.

Reading is strict about lengths, because what is signed must have one reading, and indifferent to
content, because real certificates put odd things inside well-formed wrappers.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

BOOLEAN, INTEGER, BITS, OCTETS, NULL, OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
UTF8, PRINTABLE, IA5, UTC_TIME, GENERALIZED = 0x0C, 0x13, 0x16, 0x17, 0x18
SEQUENCE, SET = 0x30, 0x31


class DerError(ValueError):
    """The bytes are not DER; the text says which rule was broken and at which offset."""


class Tlv(NamedTuple):
    """One element: identifier octet, content, and the complete bytes as they were received."""

    tag: int
    content: bytes
    raw: bytes
    offset: int

    def children(self) -> tuple[Tlv, ...]:
        """Split a constructed element; raises DerError."""
        return tuple(split(self.content, self.offset + len(self.raw) - len(self.content)))


def read(data: bytes, at: int = 0, base: int = 0) -> Tlv:
    """Read one element starting at ``at``; raises DerError.

    Refused: indefinite and non-minimal lengths (BER), multi-byte tags, content that runs out.
    ``base`` is added to offsets in messages.
    """
    if at + 2 > len(data):
        raise DerError(f"element cut off at {base + at}")
    tag, first = data[at], data[at + 1]
    if tag & 0x1F == 0x1F:
        raise DerError(f"multi-byte tag at {base + at}")
    start = at + 2
    size = first
    if first & 0x80:
        count = first & 0x7F
        if count == 0:
            raise DerError(f"indefinite length at {base + at}")
        octets = data[start : start + count]
        size = int.from_bytes(octets[:8], "big")
        if count > 8 or len(octets) < count or octets[0] == 0 or size < 0x80:
            raise DerError(f"length not minimal or cut off at {base + at}")
        start += count
    if start + size > len(data):
        raise DerError(f"content cut off at {base + at}")
    return Tlv(tag, data[start : start + size], data[at : start + size], base + at)


def split(data: bytes, base: int = 0) -> Iterator[Tlv]:
    """Yield the elements that follow each other in ``data``; raises DerError."""
    at = 0
    while at < len(data):
        item = read(data, at, base)
        at += len(item.raw)
        yield item


def whole(data: bytes, tag: int = SEQUENCE) -> Tlv:
    """Read one element that fills ``data`` exactly; raises DerError on another tag or a rest."""
    item = read(data)
    if item.tag != tag:
        raise DerError(f"tag {item.tag:#04x} where {tag:#04x} belongs")
    if len(item.raw) != len(data):
        raise DerError(f"{len(data) - len(item.raw)} bytes after the end")
    return item


def encode(tag: int, *parts: bytes) -> bytes:
    """Wrap the joined parts."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def sequence(*parts: bytes) -> bytes:
    """Return a SEQUENCE of encoded parts."""
    return encode(SEQUENCE, *parts)


def integer(value: int) -> bytes:
    """Return an INTEGER in as few octets as hold it."""
    size = (value if value >= 0 else ~value).bit_length() // 8 + 1
    return encode(INTEGER, value.to_bytes(size, "big", signed=True))


def oid(dotted: str) -> bytes:
    """Return an OBJECT IDENTIFIER."""
    arcs = [int(arc) for arc in dotted.split(".")]
    out = b""
    for arc in (arcs[0] * 40 + arcs[1], *arcs[2:]):
        octets = bytes((arc & 0x7F,))
        rest = arc >> 7
        while rest:
            octets = bytes((0x80 | rest & 0x7F,)) + octets
            rest >>= 7
        out += octets
    return encode(OID, out)


@lru_cache(maxsize=512)
def dotted(content: bytes) -> str:
    """Return the dotted form of an OBJECT IDENTIFIER's content; raises DerError."""
    if not content or content[-1] & 0x80 or len(content) > 64:
        raise DerError("object identifier cut off, empty or too long")
    arcs: list[int] = []
    value = 0
    for octet in content:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(value)
            value = 0
    top = min(arcs[0] // 40, 2)
    return ".".join(str(arc) for arc in (top, arcs[0] - top * 40, *arcs[1:]))


def bits(data: bytes, unused: int = 0) -> bytes:
    """Return a BIT STRING."""
    return encode(BITS, bytes((unused,)), data)


def time(moment: datetime) -> bytes:
    """Return a Time as RFC 5280 asks: UTCTime until 2049, GeneralizedTime from 2050."""
    utc = moment.astimezone(UTC)
    if utc.year < 2050:
        return encode(UTC_TIME, utc.strftime("%y%m%d%H%M%SZ").encode())
    return generalized(utc)


def generalized(moment: datetime) -> bytes:
    """Return a GeneralizedTime in UTC with whole seconds."""
    utc = moment.astimezone(UTC)
    return encode(GENERALIZED, f"{utc.year:04d}{utc.strftime('%m%d%H%M%SZ')}".encode())
