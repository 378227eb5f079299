"""Raising a sealed PDF to a higher PAdES level (ETSI EN 319 142-1) by updates after the seal.

Nothing that was signed changes: a document time stamp, then certificates, revocation lists and OCSP
answers in the document security store, then a document time stamp over all of it. Doing it again
before the last time stamp's certificate ends renews the proof.
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from kernel.clock import from_iso
from kernel.errors import TongbanError
from signing.algorithms import by_name
from signing.formats.oids import register
from signing.formats.pdf.fields import PARSER_ERRORS
from signing.formats.pdf.seal import run, writer
from signing.formats.pdf.stamper import TOKEN_OCTETS, stamper
from signing.model import Evidence, SignatureEvidence
from signing.time.ports import TimeStamps
from signing.x509 import parse

_SPOILED = frozenset({"E_CHANGED_AFTER_SEAL", "E_UNCOVERED_FILE", "E_SIGNATURE_SCOPE"})


class Level(StrEnum):
    """What a file can be raised to."""

    B_T = "B-T"
    """It is proven when the signature existed."""
    B_LT = "B-LT"
    """Besides, what is needed to judge it lies in the file."""
    B_LTA = "B-LTA"
    """Besides, a time stamp covers all of that."""


@dataclass(frozen=True, slots=True)
class Material:
    """What the file will need in years: certificates, revocation lists and OCSP answers (DER).

    ``certificates`` are those of the chains of signer and time-stamp authority. Of each but the
    anchor, ``crls`` or ``ocsps`` tell the status, made after the signature was proven.
    """

    certificates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()


def augment(
    data: bytes,
    level: Level | str,
    *,
    timestamps: TimeStamps,
    algorithm: str = "ecdsa_p256",
    material: Material | None = None,
) -> bytes:
    """Return the file at ``level`` or above; ``algorithm`` is the family of new time stamps.

    A file that has a sound time stamp keeps it. ``B-LTA`` always adds validation data that are
    missing and one more document time stamp, so that calling it again renews. Raises TongbanError
    ``seal-not-possible`` for a file without a sound signature, one changed after its seal, or
    where validation data are missing; and what ``timestamps`` raises.
    """
    register()
    wanted, given = Level(level), material or Material()
    sealed = _sealed(data)
    if wanted is not Level.B_T and not (given.crls or given.ocsps):
        raise _not_possible("revocation lists and OCSP answers are missing")
    if not all(_proven(item) for item in sealed):
        data = _stamp(data, timestamps, algorithm)
    if wanted is Level.B_T:
        return data
    data = _store(data, given)
    return data if wanted is Level.B_LT else _stamp(data, timestamps, algorithm)


def renew_before(evidence: Evidence) -> datetime | None:
    """Return when a file must have been raised to B-LTA again; None for one without a time stamp.

    That is the end of the certificate of the newest sound time stamp: until then another stamp can
    prove that this one existed while it could be believed.
    """
    stamps = [
        stamp
        for item in evidence.signatures
        for stamp in item.timestamps
        if stamp.imprint_valid and stamp.signature_valid and stamp.time
    ]
    if not stamps:
        return None
    newest = max(stamps, key=lambda stamp: from_iso(stamp.time))
    return parse(base64.b64decode(evidence.certificates[newest.signer])).not_after


def _sealed(data: bytes) -> tuple[SignatureEvidence, ...]:
    """Return the signatures; refuse what is not worth to be kept."""
    from signing.formats.pdf.inspect import inspect

    evidence: Evidence = inspect(data)
    found = tuple(item for item in evidence.signatures if item.kind != "timestamp")
    if not found:
        raise _not_possible("the file has no signature")
    for item in evidence.signatures:
        spoiled = [seen.code for seen in item.observations if seen.code in _SPOILED]
        if not (item.signature_valid and item.content_valid) or spoiled:
            raise _not_possible(f"signature {item.id} is not sound {' '.join(spoiled)}".strip())
    return found


def _proven(signature: SignatureEvidence) -> bool:
    return any(item.imprint_valid and item.signature_valid for item in signature.timestamps)


def _store(data: bytes, material: Material) -> bytes:
    """Add what is new to the document security store; an update only if there is something new.

    No VRI dictionary ties it to a signature: ISO 32000-2 table 261 leaves that open, and one that
    a renewal extends is a change which strict verifiers refuse.
    """
    from asn1crypto import crl, ocsp, x509
    from pyhanko.sign.validation.dss import DocumentSecurityStore

    update = writer(data)
    try:
        store = DocumentSecurityStore.supply_dss_in_writer(
            update,
            None,
            certs=[x509.Certificate.load(item) for item in material.certificates],
            crls=[crl.CertificateList.load(item) for item in material.crls],
            ocsps=[ocsp.OCSPResponse.load(item) for item in material.ocsps],
        )
        if not store.modified:
            return data
        out = io.BytesIO()
        update.write(out)
    except PARSER_ERRORS as error:
        raise _not_possible(f"validation data: {type(error).__name__}: {error}"[:200]) from error
    return out.getvalue()


def _stamp(data: bytes, timestamps: TimeStamps, algorithm: str) -> bytes:
    """Add a document time stamp over the whole file."""
    from pyhanko.sign.signers.pdf_signer import PdfTimeStamper

    update = writer(data)
    maker = PdfTimeStamper(stamper(timestamps), field_name=_name(data))
    work = maker.async_timestamp_pdf(
        update, by_name(algorithm).digest_name, bytes_reserved=2 * TOKEN_OCTETS
    )
    try:
        out: Any = run(work)
    except TongbanError:
        raise
    except PARSER_ERRORS as error:
        raise _not_possible(f"time stamp: {type(error).__name__}: {error}"[:200]) from error
    return bytes(out.getbuffer())


def _name(data: bytes) -> str:
    """Return a field name that the file does not have yet."""
    from signing.formats.pdf.fields import open_reader, signed_fields

    taken = {item.name for item in signed_fields(open_reader(data))}
    return next(name for number in range(1, 10_000) if (name := f"Time{number}") not in taken)


def _not_possible(reason: str) -> TongbanError:
    return TongbanError("seal-not-possible", reason=reason)
