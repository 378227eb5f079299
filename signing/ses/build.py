"""Writing GB/T 38540-2020 (v4) structures: seals and the data a seal signs.

GM/T 0031-2025 (v5) has the same structures under another number; it is written where asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from signing.ses import der

VERSION = 4
VERSION_2025 = 5
_HEADER_PARTS = 3
CERTIFICATES_BY_VALUE = 1


@dataclass(frozen=True, slots=True)
class Picture:
    """What the seal looks like: type (``PNG``), its bytes, and the size in whole millimetres."""

    type: str
    data: bytes
    width_mm: int
    height_mm: int


def seal_info(
    *,
    es_id: str,
    kind: int,
    name: str,
    certificates: Sequence[bytes],
    created: datetime,
    valid_from: datetime,
    valid_to: datetime,
    picture: Picture,
    vid: str,
    version: int = VERSION,
) -> bytes:
    """Return DER ``SES_SealInfo``: the bytes that the seal maker signs.

    ``kind`` 1 is an organisation's seal, 2 a person's; ``certificates`` (DER) name who may apply
    it; ``vid`` is the maker's vendor mark (ASCII). Times are written in UTC with whole seconds.
    """
    header = der.sequence(der.ia5("ES"), der.integer(version), der.ia5(vid))
    properties = der.sequence(
        der.integer(kind),
        der.utf8(name),
        der.integer(CERTIFICATES_BY_VALUE),
        der.sequence(*(der.octets(certificate) for certificate in certificates)),
        der.generalized_time(created),
        der.generalized_time(valid_from),
        der.generalized_time(valid_to),
    )
    drawn = der.sequence(
        der.ia5(picture.type),
        der.octets(picture.data),
        der.integer(round(picture.width_mm)),
        der.integer(round(picture.height_mm)),
    )
    return der.sequence(header, der.ia5(es_id), properties, drawn)


def seal(
    seal_info_der: bytes,
    maker_certificate: bytes,
    algorithm_oid: str,
    signature: bytes,
    timestamp: bytes | None = None,
) -> bytes:
    """Return DER ``SESeal``: the seal information with the maker's signature over its DER.

    ``timestamp`` is a GB/T 20520 token over ``signature``, which version 5 alone has a place for.
    """
    parts = [
        seal_info_der,
        der.octets(maker_certificate),
        der.oid(algorithm_oid),
        der.bits(signature),
    ]
    if timestamp is not None:
        parts.append(der.tlv(0xA0, der.bits(timestamp)))
    return der.sequence(*parts)


def to_be_signed(
    *,
    seal_der: bytes,
    at: datetime,
    data_hash: bytes,
    property_info: str,
    version: int | None = None,
) -> bytes:
    """Return DER ``TBS_Sign``: the bytes that the signer signs for one document.

    ``data_hash`` is the digest of Signature.xml, ``property_info`` its path in the package,
    ``version`` that of the seal where it is known: readers refuse any other. Raises DerError for
    what is no seal.
    """
    return der.sequence(
        der.integer(version_of(seal_der) if version is None else version),
        seal_der,
        der.generalized_time(at),
        der.bits(data_hash),
        der.ia5(property_info),
    )


def signature(
    tbs: bytes, certificate: bytes, algorithm_oid: str, value: bytes, timestamp: bytes | None = None
) -> bytes:
    """Return DER ``SES_Signature``; ``timestamp`` is a GB/T 20520 token over ``value``."""
    parts = [tbs, der.octets(certificate), der.oid(algorithm_oid), der.bits(value)]
    if timestamp is not None:
        parts.append(der.tlv(0xA0, der.bits(timestamp)))
    return der.sequence(*parts)


def version_of(seal_der: bytes) -> int:
    """Return the version in the header of a seal; raises DerError for what is no seal."""
    parts = der.whole(seal_der).first().first().children()
    if len(parts) != _HEADER_PARTS:
        raise der.DerError("E_SES_VERSION", f"seal header of {len(parts)} parts")
    return parts[1].integer()
