"""One signature of an OFD file, read from Signature.xml and SignedValue.dat into evidence."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field

from signing.formats.crypto import WEAK, digest_name, hash_bytes
from signing.formats.errors import FormatError
from signing.formats.ofd import value
from signing.formats.ofd.package import Package
from signing.formats.ofd.parts import known_parts
from signing.formats.ofd.xml import Element, Part, children, local, only, parse, text
from signing.formats.pool import Notes, Pool
from signing.model import ReferenceEvidence, SignatureEvidence, StampEvidence

ABSENT_CHECK_METHOD = "md5"
"""GB/T 33190 clause 18.2.2: the digest when CheckMethod is not given."""


@dataclass(slots=True)
class Reader:
    """One signature while it is being read."""

    package: Package
    pool: Pool
    id: str
    kind: str
    path: str
    notes: Notes = field(default_factory=Notes)
    references: list[ReferenceEvidence] = field(default_factory=list)
    stamps: list[StampEvidence] = field(default_factory=list)
    parts: set[str] = field(default_factory=set)
    """Files that belong to this signature: its XML, its value, its seal."""


@dataclass(frozen=True, slots=True)
class Read:
    """The evidence of one signature and the files that are its own."""

    evidence: SignatureEvidence
    own: frozenset[str]
    parts: frozenset[str]


def read(package: Package, pool: Pool, *, number: str, kind: str, path: str) -> Read:
    """Read one signature; whatever is wrong becomes observations, never an exception."""
    reader = Reader(package, pool, number, kind, path, parts={path})
    try:
        evidence, own = _read(reader)
    except FormatError as error:
        reader.notes.add(error.code, error.path or path, error.detail)
        evidence, own = _broken(reader), {path}
    return Read(evidence, frozenset(own), frozenset(reader.parts))


def _broken(reader: Reader) -> SignatureEvidence:
    return SignatureEvidence(
        id=reader.id,
        kind="seal" if reader.kind == "Seal" else "signature",
        structure="unknown",
        path=reader.path,
        references=tuple(reader.references),
        observations=tuple(reader.notes.items),
    )


def _read(reader: Reader) -> tuple[SignatureEvidence, set[str]]:
    data = reader.package.get(reader.path)
    if data is None:
        raise FormatError("E_MISSING_PART", "Signature.xml is missing", reader.path)
    part = parse(data, reader.path)
    if local(part.root) != "Signature":
        raise FormatError("E_FORMAT", "root is not Signature", reader.path)
    info = only(part.root, "SignedInfo", reader.path)
    location = text(only(part.root, "SignedValue", reader.path))
    if info is None or not location:
        raise FormatError("E_MISSING_PART", "SignedInfo or SignedValue is missing", reader.path)
    value_path = part.locate(location)
    own = {reader.path, value_path}
    reader.parts |= own
    signed_value = reader.package.get(value_path)
    _stamps(reader, info)
    seal_file = _seal_file(reader, part, info)
    if signed_value is None:
        reader.notes.add("E_MISSING_PART", value_path, "signature value is missing")
        signed_value = b""
    scope = value.Scope(
        signature_xml=data,
        value=signed_value,
        value_path=value_path,
        signature_path=reader.path,
        claimed_time=text(only(info, "SignatureDateTime", reader.path)),
        method=text(only(info, "SignatureMethod", reader.path)),
        seal_file=seal_file,
        kind=reader.kind,
    )
    facts = value.read(scope, reader.pool, reader.notes)
    _references(reader, part, info, facts.z_public_key)
    evidence = SignatureEvidence(
        id=reader.id,
        kind="seal" if reader.kind == "Seal" else "signature",
        structure=facts.structure,
        path=reader.path,
        time=facts.time,
        signer=facts.signer,
        signature_algorithm=facts.algorithm,
        digest_algorithm=_check_method(info, reader.path),
        content_algorithm=facts.content_algorithm,
        signature_valid=facts.signature_valid,
        content_valid=facts.content_valid,
        member=facts.member,
        references=tuple(reader.references),
        seal=facts.seal,
        stamps=tuple(reader.stamps),
        timestamps=facts.timestamps,
        level="B-T" if facts.timestamps else "B-B",
        certificates=facts.certificates,
        observations=tuple(reader.notes.items),
    )
    return evidence, own


def _seal_file(reader: Reader, part: Part, info: Element) -> bytes | None:
    seal = only(info, "Seal", reader.path)
    location = text(only(seal, "BaseLoc", reader.path)) if seal is not None else ""
    if not location:
        return None
    path = part.locate(location)
    reader.parts.add(path)
    data = reader.package.get(path)
    if data is None:
        reader.notes.add("E_MISSING_PART", path, "seal file is missing")
    return data


def _stamps(reader: Reader, info: Element) -> None:
    for stamp in children(info, "StampAnnot"):
        numbers = (stamp.get("Boundary") or "").split()
        x, y, width, height = (*numbers, "", "", "", "")[:4]
        page = stamp.get("PageRef") or ""
        clip = " ".join((stamp.get("Clip") or "").split())[:80]
        reader.stamps.append(StampEvidence(page, x, y, width, height, clip))


def _check_method(info: Element, path: str) -> str:
    references = only(info, "References", path)
    return "" if references is None else references.get("CheckMethod") or ABSENT_CHECK_METHOD


def _references(reader: Reader, part: Part, info: Element, key: bytes | None) -> None:
    listed = only(info, "References", reader.path)
    method = _check_method(info, reader.path)
    name = digest_name(method)
    if listed is None:
        return
    if name in WEAK:
        reader.notes.add("E_WEAK_DIGEST", reader.path, f"CheckMethod {method}")
    elif name is None:
        reader.notes.add("E_ALG_UNSUPPORTED", reader.path, f"CheckMethod {method[:64]}")
    elif name == "sm3-keyed":
        reader.notes.add("W_KEYED_DIGEST", reader.path)
    seen: dict[str, bytes] = {}
    for reference in children(listed, "Reference"):
        path = _reference_path(reader, part, reference.get("FileRef") or "")
        if path is None:
            continue
        digest = _check_value(reference, reader.path)
        if path in seen:
            if seen[path] != digest:
                reader.notes.add("E_XML_AMBIGUOUS", path, "two digests for one file")
            continue
        seen[path] = digest
        state = _state(path, reader.package.get(path), name, digest, key)
        reader.references.append(ReferenceEvidence(path, name or method, state))


def _reference_path(reader: Reader, part: Part, location: str) -> str | None:
    try:
        path = part.locate(location)
    except FormatError as error:
        reader.notes.add(error.code, error.path, error.detail)
        reader.references.append(ReferenceEvidence(location[:200], "", "outside"))
        return None
    if not path:
        reader.notes.add("E_MISSING_PART", reader.path, "reference without a file")
        return None
    return path


def _check_value(reference: Element, path: str) -> bytes:
    try:
        return base64.b64decode(
            "".join(text(only(reference, "CheckValue", path)).split()), validate=True
        )
    except (binascii.Error, ValueError) as error:
        raise FormatError("E_FORMAT", "CheckValue is no base64", path) from error


def _state(
    path: str, data: bytes | None, name: str | None, digest: bytes, key: bytes | None
) -> str:
    if data is None:
        return "missing"
    if name is None:
        return "unsupported"
    if name == "sm3-keyed":
        if key is None:
            return "unsupported"
        return "ok" if value.keyed_sm3(key, data) == digest else "mismatch"
    if name == "sm3":
        found = base64.b64decode(known_parts().check_value(path, data))
    else:
        found = hash_bytes(name, data)
    return "ok" if found == digest else "mismatch"
