"""GB/T 35275-2017 SignedData as found behind OFD signatures of type ``Sign``; one signer.

Two spellings exist: A signs the encapsulated content (the digest of Signature.xml), B signs
attributes that carry that digest (PKCS#9). Certificates inside are kept by their raw bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from signing.ses import der
from signing.ses.der import DerError, Node

SIGNED_DATA = frozenset({"1.2.156.10197.6.1.4.2.2", "1.2.840.113549.1.7.2"})
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_TIME = "1.2.840.113549.1.9.5"
DATA = frozenset({"1.2.156.10197.6.1.4.2.1", "1.2.840.113549.1.7.1"})
_VERSION = 1
_NULL = b"\x05\x00"
EXPLICIT_0, IMPLICIT_0, IMPLICIT_1 = 0xA0, 0xA0, 0xA1


@dataclass(frozen=True, slots=True)
class SignedData:
    """What a verifier needs. ``signed`` are the bytes under the signature, as they must be hashed.

    ``attested`` is the digest the signer vouches for: the content (A) or messageDigest (B).
    ``odd`` names what no signature covers and what differs from the standard, empty for nothing.
    """

    certificates: tuple[bytes, ...]
    issuer: bytes
    serial: int
    digest_oid: str
    signature_oid: str
    signed: bytes
    attested: bytes
    signature: bytes
    signing_time: datetime | None
    odd: str = ""


def parse(data: bytes) -> SignedData:
    """Read one SignedData; raises DerError with a finding's code."""
    outer = der.whole(data).expect(der.SEQUENCE)
    kind, wrapped = _count(outer, 2, "ContentInfo")
    if kind.oid() not in SIGNED_DATA:
        raise DerError("E_SES_VERSION", f"content type {kind.oid()}")
    (body,) = _count(wrapped.expect(EXPLICIT_0), 1, "content")
    parts = list(body.expect(der.SEQUENCE).children())
    if len(parts) < 4:
        raise DerError("E_ASN1_NOT_DER", "SignedData is cut short")
    content = _content(parts[2].expect(der.SEQUENCE))
    certificates: tuple[bytes, ...] = ()
    for part in parts[3:-1]:
        if part.tag == IMPLICIT_0:
            certificates = tuple(node.raw for node in part.children())
    (signer,) = _count(parts[-1].expect(der.SET), 1, "signerInfos")
    found = _signer(signer, certificates, content)
    return replace(found, odd=_odd(parts, signer, found.digest_oid))


def _odd(parts: list[Node], signer: Node, digest_oid: str) -> str:
    """Say what a forger could change unnoticed; every such part has one value or must be absent."""
    told = list(signer.children())
    signed = told[3].tag == IMPLICIT_0
    algorithms = parts[1].expect(der.SET).children()
    named = [algorithms[0].expect(der.SEQUENCE).first().oid()] if len(algorithms) == 1 else []
    if parts[0].integer() != _VERSION or told[0].integer() != _VERSION:
        return "version"
    if named != [digest_oid]:
        return "digest algorithms"
    if not all(_plain(item) for item in (*algorithms, told[2], told[4 if signed else 3])):
        return "algorithm parameters"
    if parts[2].first().oid() not in DATA:
        return "content type"
    if signed and b"".join(_in_order(told[3])) != told[3].content:
        return "order of signed attributes"
    more = len(parts) != 5 or parts[3].tag != IMPLICIT_0 or len(told) != (6 if signed else 5)
    return "parts that no signature covers" if more else ""


def _in_order(attributes: Node) -> list[bytes]:
    """Return the attributes in DER's order, in which they are signed (RFC 5652 clause 5.4)."""
    return sorted(part.raw for part in attributes.children())


def _plain(algorithm: Node) -> bool:
    """Tell whether an algorithm comes without parameters, or with NULL."""
    return [item.raw for item in algorithm.children()[1:]] in ([], [_NULL])


def _count(node: Node, size: int, what: str) -> tuple[Node, ...]:
    parts = node.children()
    if len(parts) != size:
        raise DerError("E_ASN1_NOT_DER", f"{what} of {len(parts)} parts")
    return parts


def _content(node: Node) -> bytes | None:
    parts = node.children()
    if len(parts) == 1:
        return None
    if len(parts) != 2:
        raise DerError("E_ASN1_NOT_DER", f"contentInfo of {len(parts)} parts")
    inner = der.whole(parts[1].expect(EXPLICIT_0).content)
    return inner.octets()


def _signer(node: Node, certificates: tuple[bytes, ...], content: bytes | None) -> SignedData:
    parts = list(node.expect(der.SEQUENCE).children())
    if len(parts) < 5:
        raise DerError("E_ASN1_NOT_DER", "SignerInfo is cut short")
    issuer, serial = _count(parts[1].expect(der.SEQUENCE), 2, "issuerAndSerialNumber")
    digest_oid = parts[2].expect(der.SEQUENCE).first().oid()
    attributes = parts[3] if parts[3].tag == IMPLICIT_0 else None
    rest = parts[4:] if attributes is not None else parts[3:]
    if len(rest) < 2:
        raise DerError("E_ASN1_NOT_DER", "SignerInfo is cut short")
    moment: datetime | None = None
    if attributes is not None:
        attested, moment = _attributes(attributes)
        signed = der.tlv(der.SET, *_in_order(attributes))
    elif content is not None:
        attested = signed = content
    else:
        raise DerError("E_MISSING_PART", "neither content nor signed attributes")
    return SignedData(
        certificates=certificates,
        issuer=issuer.raw,
        serial=serial.integer(),
        digest_oid=digest_oid,
        signature_oid=rest[0].expect(der.SEQUENCE).first().oid(),
        signed=signed,
        attested=attested,
        signature=rest[1].octets(),
        signing_time=moment,
    )


def _attributes(node: Node) -> tuple[bytes, datetime | None]:
    digest: bytes | None = None
    moment: datetime | None = None
    for attribute in node.children():
        kind, values = _count(attribute.expect(der.SEQUENCE), 2, "Attribute")
        name = kind.oid()
        if name == MESSAGE_DIGEST:
            if digest is not None:
                raise DerError("E_XML_AMBIGUOUS", "two message digests")
            digest = _count(values.expect(der.SET), 1, "messageDigest")[0].octets()
        elif name == SIGNING_TIME:
            moment = _count(values.expect(der.SET), 1, "signingTime")[0].time()
    if digest is None:
        raise DerError("E_MISSING_PART", "no message digest among the signed attributes")
    return digest, moment
