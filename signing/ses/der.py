"""DER (ITU-T X.690) of seals: a strict reader that keeps the received bytes, and what it writes.

The reader refuses whatever has a second spelling (indefinite length, non-minimal length, padded
integers, trailing bytes), because a signature over one spelling must not cover another, and names
each refusal by a finding's code. ``signing.der`` reads certificates, strict about lengths alone.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import NamedTuple

from kernel.clock import BEIJING
from signing import der as writer

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
UTF8_STRING, PRINTABLE_STRING, IA5_STRING = 0x0C, 0x13, 0x16
UTC_TIME, GENERALIZED_TIME, SEQUENCE, SET = 0x17, 0x18, 0x30, 0x31
MAX_DEPTH = 32


class DerError(Exception):
    """The bytes are not what was expected. ``code`` is a finding's code."""

    def __init__(self, code: str, detail: str) -> None:
        """Keep the finding's code and what is wrong, for the report."""
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


def _not_der(detail: str) -> DerError:
    return DerError("E_ASN1_NOT_DER", detail)


class Node(NamedTuple):
    """One TLV: its tag byte, its content and ``raw``, the whole TLV exactly as received."""

    tag: int
    content: bytes
    raw: bytes

    def children(self) -> tuple[Node, ...]:
        """Split a constructed value; raises DerError when it is primitive or malformed."""
        if not self.tag & 0x20:
            raise _not_der(f"tag {self.tag:#04x} is not constructed")
        return split(self.content)

    def exactly(self, size: int) -> tuple[Node, ...]:
        """Split a constructed value that must hold ``size`` parts."""
        parts = self.children()
        if len(parts) != size:
            raise _not_der(f"{len(parts)} parts where {size} belong")
        return parts

    def first(self) -> Node:
        """Return the first part of a constructed value."""
        parts = self.children()
        if not parts:
            raise _not_der("empty where a part belongs")
        return parts[0]

    def expect(self, tag: int) -> Node:
        """Return self when the tag is right, else raise DerError."""
        if self.tag != tag:
            raise _not_der(f"tag {self.tag:#04x} where {tag:#04x} belongs")
        return self

    def integer(self) -> int:
        """Return a minimally encoded INTEGER."""
        body = self.expect(INTEGER).content
        if not body or (len(body) > 1 and body[0] in (0, 255) and (body[0] ^ body[1]) < 0x80):
            raise _not_der("INTEGER is empty or padded")
        return int.from_bytes(body, "big", signed=True)

    def boolean(self) -> bool:
        """Return a BOOLEAN; DER knows only 00 and FF."""
        body = self.expect(BOOLEAN).content
        if body not in (b"\x00", b"\xff"):
            raise _not_der("BOOLEAN is neither 00 nor FF")
        return body == b"\xff"

    def bits(self) -> bytes:
        """Return the octets of a BIT STRING whose length is a multiple of eight."""
        body = self.expect(BIT_STRING).content
        if not body or body[0] != 0:
            raise _not_der("BIT STRING is empty or has unused bits")
        return body[1:]

    def octets(self) -> bytes:
        """Return the content of an OCTET STRING."""
        return self.expect(OCTET_STRING).content

    def text(self) -> str:
        """Return a string of any of the types seen in seals; raises DerError on bad UTF-8."""
        if self.tag not in (UTF8_STRING, PRINTABLE_STRING, IA5_STRING):
            raise _not_der(f"tag {self.tag:#04x} is no string")
        try:
            return self.content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise _not_der("string is not UTF-8") from error

    def oid(self) -> str:
        """Return an OBJECT IDENTIFIER in dotted form."""
        body = self.expect(OID).content
        if not body or body[-1] & 0x80:
            raise _not_der("OBJECT IDENTIFIER is cut short")
        arcs: list[int] = []
        value, fresh = 0, True
        for byte in body:
            if fresh and byte == 0x80:
                raise _not_der("OBJECT IDENTIFIER arc is padded")
            value, fresh = value << 7 | byte & 0x7F, not byte & 0x80
            if fresh:
                arcs.append(value)
                value = 0
        first = min(arcs[0] // 40, 2)
        return ".".join(str(arc) for arc in (first, arcs[0] - 40 * first, *arcs[1:]))

    def time(self) -> datetime:
        """Return UTCTime or GeneralizedTime in UTC; fractions and offsets are read, too."""
        if self.tag not in (UTC_TIME, GENERALIZED_TIME):
            raise _not_der(f"tag {self.tag:#04x} is no time")
        return parse_time(self.content, short=self.tag == UTC_TIME)


_TIME = re.compile(
    rb"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d{4})?", re.ASCII
)


def parse_time(text: bytes, *, short: bool) -> datetime:
    """Parse ASN.1 time text; a missing zone is Beijing time, as the field's old seals mean it."""
    if short:
        text = (b"20" if text[:2] < b"50" else b"19") + text
    match = _TIME.fullmatch(text)
    if match is None:
        raise _not_der("time is not YYYYMMDDHHMMSS with a zone")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    micro = int((match[7] or b"0").ljust(6, b"0")[:6])
    zone: timezone = UTC if match[8] == b"Z" else BEIJING
    if match[8] and match[8] != b"Z":
        sign = -1 if match[8][:1] == b"-" else 1
        offset = timedelta(hours=int(match[8][1:3]), minutes=int(match[8][3:5]))
        if offset >= timedelta(days=1):
            raise _not_der("no such time zone")
        zone = timezone(sign * offset)
    try:
        moment = datetime(year, month, day, hour, minute, second, micro, tzinfo=zone)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _not_der("no such time") from error


def read(data: bytes, start: int = 0) -> tuple[Node, int]:
    """Read one TLV at ``start``; return it and the position after it. Raises DerError."""
    if start + 2 > len(data):
        raise _not_der("cut short")
    tag, first = data[start], data[start + 1]
    if tag & 0x1F == 0x1F:
        raise _not_der("tags above 30 do not occur here")
    at, length = start + 2, first
    if first >= 0x80:
        count = first & 0x7F
        if count == 0:
            raise _not_der("indefinite length")
        if count > 4 or at + count > len(data):
            raise _not_der("length is cut short or absurd")
        length = int.from_bytes(data[at : at + count], "big")
        if length < 0x80 or length >> 8 * (count - 1) == 0:
            raise _not_der("length is not minimal")
        at += count
    if at + length > len(data):
        raise _not_der("content is cut short")
    return Node(tag, data[at : at + length], data[start : at + length]), at + length


def split(data: bytes) -> tuple[Node, ...]:
    """Read all TLVs that lie side by side."""
    nodes: list[Node] = []
    at = 0
    while at < len(data):
        node, at = read(data, at)
        nodes.append(node)
    return tuple(nodes)


def whole(data: bytes) -> Node:
    """Read exactly one TLV; bytes after it raise DerError ``E_ASN1_TRAILING_DATA``."""
    node, end = read(data)
    if end != len(data):
        raise DerError("E_ASN1_TRAILING_DATA", f"{len(data) - end} bytes after the structure")
    return node


def check_depth(node: Node, depth: int = 0) -> None:
    """Walk all constructed values once, so that nothing deep inside escapes the strict rules."""
    if depth > MAX_DEPTH:
        raise _not_der("nested too deeply")
    if node.tag & 0x20:
        for child in node.children():
            check_depth(child, depth + 1)


tlv, sequence, integer = writer.encode, writer.sequence, writer.integer
generalized_time = writer.generalized
oid = lru_cache(maxsize=256)(writer.oid)
"""Encode an OBJECT IDENTIFIER; few occur, and each in every file."""


def octets(value: bytes) -> bytes:
    """Encode an OCTET STRING."""
    return tlv(OCTET_STRING, value)


def bits(value: bytes) -> bytes:
    """Encode a BIT STRING of whole octets."""
    return tlv(BIT_STRING, b"\x00", value)


def ia5(value: str) -> bytes:
    """Encode an IA5String; raises UnicodeEncodeError on anything but ASCII."""
    return tlv(IA5_STRING, value.encode("ascii"))


def utf8(value: str) -> bytes:
    """Encode a UTF8String."""
    return tlv(UTF8_STRING, value.encode("utf-8"))
