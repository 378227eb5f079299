"""Which PAdES level a signature has reached (ETSI EN 319 142-1 clause 6)."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from signing import crl, ocsp
from signing.formats.errors import FormatError
from signing.formats.pdf.fields import PARSER_ERRORS, get, items, open_reader
from signing.formats.pool import Notes, Pool, read_certificate
from signing.model import SignatureEvidence
from signing.ocsp_model import hashed
from signing.x509 import Cert

MAX_LISTS = 32
LONGEST_LIST = 8 * 1024 * 1024


def revocation(reader: Any) -> tuple[str, ...]:
    """Return the revocation lists and OCSP answers kept in the document security store, base64."""
    store = get(reader.root, "/DSS")
    found: list[str] = []
    kept = [*items(get(store, "/CRLs")), *items(get(store, "/OCSPs"))] if store is not None else ()
    for stream in kept:
        try:
            data = bytes(stream.data)
        except PARSER_ERRORS:
            continue
        if len(data) <= LONGEST_LIST and len(found) < MAX_LISTS:
            found.append(base64.b64encode(data).decode())
    return tuple(found)


def levels(
    data: bytes,
    signatures: Sequence[SignatureEvidence],
    ends: Sequence[int],
    lists: Sequence[str],
    pool: Pool,
) -> list[SignatureEvidence]:
    """Return the signatures with their levels.

    B-T: a time stamp in or after it. B-LT: besides, a revocation list of its issuer, or an OCSP
    answer on it, is in the document security store. B-LTA: besides, a sound document time stamp
    covers that store.
    ``ends`` are where the byte ranges end, ``lists`` what ``revocation`` found.
    """
    stamps = [
        end
        for item, end in zip(signatures, ends, strict=True)
        if item.kind == "timestamp" and item.signature_valid and item.content_valid
    ]
    covered = _covered(data, max(stamps)) if stamps and lists else ()
    result: list[SignatureEvidence] = []
    for item, end in zip(signatures, ends, strict=True):
        level = item.level
        if level in ("B-B", "B-T") and item.timestamps:
            level = "B-T"
            if _held(item, lists, pool):
                late = any(stamp > end for stamp in stamps) and _held(item, covered, pool)
                level = "B-LTA" if late else "B-LT"
        result.append(replace(item, level=level))
    return result


def _covered(data: bytes, end: int) -> tuple[str, ...]:
    """Return the revocation lists of the revision that ends at ``end``."""
    try:
        return revocation(open_reader(data[:end]))
    except FormatError:
        return ()


def _held(signature: SignatureEvidence, lists: Iterable[str], pool: Pool) -> bool:
    der = pool.ders.get(signature.signer)
    cert = read_certificate(der, Notes()) if der else None
    return cert is not None and any(_about(base64.b64decode(item), cert) for item in lists)


def _about(data: bytes, cert: Cert) -> bool:
    """Tell whether a list is of the certificate's issuer, or an answer speaks of its serial."""
    listed = crl.parse(data)
    if listed is not None:
        return listed.issuer_raw == cert.issuer_raw
    answer = ocsp.parse(data)
    name = cert.issuer_raw
    return answer is not None and any(
        item.cert_id.serial == cert.serial
        and item.cert_id.digest
        and item.cert_id.name_hash == hashed(item.cert_id.digest, name)
        for item in answer.singles
    )
