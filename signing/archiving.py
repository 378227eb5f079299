"""What a sealed file of this region needs to be judged in years, and until when it can be renewed.

``material`` gathers what the region's own CA says of certificates, ``raised`` puts proof of time
into a file, ``look`` reads out of a file when its proof ends.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from pathlib import Path
from typing import Protocol

from kernel import registry
from kernel.clock import from_iso
from kernel.errors import TongbanError
from signing.formats.pdf.augment import Level, Material, augment
from signing.model import Evidence, SignatureEvidence, TimestampEvidence
from signing.seal_model import IssuedCertificate, Role
from signing.time.ports import TimeStamps
from signing.x509 import Cert, parse
from signing.x509.key import kind

BASIC = "B-B"


class Lists(Protocol):
    """The narrowest view of a regional CA: certificates in force and fresh revocation lists."""

    def current(self, role: Role, algorithm: str) -> IssuedCertificate:
        """Return the certificate of a role; TongbanError ``authority-not-established``."""

    def crl(self, algorithm: str, *, role: Role = Role.CA) -> bytes:
        """Return a fresh revocation list (DER) of the issuing CA or the root."""


class Statuses(Protocol):
    """The narrowest view of the CA's responder."""

    def fresh(self, cert: Cert) -> bytes | None:
        """Return an OCSP answer of this moment; None on a certificate of another issuer."""


def material(authority: Lists, statuses: Statuses, algorithm: str, *signers: bytes) -> Material:
    """Return what ``augment`` puts into a file.

    ``signers`` are the certificates (DER) that made signatures and earlier time stamps; issuing CA
    and time-stamp authority come from ``authority``. Of what the CA certified its responder tells
    and its list, too: some verifiers look at answers only where the certificate names a responder,
    and others never. Fetch it after the signature's time stamp: only a word from after the proven
    time says that the signer was not revoked then.
    """
    ca, stamper = (authority.current(role, algorithm).cert for role in (Role.CA, Role.TIME_STAMP))
    ends = dict.fromkeys((*signers, stamper.der))
    answers = (statuses.fresh(parse(der)) for der in ends)
    return Material(
        (*ends, ca.der),
        tuple(authority.crl(algorithm, role=role) for role in (Role.CA, Role.ROOT)),
        tuple(answer for answer in answers if answer is not None),
    )


def joined(*parts: Material) -> Material:
    """Return several materials as one, nothing twice."""
    kinds = (
        (part.certificates for part in parts),
        (part.crls for part in parts),
        (part.ocsps for part in parts),
    )
    return Material(*(tuple(dict.fromkeys(chain.from_iterable(kind))) for kind in kinds))


def raised(
    data: bytes,
    file_format: str,
    level: str,
    *,
    timestamps: TimeStamps,
    algorithm: str,
    material: Material | None = None,
) -> bytes:
    """Return the file at ``level`` (``B-T``, ``B-LT``, ``B-LTA``) or above.

    An OFD file gets a token into each seal that has none, whatever the level: there is no higher
    one. Errors as in ``augment``.
    """
    if file_format == "ofd":
        from signing.formats.ofd.stamp import stamp

        return stamp(data, timestamps)
    return augment(data, level, timestamps=timestamps, algorithm=algorithm, material=material)


@dataclass(frozen=True, slots=True)
class Proof:
    """What proves a sealed file last, of each of its seals: ``ends`` is the first end of the
    certificates of these proofs, ``keys`` the kinds of their keys.

    ``level`` is the lowest among the file's seals; ``signers`` are the certificates (DER) of them
    and of their sound time stamps.
    """

    level: str
    ends: datetime
    keys: tuple[str, ...]
    signers: tuple[bytes, ...]


def look(evidence: Evidence) -> Proof | None:
    """Return the proof of a file; None for one without a sound signature of a known certificate.

    That is its newest sound time stamp, or the signature itself where it has none: until then
    another stamp can prove that this one existed while it could be believed.
    """
    seals = [item for item in evidence.signatures if item.kind in ("seal", "signature")]
    if not seals or not all(item.signature_valid and item.content_valid for item in seals):
        return None
    lasts = [_last(evidence, item) for item in seals]
    known = [item for item in lasts if item is not None]
    if len(known) != len(seals):
        return None
    first = min(cert.not_after for cert in known)
    keys = {kind(cert.key_algorithm, cert.curve, cert.spki) for cert in known}
    made = (name for item in seals for name in (item.signer, *_stampers(evidence, item)))
    signers = dict.fromkeys(_der(evidence, name) for name in made)
    level = min((item.level or BASIC for item in seals), key=_rank)
    return Proof(level, first, tuple(sorted(keys)), tuple(signers))


def ends(home: Path | None = None) -> Mapping[str, date]:
    """Return by kind of key the last day on which its signatures count.

    Dated data, ``signing/lifetimes/*.toml``, overlaid by the hub's; the earliest day of a kind
    counts. Raises TongbanError ``lifetimes-unreadable``.
    """
    found: dict[str, date] = {}
    for name, member in registry.load("signing", "lifetimes", ".toml", home).members.items():
        try:
            for row in member.toml()["last_day"]:
                day, key = date.fromisoformat(str(row["day"])), str(row["key"])
                found[key] = min(day, found.get(key, day))
        except (KeyError, TypeError, ValueError) as error:
            raise TongbanError("lifetimes-unreadable", file=name, reason=error) from error
    return found


def last_day(key: str, days: Mapping[str, date]) -> date | None:
    """Return the last day of a kind of key: its own row, for RSA that of the next smaller size."""
    if key in days:
        return days[key]
    if not key.startswith("rsa-"):
        return None
    smaller = [name for name in days if name.startswith("rsa-") and _bits(name) <= _bits(key)]
    return days[max(smaller, key=_bits)] if smaller else None


def _bits(key: str) -> int:
    return int(key.removeprefix("rsa-"))


def _rank(level: str) -> int:
    order = (BASIC, Level.B_T, Level.B_LT, Level.B_LTA)
    return order.index(level) if level in order else 0


def below(level: str, wanted: str) -> bool:
    """Tell whether a level is lower than another."""
    return _rank(level) < _rank(wanted)


def _stampers(evidence: Evidence, signature: SignatureEvidence) -> Iterator[str]:
    names = (stamp.signer for stamp in signature.timestamps if _sound(stamp))
    return (name for name in names if name in evidence.certificates)


def _last(evidence: Evidence, signature: SignatureEvidence) -> Cert | None:
    stamps = [item for item in signature.timestamps if _sound(item)]
    newest = max(stamps, key=lambda item: from_iso(item.time), default=None)
    signer = newest.signer if newest else signature.signer
    return parse(_der(evidence, signer)) if signer in evidence.certificates else None


def _sound(stamp: TimestampEvidence) -> bool:
    return bool(stamp.imprint_valid and stamp.signature_valid and stamp.time)


def _der(evidence: Evidence, signer: str) -> bytes:
    return base64.b64decode(evidence.certificates[signer])
