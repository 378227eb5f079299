"""Writing GB/T 35275-2017 SignedData of one SM2 signer, in both spellings that readers know.

``ATTACHED`` signs the encapsulated content, which is the digest of what is attested;
``ATTRIBUTES`` signs attributes (PKCS#9) that carry this digest and the signing time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum

from signing.algorithms.sm2_sm3 import SM3_OID
from signing.ses import der
from signing.ses.gbt35275 import EXPLICIT_0, IMPLICIT_0, MESSAGE_DIGEST, SIGNING_TIME
from signing.x509 import parse as parse_certificate

DATA, SIGNED_DATA = "1.2.156.10197.6.1.4.2.1", "1.2.156.10197.6.1.4.2.2"
CONTENT_TYPE = "1.2.840.113549.1.9.3"
SM2_SIGNATURE = "1.2.156.10197.1.301.1"
_VERSION = 1


class Form(StrEnum):
    """How the digest is attested."""

    ATTACHED = "attached"
    ATTRIBUTES = "attributes"


def to_be_signed(form: Form, digest: bytes, at: datetime) -> bytes:
    """Return the bytes under the signature: the digest itself, or the DER SET of attributes."""
    if form is Form.ATTACHED:
        return digest
    attributes = (
        _attribute(CONTENT_TYPE, der.oid(DATA)),
        _attribute(SIGNING_TIME, _utc_time(at)),
        _attribute(MESSAGE_DIGEST, der.octets(digest)),
    )
    return der.tlv(der.SET, *sorted(attributes))


def build(form: Form, signed: bytes, certificates: Sequence[bytes], signature: bytes) -> bytes:
    """Return DER ContentInfo; the first of ``certificates`` (DER) is the signer's.

    ``signed`` is what ``to_be_signed`` gave, ``signature`` the DER signature over it.
    """
    signer = parse_certificate(certificates[0])
    digest = der.sequence(der.oid(SM3_OID))
    attached = form is Form.ATTACHED
    content = [der.tlv(EXPLICIT_0, der.octets(signed))] if attached else []
    attributes = [] if attached else [der.tlv(IMPLICIT_0, der.whole(signed).content)]
    info = der.sequence(
        der.integer(_VERSION),
        der.sequence(signer.issuer_raw, der.integer(signer.serial)),
        digest,
        *attributes,
        der.sequence(der.oid(SM2_SIGNATURE)),
        der.octets(signature),
    )
    body = der.sequence(
        der.integer(_VERSION),
        der.tlv(der.SET, digest),
        der.sequence(der.oid(DATA), *content),
        der.tlv(IMPLICIT_0, *certificates),
        der.tlv(der.SET, info),
    )
    return der.sequence(der.oid(SIGNED_DATA), der.tlv(EXPLICIT_0, body))


def _attribute(kind: str, value: bytes) -> bytes:
    return der.sequence(der.oid(kind), der.tlv(der.SET, value))


def _utc_time(at: datetime) -> bytes:
    """Return UTCTime, which CMS demands until 2049, GeneralizedTime from then on."""
    moment = at.astimezone(UTC)
    if moment.year >= 2050:
        return der.generalized_time(moment)
    return der.tlv(der.UTC_TIME, f"{moment:%y%m%d%H%M%SZ}".encode("ascii"))
