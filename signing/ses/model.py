"""Electronic seals and SES signatures as read; every signed part keeps its bytes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SealPicture:
    """``SES_ESPictrueInfo``: a picture and the millimetres it should be drawn at."""

    type: str
    data: bytes
    width_mm: int
    height_mm: int


@dataclass(frozen=True, slots=True)
class MemberDigest:
    """One entry of certificate list type 2: digest method as written, digest of a certificate."""

    method: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Seal:
    """``SESeal`` of any version. ``signed`` are the bytes under the maker's signature.

    ``members`` are the certificates of list type 1 (DER), ``digests`` the entries of type 2.
    """

    version: int
    header_version: int
    vendor: str
    seal_id: str
    kind: int
    name: str
    list_type: int
    members: tuple[bytes, ...]
    digests: tuple[MemberDigest, ...]
    created: datetime
    valid_from: datetime
    valid_to: datetime
    picture: SealPicture
    maker: bytes
    algorithm: str
    signed: bytes
    signature: bytes
    timestamp: bytes | None
    raw: bytes


@dataclass(frozen=True, slots=True)
class SesSignature:
    """``SES_Signature`` of any version. ``tbs`` are the bytes under the signer's signature.

    ``time`` is None when version 1 carries a time-stamp token instead of a time, which is then in
    ``timestamp_in_tbs``.
    """

    version: int
    tbs_version: int
    seal: Seal
    time: datetime | None
    time_text: str
    data_hash: bytes
    property_info: str
    certificate: bytes
    algorithm: str
    tbs: bytes
    signature: bytes
    timestamp: bytes | None
    timestamp_in_tbs: bytes | None = None
