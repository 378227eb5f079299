"""PDF file -> evidence: every signature and time stamp, what it covers, what changed since."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from kernel.clock import to_iso
from signing.formats import cms
from signing.formats.errors import FormatError
from signing.formats.ofd import value
from signing.formats.pdf import coverage, known
from signing.formats.pdf.fields import (
    PARSER_ERRORS,
    Found,
    Range,
    check_range,
    get,
    items,
    open_reader,
    signed_fields,
)
from signing.formats.pdf.level import levels, revocation
from signing.formats.pdf.pages import page_objects
from signing.formats.pool import Notes, Pool
from signing.model import (
    EVIDENCE_SCHEMA,
    Evidence,
    SignatureEvidence,
    StampEvidence,
    TimestampEvidence,
)

DETACHED = frozenset({"adbe.pkcs7.detached", "ETSI.CAdES.detached", "adbe.pkcs7.sha1"})
POINTS_PER_MM = 72 / 25.4


def inspect(data: bytes, name: str = "") -> Evidence:
    """Return the evidence of a PDF; a damaged one gives evidence that says so."""
    return known.inspect(data, name) or inspect_any(data, name)


def inspect_any(data: bytes, name: str = "") -> Evidence:
    """Return the same of any PDF, ours or not, through the PDF library."""
    notes, pool = Notes(), Pool()
    signatures: list[SignatureEvidence] = []
    metadata: dict[str, str] = {}
    lists: tuple[str, ...] = ()
    try:
        reader = open_reader(data)
        found = signed_fields(reader)
        if not found:
            left = "leftovers of a removed signature" if b"/ByteRange" in data else ""
            notes.add("E_NO_SIGNATURE", "", left)
        signatures = [_signature(data, reader, item, pool) for item in found]
        ends = _ends(found)
        lists = revocation(reader)
        signatures = levels(data, _support(signatures, ends), ends, lists, pool)
        metadata = _metadata(reader)
    except FormatError as error:
        notes.add(error.code, error.path, error.detail)
    return Evidence(
        schema=EVIDENCE_SCHEMA,
        name=name,
        format="pdf",
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        signatures=tuple(signatures),
        certificates=pool.encoded(),
        revocation=lists,
        observations=tuple(notes.items),
        metadata=metadata,
    )


def _signature(data: bytes, reader: Any, found: Found, pool: Pool) -> SignatureEvidence:
    """Read one signature; whatever goes wrong with it stays with it."""
    notes = Notes()
    base = SignatureEvidence(id=found.name, kind=found.kind, structure="cms", path=found.name)
    try:
        span = check_range(data, found)
        base = _facts(base, found, span, pool, notes)
        coverage.check(data, reader, found, span.end, notes)
    except FormatError as error:
        notes.add(error.code, error.path or found.name, error.detail)
    except PARSER_ERRORS as error:
        notes.add("E_FORMAT", found.name, f"cannot be read: {type(error).__name__}")
    return replace(base, stamps=_stamps(reader, found), observations=tuple(notes.items))


def _facts(
    base: SignatureEvidence, found: Found, span: Range, pool: Pool, notes: Notes
) -> SignatureEvidence:
    path = found.name
    body = _trim(found.contents, notes, path)
    if not span.plain:
        notes.add("W_CONTAINER_REWRITTEN", path, "value has more than one spelling")
    if found.kind == "timestamp":
        stamp = cms.read_token(body, span.covered, pool, notes, path)
        return replace(
            base,
            time=stamp.time,
            signer=stamp.signer,
            signature_valid=stamp.signature_valid,
            content_valid=stamp.imprint_valid,
            timestamps=(stamp,),
            level="timestamp",
        )
    if found.subfilter not in DETACHED:
        return _electronic_seal(base, found, (body, span.covered), pool, notes)
    facts = cms.check(body, span.covered, pool, notes, path)
    claimed = facts.time or _dictionary_time(found.value)
    return replace(
        base,
        time=claimed,
        signer=facts.signer,
        signature_algorithm=facts.signature_algorithm,
        digest_algorithm=facts.digest_algorithm,
        signature_valid=facts.signature_valid,
        content_valid=facts.content_valid,
        timestamps=facts.timestamps,
        certificates=facts.certificates,
        level=("B-T" if facts.timestamps else "B-B") if facts.pades else "CMS",
    )


def _electronic_seal(
    base: SignatureEvidence, found: Found, parts: tuple[bytes, bytes], pool: Pool, notes: Notes
) -> SignatureEvidence:
    """Read a GB/T 38540 seal in place of a CMS; its dataHash is that of the ByteRange.

    Vendors use SubFilters of their own for it, so that the structure alone decides.
    """
    body, covered = parts
    scope = value.Scope(
        signature_xml=covered,
        value=body,
        value_path=found.name,
        signature_path=found.name,
        claimed_time=_dictionary_time(found.value),
        method="",
        seal_file=None,
        kind="Seal",
    )
    own = Notes()
    facts = value.read(scope, pool, own)
    if not facts.structure.startswith("ses-"):
        raise FormatError("E_ALG_UNSUPPORTED", f"SubFilter {found.subfilter}", found.name)
    for item in own.items:
        if item.code != "W_PROPERTYINFO_MISMATCH":  # a PDF has no Signature.xml to name
            notes.add(item.code, item.path, item.detail)
    return replace(
        base,
        kind="seal",
        structure=facts.structure,
        time=facts.time,
        signer=facts.signer,
        signature_algorithm=facts.algorithm,
        digest_algorithm="sm3",
        signature_valid=facts.signature_valid,
        content_valid=facts.content_valid,
        member=facts.member,
        seal=facts.seal,
        timestamps=facts.timestamps,
        level="SES",
        certificates=facts.certificates,
    )


def _trim(contents: bytes, notes: Notes, path: str) -> bytes:
    """Cut the padding off; anything but zeros in it is no padding."""
    from asn1crypto.parser import peek

    try:
        size = int(peek(contents))
    except ValueError as error:
        raise FormatError("E_ASN1_NOT_DER", "signature value is no ASN.1", path) from error
    if contents[size:].strip(b"\x00"):
        notes.add("E_ASN1_TRAILING_DATA", path)
    return contents[:size]


def _dictionary_time(value: Any) -> str:
    from pyhanko.pdf_utils.generic import parse_pdf_date

    try:
        return to_iso(parse_pdf_date(str(get(value, "/M")), strict=False))
    except PARSER_ERRORS:
        return ""


def _ends(found: list[Found]) -> list[int]:
    """Return where the byte ranges end, 0 for one that is none."""
    return [sum(item.byte_range[2:4]) if len(item.byte_range) == 4 else 0 for item in found]


def _support(signatures: list[SignatureEvidence], ends: list[int]) -> list[SignatureEvidence]:
    """Give each signature the document time stamps that cover it: they prove when it existed."""
    result: list[SignatureEvidence] = []
    for index, signature in enumerate(signatures):
        stamps: tuple[TimestampEvidence, ...] = signature.timestamps
        if signature.kind != "timestamp":
            later = [
                other.timestamps[0]
                for other, end in zip(signatures, ends, strict=True)
                if other.kind == "timestamp" and end > ends[index] and other.timestamps
            ]
            sound = [item for item in later if item.imprint_valid and item.signature_valid]
            stamps = (*stamps, *sound)
        result.append(replace(signature, timestamps=stamps))
    return result


def _stamps(reader: Any, found: Found) -> tuple[StampEvidence, ...]:
    """Return where the signature is drawn, in millimetres from the page's top left."""
    try:
        corners = [float(value) for value in items(get(found.field, "/Rect"))]
        page = get(found.field, "/P")
        box = [float(value) for value in items(get(page, "/MediaBox"))] if page is not None else []
    except PARSER_ERRORS:
        return ()
    if len(corners) != 4 or corners[0] == corners[2] or corners[1] == corners[3]:
        return ()
    top = box[3] if len(box) == 4 else 0.0
    left = box[0] if len(box) == 4 else 0.0
    x, y = min(corners[0], corners[2]) - left, top - max(corners[1], corners[3])
    width, height = abs(corners[2] - corners[0]), abs(corners[3] - corners[1])
    numbers = [f"{value / POINTS_PER_MM:.1f}" for value in (x, y, width, height)]
    return (StampEvidence(_page_number(reader, page), *numbers),)


def _page_number(reader: Any, page: Any) -> str:
    for number, item in enumerate(page_objects(get(reader.root, "/Pages"))):
        if item is page:
            return str(number)
    return ""


def _metadata(reader: Any) -> dict[str, str]:
    """Return the document information dictionary as text."""
    found: dict[str, str] = {}
    try:
        info = get(reader.trailer_view, "/Info")
        for key in sorted(info.keys()) if info is not None else ():
            value = get(info, key)
            if isinstance(value, str):
                found[str(key).lstrip("/")[:200]] = str(value)[:2000]
    except PARSER_ERRORS:
        return found
    return found
