"""Requests, answers and tokens of RFC 3161 as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from kernel.errors import TongbanError
from signing.algorithms import by_name

SYNTHETIC_POLICY = "2.25.88750032552595760444486741425987762215"
"""Policy of stamps that no accredited authority stands behind: an arc made from a random UUID
(ITU-T X.667), registered by nobody. An operator with a policy of its own gives that one."""

DIGEST_OIDS = {"sm3": "1.2.156.10197.1.401", "sha256": "2.16.840.1.101.3.4.2.1"}
FAMILY = {DIGEST_OIDS["sm3"]: "sm2_sm3", DIGEST_OIDS["sha256"]: "ecdsa_p256"}
"""Digest OID to the family that stamps it."""
DIGEST_SIZE = 32
TST_INFO = "1.2.840.113549.1.9.16.1.4"


class Status(IntEnum):
    """PKIStatus (RFC 3161 clause 2.4.2)."""

    GRANTED = 0
    GRANTED_WITH_MODS = 1
    REJECTION = 2


class Failure(IntEnum):
    """PKIFailureInfo: the number of the bit."""

    BAD_ALGORITHM = 0
    BAD_REQUEST = 2
    BAD_DATA_FORMAT = 5
    UNACCEPTED_POLICY = 15
    SYSTEM_FAILURE = 25


@dataclass(frozen=True, slots=True)
class StampRequest:
    """A request: digest OID, digest, and what the client wants repeated in the token."""

    digest_oid: str
    digest: bytes
    nonce: int | None = None
    policy: str = ""
    certificates: bool = True
    """Whether the token shall carry the authority's certificates (``certReq``)."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a token says."""

    policy: str
    digest_oid: str
    digest: bytes
    serial: int
    time: datetime
    accuracy_seconds: int
    nonce: int | None


def digest_oid(algorithm: str, digest: bytes) -> str:
    """Return the OID of the family's digest; TongbanError ``digest-length`` on another size."""
    if len(digest) != DIGEST_SIZE:
        raise TongbanError("digest-length", size=len(digest), algorithm=algorithm)
    return DIGEST_OIDS[by_name(algorithm).digest_name]
