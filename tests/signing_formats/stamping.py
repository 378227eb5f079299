"""A throw-away time-stamp authority: RFC 3161 tokens with SM2 and SM3, or P-256."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from signing import x509
from signing.algorithms import by_name
from signing.formats.crypto import hash_bytes
from signing.ses import der
from signing.time import wire
from signing.time.model import SYNTHETIC_POLICY, Stamp, digest_oid
from signing.time.token import build

from .conftest import END, START, Party, Region, issue

TST_INFO, SIGNED_DATA = "1.2.840.113549.1.9.16.1.4", "1.2.840.113549.1.7.2"
DIGESTS = {
    "sm3": "1.2.156.10197.1.401",
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha1": "1.3.14.3.2.26",
    "md5": "1.2.840.113549.2.5",
}


def authority(
    region: Region,
    profile: x509.Profile = x509.TIME_STAMP_AUTHORITY,
    *,
    start: datetime = START,
    end: datetime = END,
) -> Party:
    """Return an authority certified by the region's CA."""
    return issue("时间戳 DEMO", region.algorithm, profile, region.ca, start, end)


def token(
    party: Party,
    stamped: bytes,
    at: datetime,
    *,
    content: str = SIGNED_DATA,
    imprint: str = "",
    digest: str = "",
) -> bytes:
    """Return a token over ``stamped``; ``imprint`` and ``digest`` instead of the key's own."""
    method = by_name(party.algorithm)
    name = digest or method.digest_name
    over = imprint or method.digest_name
    oid = der.sequence(der.oid(DIGESTS[name]))
    info = der.sequence(
        der.integer(1),
        der.oid("1.2.156.3005.9"),
        der.sequence(der.sequence(der.oid(DIGESTS[over])), der.octets(hash_bytes(over, stamped))),
        der.integer(7),
        der.generalized_time(at),
    )
    attributes = b"".join(
        sorted(
            (
                _attribute("1.2.840.113549.1.9.3", der.oid(TST_INFO)),
                _attribute("1.2.840.113549.1.9.4", der.octets(hash_bytes(name, info))),
            )
        )
    )
    cert = x509.parse(party.cert)
    signer = der.sequence(
        der.integer(1),
        der.sequence(cert.issuer_raw, der.integer(cert.serial)),
        oid,
        der.tlv(0xA0, attributes),
        der.sequence(der.oid(method.oid)),
        der.octets(party.sign_message(der.tlv(der.SET, attributes))),
    )
    signed = der.sequence(
        der.integer(3),
        der.tlv(der.SET, oid),
        der.sequence(der.oid(TST_INFO), der.tlv(0xA0, der.octets(info))),
        der.tlv(0xA0, party.cert),
        der.tlv(der.SET, signer),
    )
    return der.sequence(der.oid(content), der.tlv(0xA0, signed))


def _attribute(oid: str, value: bytes) -> bytes:
    return der.sequence(der.oid(oid), der.tlv(der.SET, value))


@dataclass(frozen=True, slots=True)
class Stamper:
    """An authority as sealing sees it: ``TimeStamps`` with a clock that stands still."""

    party: Party
    at: datetime
    chain: tuple[bytes, ...] = ()

    def stamp(self, digest: bytes, algorithm: str) -> bytes:
        """Return a token made the way our own authority makes them."""
        cert = x509.parse(self.party.cert)
        said = Stamp(SYNTHETIC_POLICY, digest_oid(algorithm, digest), digest, 7, self.at, 1, None)
        known = (cert.der, *self.chain)
        return build(wire.info(said), cert, self.party.algorithm, known, self.party.sign)
