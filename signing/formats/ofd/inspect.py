"""OFD file -> evidence: every document body, signature, digest, seal, and what nothing protects."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from signing.formats.errors import FormatError
from signing.formats.ofd import entries, links, signature, stamps
from signing.formats.ofd.package import Limits, Package
from signing.formats.ofd.package import read as read_package
from signing.formats.ofd.parts import known_parts
from signing.formats.ofd.signature import Read
from signing.formats.ofd.xml import (
    NAMESPACE,
    NAMESPACE_ROOT,
    Element,
    Part,
    check_bytes,
    children,
    local,
    namespace,
    only,
    parse,
    text,
    walk,
)
from signing.formats.pool import Notes, Pool
from signing.model import EVIDENCE_SCHEMA, Evidence, SignatureEvidence

OUR_PROVIDER = "tongban"
"""A seal by this provider vouches, under its own signature, for a canonical container."""

ROOT = "OFD.xml"


def inspect(data: bytes, name: str = "", limits: Limits | None = None) -> Evidence:
    """Return the evidence of an OFD file; a broken file gives evidence that says what is broken."""
    notes, pool = Notes(), Pool()
    reads: list[Read] = []
    metadata: dict[str, str] = {}
    try:
        package = known_parts().package(data, limits or Limits()) or read_package(data, limits)
        _check_xml(package)
        reads, metadata = _document(package, pool, notes)
    except FormatError as error:
        notes.add(error.code, error.path, error.detail)
    return Evidence(
        schema=EVIDENCE_SCHEMA,
        name=name,
        format="ofd",
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        signatures=tuple(read.evidence for read in reads),
        certificates=pool.encoded(),
        observations=tuple(notes.items),
        metadata=metadata,
    )


def _check_xml(package: Package) -> None:
    """Refuse dangerous XML anywhere in the package: viewers parse the pages as well."""
    for path, data in package.files.items():
        if path.lower().endswith(".xml"):
            check_bytes(data, path)


def _document(package: Package, pool: Pool, notes: Notes) -> tuple[list[Read], dict[str, str]]:
    data = package.get(ROOT)
    if data is None:
        raise FormatError("E_MISSING_PART", "OFD.xml is missing", ROOT)
    part = parse(data, ROOT)
    if local(part.root) != "OFD":
        raise FormatError("E_FORMAT", "root is not OFD", ROOT)
    _check_namespace(part.root, notes)
    bodies = children(part.root, "DocBody")
    per_body = [_body(package, part, body, pool, notes) for body in bodies]
    reads = [read for body in per_body for read in body]
    listing = entries.read(package, pool)
    listings = [listing] if listing else []
    if not reads:
        _leftovers(package, notes, listing)
        return listings, _metadata(bodies)
    for number, body_reads in enumerate(per_body):
        if not body_reads:
            notes.add("E_UNSIGNED_DOCBODY", ROOT, f"document body {number + 1}")
    shown = [_shown(package, part, body) for body in bodies]
    links.note_drawn_stamps(package, notes)
    finished = [_judge(package, read, reads, listing) for read in reads]
    return [*_versions(finished, shown, per_body, notes), *listings], _metadata(bodies)


def _check_namespace(root: Element, notes: Notes) -> None:
    found = {namespace(element) for element in walk(root)}
    odd = sorted(found - {NAMESPACE})
    if odd:
        known = all(item.startswith(NAMESPACE_ROOT) for item in odd)
        notes.add("W_NAMESPACE" if known else "E_NAMESPACE", ROOT, odd[0][:100])


def _body(package: Package, part: Part, body: Element, pool: Pool, notes: Notes) -> list[Read]:
    location = text(only(body, "Signatures", ROOT))
    if not location:
        return []
    path = part.locate(location)
    data = package.get(path)
    if data is None:
        notes.add("E_MISSING_PART", path, "list of signatures is missing")
        return []
    listing = parse(data, path)
    reads: list[Read] = []
    seen: set[str] = set()
    for entry in children(listing.root, "Signature"):
        number, base = entry.get("ID") or "", entry.get("BaseLoc") or ""
        if number in seen:
            notes.add("E_XML_AMBIGUOUS", path, f"two signatures of ID {number[:40]}")
        seen.add(number)
        kind = entry.get("Type") or "Seal"
        found = signature.read(package, pool, number=number, kind=kind, path=listing.locate(base))
        reads.append(replace(found, parts=found.parts | {path}))
    _check_bases(listing, seen, notes)
    if not reads:
        notes.add("E_MISSING_PART", path, "list of signatures is empty")
    return reads


def _check_bases(listing: Part, seen: set[str], notes: Notes) -> None:
    for entry in children(listing.root, "Signature"):
        base = entry.get("Relative")
        if base and base not in seen:
            notes.add("E_MISSING_PART", listing.path, f"base signature {base[:40]} is missing")


def _leftovers(package: Package, notes: Notes, listing: Read | None) -> None:
    known = listing.own if listing else frozenset()
    names = [
        path
        for path in package.files
        if path not in known
        and path.rsplit("/", 1)[-1].lower()
        in ("signature.xml", "signatures.xml", "signedvalue.dat", "signvalue.dat", "seal.esl")
    ]
    only_list = "only the list of files is signed" if listing else ""
    detail = "leftovers of a removed signature" if names else only_list
    notes.add("E_NO_SIGNATURE", names[0] if names else "", detail)


def _shown(package: Package, part: Part, body: Element) -> frozenset[str]:
    """Return the files that decide which document a reader displays."""
    paths: set[str] = set()
    root = text(only(body, "DocRoot", ROOT))
    if root:
        paths.add(part.locate(root))
    versions = only(body, "Versions", ROOT)
    for version in children(versions, "Version") if versions is not None else []:
        location = part.locate(version.get("BaseLoc") or "")
        data = package.get(location)
        if data is None:
            continue
        paths.add(location)
        inner = parse(data, location)
        doc_root = text(only(inner.root, "DocRoot", location))
        if doc_root:
            paths.add(inner.locate(doc_root))
    return frozenset(paths)


def _judge(package: Package, read: Read, reads: list[Read], listing: Read | None) -> Read:
    """Add what the signature does not cover, and what was appended after it.

    A signed list of files covers its own two files, whose signer then counts with the others.
    """
    evidence = read.evidence
    if evidence.structure == "unknown" and not evidence.references:
        return read
    covered = {reference.path for reference in evidence.references}
    others = frozenset().union(*(other.parts - read.parts for other in reads))
    others |= {path for other in reads for path in other.parts if path.endswith("Signatures.xml")}
    by_others = {
        reference.path
        for other in reads
        if other is not read
        for reference in other.evidence.references
    }
    own_value = read.own
    excused = {path for path in others if path in by_others or _value_of_other(path, reads, read)}
    if listing and listing.evidence.signature_valid and listing.evidence.content_valid:
        excused |= listing.own
    missing = [path for path in package.files if path not in covered | own_value | excused]
    linked = links.linked(package) if missing else frozenset()
    notes = Notes(list(evidence.observations))
    _appended(notes, evidence, read, reads)
    stamps.check(evidence, links.page_ids(package), notes)
    if _ours(package, read) and not package.canonical:
        notes.add("W_CONTAINER_REWRITTEN")
    changed = replace(
        evidence,
        partial=tuple(path for path in missing if path in linked),
        uncovered=tuple(path for path in missing if path not in linked),
        observations=tuple(notes.items),
    )
    return replace(read, evidence=changed)


def _value_of_other(path: str, reads: list[Read], read: Read) -> bool:
    """The last signature's own XML and value are covered by no file digest, but by themselves."""
    return any(path in other.own for other in reads if other is not read)


def _appended(notes: Notes, evidence: SignatureEvidence, read: Read, reads: list[Read]) -> None:
    covered = {reference.path for reference in evidence.references}
    changed = {item.path for item in evidence.references if item.state == "mismatch"}
    lists = {path for path in changed if path in read.parts}
    later = [other for other in reads if other is not read and other.evidence.path not in covered]
    if lists and later:
        names = ", ".join(other.evidence.id for other in later)
        notes.add("E_CHANGED_AFTER_SEAL", min(lists), f"appended later: {names}")


def _ours(package: Package, read: Read) -> bool:
    data = package.get(read.evidence.path)
    return data is not None and f'ProviderName="{OUR_PROVIDER}"'.encode() in data


def _versions(
    reads: list[Read], shown: list[frozenset[str]], per_body: list[list[Read]], notes: Notes
) -> list[Read]:
    """Note displayed document roots and versions that no signature of their body covers."""
    for paths, body in zip(shown, per_body, strict=True):
        if not body:
            continue
        covered = {item.path for read in body for item in read.evidence.references}
        siblings = {path.rsplit("/", 1)[0] for path in covered}
        for path in sorted(paths - covered):
            if covered and path.rsplit("/", 1)[0] in siblings:
                notes.add("E_UNSIGNED_VERSION", path)
    return reads


def _metadata(bodies: list[Element]) -> dict[str, str]:
    """Return the document information of the first body: standard fields and custom data."""
    found: dict[str, str] = {}
    info = only(bodies[0], "DocInfo", ROOT) if bodies else None
    if info is None:
        return found
    for child in info:
        if local(child) == "CustomDatas":
            for item in children(child, "CustomData"):
                found[(item.get("Name") or "")[:200]] = text(item)
        elif len(child) == 0:
            found[local(child)] = text(child)
    return found
