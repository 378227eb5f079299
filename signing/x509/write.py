"""Writes certificates and revocation lists (RFC 5280; GM/T 0015 where the key is SM2)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from signing import der
from signing.algorithms import by_name
from signing.x509.model import AUTHORITY_INFO, NO_CHECK, TIME_STAMPING, KeyUsage, Name, Profile

SignDigest = Callable[[bytes], bytes]
"""Gets the digest to be signed, returns the signature; the key stays where it is."""

_SERIAL_BYTES = 16
_ENUMERATED, _ON_HOLD = 0x0A, 6
"""Reason certificateHold (RFC 5280 §5.3.1)."""
_BY_OCSP, _ADDRESS = "1.3.6.1.5.5.7.48.1", 0x86
"""id-ad-ocsp, and the uniformResourceIdentifier of a GeneralName."""


def serial() -> int:
    """Return a random positive serial number of 127 bits (RFC 5280 §4.1.2.2 allows 159)."""
    return int.from_bytes(os.urandom(_SERIAL_BYTES), "big") >> 1 | 1


def key_id(spki: bytes) -> bytes:
    """Return the key identifier: the first 160 bits of SHA-256 of the key (RFC 7093 §2)."""
    key = der.whole(spki).children()[1]
    return hashlib.sha256(key.content[1:]).digest()[:20]


def build(
    *,
    subject: Name,
    issuer_raw: bytes | None,
    spki: bytes,
    issuer_spki: bytes,
    profile: Profile,
    not_before: datetime,
    not_after: datetime,
    algorithm: str,
    sign: SignDigest,
    number: int | None = None,
    ocsp: str = "",
) -> bytes:
    """Return a DER certificate.

    ``ocsp`` is where the issuer's responder is called (RFC 5280 §4.2.2.1), for others: nothing
    here ever calls an address that a certificate names.

    ``algorithm`` names the issuer's; ``sign`` gets the digest of the signed part, for SM2 with the
    default signer id as GM/T 0015 demands. ``issuer_raw`` is the issuer's encoded subject, copied
    so that names chain byte for byte; None makes a root, named as its subject.
    """
    method = by_name(algorithm)
    tbs = der.sequence(
        der.encode(0xA0, der.integer(2)),
        der.integer(number or serial()),
        method.identifier,
        issuer_raw or encode_name(subject),
        der.sequence(der.time(not_before), der.time(not_after)),
        encode_name(subject),
        spki,
        der.encode(0xA3, _extensions(profile, spki, issuer_spki, ocsp)),
    )
    signature = sign(method.digest(tbs, issuer_spki))
    return der.sequence(tbs, method.identifier, der.bits(signature))


def build_crl(
    *,
    issuer_raw: bytes,
    issuer_spki: bytes,
    revoked: Sequence[tuple[int, datetime]],
    number: int,
    this_update: datetime,
    next_update: datetime,
    algorithm: str,
    sign: SignDigest,
    held: Collection[int] = (),
) -> bytes:
    """Return a version 2 revocation list; ``revoked`` holds serial numbers and times.

    Those also in ``held`` are suspended only (reason certificateHold) and may leave the list.
    """
    method = by_name(algorithm)
    hold = der.sequence(_extension("2.5.29.21", der.encode(_ENUMERATED, bytes([_ON_HOLD]))))
    entries = tuple(
        der.sequence(der.integer(item), der.time(moment), *((hold,) if item in held else ()))
        for item, moment in sorted(revoked)
    )
    extensions = der.sequence(
        _extension("2.5.29.35", der.sequence(der.encode(0x80, key_id(issuer_spki)))),
        _extension("2.5.29.20", der.integer(number)),
    )
    tbs = der.sequence(
        der.integer(1),
        method.identifier,
        issuer_raw,
        der.time(this_update),
        der.time(next_update),
        *((der.sequence(*entries),) if entries else ()),
        der.encode(0xA0, extensions),
    )
    return der.sequence(tbs, method.identifier, der.bits(sign(method.digest(tbs, issuer_spki))))


def encode_name(name: Name) -> bytes:
    """Return the DER distinguished name, most general part first."""
    parts = (
        ("2.5.4.6", name.country, der.PRINTABLE),
        ("2.5.4.7", name.locality, der.UTF8),
        ("2.5.4.10", name.organization, der.UTF8),
        ("2.5.4.97", name.organization_id, der.UTF8),
        ("2.5.4.11", name.unit, der.UTF8),
        ("2.5.4.3", name.common_name, der.UTF8),
    )
    return der.sequence(
        *(
            der.encode(der.SET, der.sequence(der.oid(oid), der.encode(tag, text.encode())))
            for oid, text, tag in parts
            if text
        )
    )


def _extensions(profile: Profile, spki: bytes, issuer_spki: bytes, ocsp: str) -> bytes:
    basic = (der.encode(der.BOOLEAN, b"\xff"),) if profile.ca else ()
    if profile.path_length is not None:
        basic = (*basic, der.integer(profile.path_length))
    out = [
        _extension("2.5.29.19", der.sequence(*basic), critical=True),
        _extension("2.5.29.15", _usage(profile.key_usage), critical=True),
        _extension("2.5.29.14", der.encode(der.OCTETS, key_id(spki))),
        _extension("2.5.29.35", der.sequence(der.encode(0x80, key_id(issuer_spki)))),
    ]
    if profile.extended_key_usage:
        purposes = der.sequence(*(der.oid(item) for item in profile.extended_key_usage))
        only_time = profile.extended_key_usage == (TIME_STAMPING,)
        out.append(_extension("2.5.29.37", purposes, critical=only_time))
    if profile.no_check:
        out.append(_extension(NO_CHECK, der.encode(der.NULL)))
    if ocsp:
        where = der.sequence(der.oid(_BY_OCSP), der.encode(_ADDRESS, ocsp.encode("ascii")))
        out.append(_extension(AUTHORITY_INFO, der.sequence(where)))
    return der.sequence(*out)


def _extension(oid: str, value: bytes, *, critical: bool = False) -> bytes:
    flag = (der.encode(der.BOOLEAN, b"\xff"),) if critical else ()
    return der.sequence(der.oid(oid), *flag, der.encode(der.OCTETS, value))


def _usage(uses: frozenset[KeyUsage]) -> bytes:
    places = [at for at, use in enumerate(KeyUsage) if use in uses]
    size = max(places) // 8 + 1
    value = sum(1 << (size * 8 - 1 - at) for at in places)
    return der.bits(value.to_bytes(size, "big"), 7 - max(places) % 8)
