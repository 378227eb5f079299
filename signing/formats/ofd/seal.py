"""Sealing an OFD file with a GB/T 38540-2020 electronic seal (or its successor), SM2 with SM3.

Two steps, so that the key sees only a digest: ``prepare`` lays out the file and says what is to be
signed, ``finish`` adds the signature. ``seal`` does both with a callable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from kernel.errors import TongbanError
from signing.algorithms import by_name
from signing.algorithms.sm2_sm3 import NAME as SM2
from signing.algorithms.sm2_sm3 import sm3, z
from signing.formats.errors import FormatError
from signing.formats.ofd import layout, package
from signing.formats.ofd.parts import Parts, known_parts
from signing.formats.running import Beginnings
from signing.model import Placement, SealMaterial, SignDigest
from signing.ses import build
from signing.ses.der import DerError
from signing.time.check import stamped
from signing.time.ports import TimeStamps
from signing.x509 import parse as parse_certificate


@dataclass(frozen=True, slots=True)
class Pending:
    """A laid-out file that waits for its signature over ``digest`` (SM3(Z || TBS_Sign))."""

    digest: bytes
    tbs: bytes
    certificate: bytes
    algorithm_oid: str
    value_path: str
    files: Mapping[str, bytes]
    parts: Parts = field(compare=False, repr=False)


def seal(
    unsealed: bytes,
    material: SealMaterial,
    placements: Sequence[Placement],
    at: datetime,
    sign: SignDigest,
    *,
    timestamp: TimeStamps | None = None,
    later: bool = False,
) -> bytes:
    """Return the sealed file. Every file of the package is covered; no later seal can be added.

    With ``later`` the list of signatures stays open for further seals; the last one, sealed
    without it, closes the file, and until then no strict verifier accepts it.
    ``timestamp`` proves when the signature existed (GB/T 20520 token inside the seal's signature).
    Raises TongbanError ``seal-not-possible``, and whatever ``sign`` and ``timestamp`` raise.
    """
    pending = prepare(unsealed, material, placements, at, later=later)
    return finish(pending, sign(pending.digest), timestamp=timestamp)


def prepare(
    unsealed: bytes,
    material: SealMaterial,
    placements: Sequence[Placement],
    at: datetime,
    *,
    later: bool = False,
) -> Pending:
    """Lay out the sealed file; raises TongbanError ``seal-not-possible`` with the reason."""
    try:
        return _prepare(unsealed, material, placements, at, later=later)
    except (FormatError, DerError) as error:
        raise TongbanError("seal-not-possible", reason=f"{error.code} {error.detail}") from error


def finish(pending: Pending, signature: bytes, *, timestamp: TimeStamps | None = None) -> bytes:
    """Return the sealed file with the DER signature value in its place, time-stamped if asked."""
    token = stamped(timestamp, signature, SM2) if timestamp else None
    value = build.signature(
        pending.tbs, pending.certificate, pending.algorithm_oid, signature, token
    )
    entries = [*pending.files.items(), (pending.value_path, value)]
    return package.write(entries, pending.parts.crc)


def _prepare(
    unsealed: bytes,
    material: SealMaterial,
    placements: Sequence[Placement],
    at: datetime,
    *,
    later: bool,
) -> Pending:
    if material.algorithm != SM2:
        raise TongbanError("seal-not-possible", reason="GB/T 38540 seals need SM2 with SM3")
    parts = known_parts()
    files = parts.read(unsealed)
    site = layout.enter_plain(files) if files else None
    if site is None:
        site = layout.enter(package.read(unsealed).files)
    site.files[site.seal_file] = material.seal_der
    layout.enlist(site, "Seal", len(placements))
    drawn = layout.stamps(site, placements)
    description = layout.describe(
        site, at=at, drawn=drawn, later=later, with_seal=True, check_value=parts.check_value
    )
    form = form_of(material)
    tbs = build.to_be_signed(
        seal_der=material.seal_der,
        at=at,
        data_hash=sm3(description),
        property_info=f"/{site.description}",
        version=form.version,
    )
    site.files[site.description] = description
    return Pending(
        digest=form.beginnings.after(form.z + tbs).digest(),
        tbs=tbs,
        certificate=material.certificate,
        algorithm_oid=form.oid,
        value_path=site.value,
        files=site.files,
        parts=parts,
    )


@dataclass(frozen=True, slots=True)
class SealForm:
    """What all files sealed with one seal have in common; SM2 signs SM3(Z || TBS_Sign)."""

    version: int
    spki: bytes
    z: bytes
    oid: str
    beginnings: Beginnings


@lru_cache(maxsize=16)
def form_of(material: SealMaterial) -> SealForm:
    """Return the form of a seal; raises DerError for a seal that is none."""
    spki = parse_certificate(material.certificate).spki
    version = build.version_of(material.seal_der)
    return SealForm(version, spki, z(spki), by_name(material.algorithm).oid, Beginnings("sm3"))
