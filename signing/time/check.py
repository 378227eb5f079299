"""Checks that a token answers what was asked, by an authority that is trusted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from kernel.clock import to_iso
from kernel.errors import TongbanError
from signing.algorithms import by_name
from signing.algorithms.sm2_sm3 import sm3
from signing.ses.der import DerError
from signing.time import wire
from signing.time.model import DIGEST_OIDS, Stamp, StampRequest
from signing.time.ports import TimeStamps
from signing.x509 import Cert, chain_to, parse
from signing.x509.model import TIME_STAMPING

LONGEST_TOKEN = 64 * 1024
SKEW = timedelta(minutes=5)
"""How far the authority's clock and ours may be apart."""


def check(token: bytes, asked: StampRequest, anchors: Sequence[Cert], now: datetime) -> Stamp:
    """Return what a fresh token says; raises TongbanError ``time-stamp-invalid`` with the reason.

    Checked: imprint, nonce, policy, the token's signature and the certificate that it names, the
    chain of that certificate to ``anchors``, its purpose and validity, the time against ours.
    """
    if len(token) > LONGEST_TOKEN:
        raise _invalid(f"{len(token)} bytes")
    try:
        stamp = wire.read_token(token)
    except DerError as error:
        raise _invalid(error.detail) from error
    if not wire.names_authority(token):
        raise _invalid("it does not name its certificate")
    if (stamp.digest_oid, stamp.digest) != (asked.digest_oid, asked.digest):
        raise _invalid("it stamps another digest")
    if stamp.nonce != asked.nonce:
        raise _invalid("its nonce is not ours")
    if asked.policy and stamp.policy != asked.policy:
        raise _invalid(f"policy {stamp.policy}")
    if abs(stamp.time - now) > SKEW:
        raise _invalid(f"it says {to_iso(stamp.time)}, here it is {to_iso(now)}")
    _check_authority(token, stamp, anchors)
    return stamp


def stamped(stamps: TimeStamps, data: bytes, algorithm: str) -> bytes:
    """Return a token over ``data``; TongbanError ``time-stamp-invalid`` if it stamps another."""
    name = by_name(algorithm).digest_name
    digest = sm3(data) if name == "sm3" else hashlib.sha256(data).digest()
    return stamped_digest(stamps, digest, algorithm)


def stamped_digest(stamps: TimeStamps, digest: bytes, algorithm: str) -> bytes:
    """Return a token over ``digest``; errors as in ``stamped``."""
    name = by_name(algorithm).digest_name
    token = stamps.stamp(digest, algorithm)
    try:
        said = wire.read_token(token)
    except DerError as error:
        raise _invalid(error.detail) from error
    if (said.digest_oid, said.digest) != (DIGEST_OIDS[name], digest):
        raise _invalid("it stamps another digest")
    return token


def _check_authority(token: bytes, stamp: Stamp, anchors: Sequence[Cert]) -> None:
    from signing.formats.cms import read_digest_token
    from signing.formats.crypto import WEAK
    from signing.formats.pool import Pool

    pool = Pool()
    facts = read_digest_token(token, stamp.digest, pool)
    if not (facts.signature_valid and facts.imprint_valid):
        raise _invalid(facts.detail or "its signature does not fit")
    if facts.digest_algorithm in WEAK:
        raise _invalid(f"it is signed over {facts.digest_algorithm}")
    authority = parse(pool.ders[facts.signer])
    uses = [item for item in authority.extensions if item.oid == "2.5.29.37"]
    if authority.extended_key_usage != (TIME_STAMPING,) or not all(item.critical for item in uses):
        raise _invalid("its certificate is not for time stamps alone")
    chain = chain_to(authority, anchors, _others(pool.ders.values()))
    if chain is None:
        raise _invalid("its authority is not trusted here")
    for cert in chain:
        if not cert.valid_at(stamp.time):
            raise _invalid(f"certificate of {cert.common_name} was not valid then")


def _others(ders: Iterable[bytes]) -> list[Cert]:
    found: list[Cert] = []
    for item in ders:
        try:
            found.append(parse(item))
        except TongbanError:
            continue
    return found


def _invalid(reason: str) -> TongbanError:
    return TongbanError("time-stamp-invalid", reason=reason)
