"""Reads a certificate tolerantly: strict about what is signed, lenient about what is only told.

Tolerated because real certificates of Chinese authorities do it: an e-mail address in UTF-8 inside
IA5String, uniqueIdentifier as UTF8String, names beyond 64 characters, an encoded DEFAULT FALSE in
basicConstraints, private extensions, general names in the wrong form. Nothing of this touches the
signature, which covers the received bytes.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from kernel.errors import TongbanError
from signing import der
from signing.x509.model import Cert, Extension, KeyUsage

_LABELS = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "street",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "title",
    "2.5.4.42": "GN",
    "2.5.4.45": "uniqueIdentifier",
    "2.5.4.97": "organizationIdentifier",
    "1.2.840.113549.1.9.1": "emailAddress",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
}
_BMP, _UNIVERSAL, _T61 = 0x1E, 0x1C, 0x14
_UNIQUE_ID = "2.5.4.45"
_LONGEST_NAME = 64
_LARGEST = 256 * 1024
_EC_KEY = "1.2.840.10045.2.1"
_SM2_CURVE = "1.2.156.10197.1.301"
_PEM = re.compile(
    rb"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----(.*?)-----END (?:X509 |TRUSTED )?CERTIFICATE",
    re.DOTALL,
)
_DER_BOOLEANS = (b"\x00", b"\xff")


def parse(data: bytes) -> Cert:
    """Read one DER certificate; raises TongbanError ``certificate-unreadable`` and nothing else.

    The last few hundred are kept: a hub sees the same certificates all day.
    """
    if len(data) > _LARGEST:
        raise TongbanError("certificate-unreadable", reason="larger than 256 KB")
    try:
        return _certificate(bytes(data))
    except (der.DerError, ValueError, IndexError, OverflowError) as error:
        raise TongbanError("certificate-unreadable", reason=error) from error


def from_pem(data: bytes) -> tuple[bytes, ...]:
    """Return the DER of every certificate in PEM text; a lone DER certificate is returned as is.

    Raises TongbanError ``certificate-unreadable`` where there is none.
    """
    if data[:1] == b"\x30":
        return (parse(data).der,)
    try:
        found = tuple(base64.b64decode(b"".join(m.split())) for m in _PEM.findall(data))
    except binascii.Error as error:
        raise TongbanError("certificate-unreadable", reason="broken base64") from error
    if not found:
        raise TongbanError("certificate-unreadable", reason="no certificate in the file")
    return found


def to_pem(certificate: bytes) -> bytes:
    """Return the PEM text of a DER certificate."""
    text = base64.encodebytes(certificate).replace(b"\n", b"")
    lines = b"\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return b"-----BEGIN CERTIFICATE-----\n" + lines + b"\n-----END CERTIFICATE-----\n"


@lru_cache(maxsize=256)
def _certificate(data: bytes) -> Cert:
    tbs, outer, signature = der.whole(data).children()
    fields = list(der.whole(tbs.raw).children())
    version = 1
    if fields[0].tag == 0xA0:
        version = int.from_bytes(der.whole(fields.pop(0).content, der.INTEGER).content, "big") + 1
    serial, inner, issuer, validity, subject, spki, *rest = fields
    not_before, not_after = (_time(item) for item in validity.children())
    quirks: list[str] = []
    _same_algorithm(outer, inner, quirks)
    extensions = _extensions(rest, quirks)
    names = (_Named.of(issuer, quirks), _Named.of(subject, quirks))
    key_algorithm, curve = _key(spki)
    known = _known(extensions, quirks)
    return Cert(
        der=data,
        tbs=tbs.raw,
        version=version,
        serial=int.from_bytes(serial.content, "big", signed=True),
        subject=names[1].text,
        issuer=names[0].text,
        subject_raw=subject.raw,
        issuer_raw=issuer.raw,
        common_name=names[1].parts.get("CN", ""),
        organization=names[1].parts.get("O", ""),
        not_before=not_before,
        not_after=not_after,
        spki=spki.raw,
        key_algorithm=key_algorithm,
        curve=curve,
        signature_oid=_algorithm(outer),
        inner_signature_oid=_algorithm(inner),
        signature=_bits(signature),
        key_usage=known.key_usage,
        extended_key_usage=known.extended_key_usage,
        ca=known.ca,
        path_length=known.path_length,
        subject_key_id=known.subject_key_id,
        authority_key_id=known.authority_key_id,
        extensions=extensions,
        quirks=tuple(sorted(set(quirks))),
    )


def _algorithm(item: der.Tlv) -> str:
    oid = item.children()[0]
    if oid.tag != der.OID:
        raise der.DerError(f"no object identifier at {oid.offset}")
    return der.dotted(oid.content)


def _same_algorithm(outer: der.Tlv, inner: der.Tlv, quirks: list[str]) -> None:
    """Refuse an outer identifier that says the same in other bytes: no signature covers it.

    Absent and NULL parameters are mixed up by some issuers. Different algorithms are for the caller
    to judge, who has both.
    """
    if outer.raw == inner.raw or _algorithm(outer) != _algorithm(inner):
        return
    null = der.encode(der.NULL)
    loose = {b"".join(part.raw for part in item.children()[1:]) for item in (outer, inner)}
    if outer.tag != inner.tag or not loose <= {b"", null}:
        raise der.DerError("signature algorithm written in two ways")
    quirks.append("algorithm-null")


def _bits(item: der.Tlv) -> bytes:
    if item.tag != der.BITS or item.content[:1] != b"\0":
        raise der.DerError(f"no whole-byte bit string at {item.offset}")
    return item.content[1:]


def _key(spki: der.Tlv) -> tuple[str, str]:
    algorithm, key = spki.children()
    _bits(key)
    parts = algorithm.children()
    oid = der.dotted(parts[0].content)
    if oid == _SM2_CURVE:
        return oid, _SM2_CURVE
    named = oid == _EC_KEY and len(parts) > 1 and parts[1].tag == der.OID
    return oid, der.dotted(parts[1].content) if named else ""


_MOMENT = re.compile(
    r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(?:\.\d+)?(?:Z|([+-])(\d\d)(\d\d))", re.ASCII
)


def _time(item: der.Tlv) -> datetime:
    text = item.content.decode("ascii")
    if item.tag == der.UTC_TIME:
        text = ("20" if int(text[:2]) < 50 else "19") + text
    elif item.tag != der.GENERALIZED:
        raise der.DerError(f"no time at {item.offset}")
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise der.DerError(f"unreadable time at {item.offset}")
    *digits, sign, hours, minutes = match.groups()
    year, month, day, hour, minute, second = (int(part or 0) for part in digits)
    moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    shift = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    return moment + shift if sign == "-" else moment - shift


class _Named(NamedTuple):
    text: str
    parts: Mapping[str, str]

    @classmethod
    def of(cls, name: der.Tlv, quirks: list[str]) -> _Named:
        parts: list[tuple[str, str]] = []
        for group in name.children():
            for pair in group.children():
                oid_item, value = pair.children()[:2]
                oid = der.dotted(oid_item.content)
                parts.append((_LABELS.get(oid, oid), _text(value, quirks)))
                if oid == _UNIQUE_ID and value.tag != der.BITS:
                    quirks.append("unique-id-not-bit-string")
        text = ", ".join(f"{label}={value}" for label, value in parts)
        return cls(text, dict(reversed(parts)))


def _text(item: der.Tlv, quirks: list[str]) -> str:
    encoding = {_BMP: "utf-16-be", _UNIVERSAL: "utf-32-be"}.get(item.tag, "utf-8")
    content = item.content[1:] if item.tag == der.BITS else item.content
    text = content.decode(encoding, "replace")
    if item.tag in {der.IA5, der.PRINTABLE} and not text.isascii():
        quirks.append("text-not-of-its-type")
    if "\ufffd" in text:
        text = content.decode("gb18030", "replace")
        quirks.append("text-not-unicode")
    if len(text) > _LONGEST_NAME:
        quirks.append("name-too-long")
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def _extensions(rest: list[der.Tlv], quirks: list[str]) -> tuple[Extension, ...]:
    found: list[Extension] = []
    for item in rest:
        if item.tag != 0xA3:
            continue
        for entry in der.whole(item.content).children():
            oid, *flag, value = entry.children()
            critical = bool(flag) and flag[0].content != b"\0"
            if flag and flag[0].content == b"\0":
                quirks.append("encoded-default")
            found.append(Extension(der.dotted(oid.content), critical, value.content))
    if len({item.oid for item in found}) != len(found):
        raise der.DerError("an extension occurs twice")
    return tuple(found)


class _Known(NamedTuple):
    key_usage: frozenset[KeyUsage] | None
    extended_key_usage: tuple[str, ...]
    ca: bool
    path_length: int | None
    subject_key_id: bytes
    authority_key_id: bytes


def _known(extensions: tuple[Extension, ...], quirks: list[str]) -> _Known:
    values = {item.oid: item.value for item in extensions}
    ca, path_length = _basic(values.get("2.5.29.19"), quirks)
    purposes = values.get("2.5.29.37")
    usage = values.get("2.5.29.15")
    return _Known(
        None if usage is None else _usage(der.whole(usage, der.BITS).content),
        tuple(der.dotted(i.content) for i in der.whole(purposes).children()) if purposes else (),
        ca,
        path_length,
        _subject_key(values.get("2.5.29.14"), quirks),
        _authority_key(values.get("2.5.29.35"), quirks),
    )


def _usage(content: bytes) -> frozenset[KeyUsage]:
    octets = content[1:]
    return frozenset(
        use
        for at, use in enumerate(KeyUsage)
        if at // 8 < len(octets) and octets[at // 8] & (0x80 >> at % 8)
    )


def _basic(value: bytes | None, quirks: list[str]) -> tuple[bool, int | None]:
    if value is None:
        return False, None
    ca, length = False, None
    for item in der.whole(value).children():
        if item.tag == der.BOOLEAN:
            if item.content not in _DER_BOOLEANS:
                raise der.DerError("basicConstraints with an odd boolean")
            ca = item.content == b"\xff"
            if not ca:
                quirks.append("encoded-default")
        elif item.tag == der.INTEGER:
            length = int.from_bytes(item.content, "big")
    return ca, length


def _subject_key(value: bytes | None, quirks: list[str]) -> bytes:
    try:
        return der.whole(value, der.OCTETS).content if value else b""
    except der.DerError:
        quirks.append("key-id-unreadable")
        return b""


def _authority_key(value: bytes | None, quirks: list[str]) -> bytes:
    try:
        parts = der.whole(value).children() if value else ()
    except der.DerError:
        quirks.append("key-id-unreadable")
        return b""
    return next((item.content for item in parts if item.tag == 0x80), b"")
