"""Writing a time-stamp token: CMS SignedData around TSTInfo (RFC 3161 clause 2.4.2, RFC 5816)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from signing.algorithms import by_name
from signing.algorithms.sm2_sm3 import sm3
from signing.model import SignDigest
from signing.ses import der
from signing.time.model import DIGEST_OIDS, TST_INFO
from signing.x509 import Cert

_SIGNED_DATA = "1.2.840.113549.1.7.2"
_CONTENT_TYPE, _MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
_SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
_CMS_VERSION, _SIGNER_VERSION = 3, 1


def build(
    info: bytes, authority: Cert, algorithm: str, certificates: Sequence[bytes], sign: SignDigest
) -> bytes:
    """Return the token over DER ``TSTInfo``.

    ``certificates`` (DER) go along, none when the client wants none; ``sign`` gets the digest of
    the signed attributes, which name the authority's certificate (ESSCertIDv2).
    """
    method = by_name(algorithm)
    name = method.digest_name
    oid = der.sequence(der.oid(DIGEST_OIDS[name]))
    attributes = b"".join(
        sorted(
            (
                _attribute(_CONTENT_TYPE, der.oid(TST_INFO)),
                _attribute(_MESSAGE_DIGEST, der.octets(_hash(name, info))),
                _attribute(_SIGNING_CERTIFICATE_V2, _signing_certificate(authority, name)),
            )
        )
    )
    digest = method.digest(der.tlv(der.SET, attributes), authority.spki)
    signer = der.sequence(
        der.integer(_SIGNER_VERSION),
        der.sequence(authority.issuer_raw, der.integer(authority.serial)),
        oid,
        der.tlv(0xA0, attributes),
        method.identifier,
        der.octets(sign(digest)),
    )
    signed = der.sequence(
        der.integer(_CMS_VERSION),
        der.tlv(der.SET, oid),
        der.sequence(der.oid(TST_INFO), der.tlv(0xA0, der.octets(info))),
        *((der.tlv(0xA0, *sorted(certificates)),) if certificates else ()),
        der.tlv(der.SET, signer),
    )
    return der.sequence(der.oid(_SIGNED_DATA), der.tlv(0xA0, signed))


def _attribute(oid: str, value: bytes) -> bytes:
    return der.sequence(der.oid(oid), der.tlv(der.SET, value))


def _signing_certificate(authority: Cert, name: str) -> bytes:
    """Return ``SigningCertificateV2``; SHA-256 is the default and DER leaves defaults out."""
    method = () if name == "sha256" else (der.sequence(der.oid(DIGEST_OIDS[name])),)
    issuer = der.sequence(
        der.sequence(der.tlv(0xA4, authority.issuer_raw)), der.integer(authority.serial)
    )
    one = der.sequence(*method, der.octets(_hash(name, authority.der)), issuer)
    return der.sequence(der.sequence(one))


def _hash(name: str, data: bytes) -> bytes:
    return sm3(data) if name == "sm3" else hashlib.sha256(data).digest()
