"""The signed list of files of GM/T 0099-2020: ``OFDEntries.xml`` and its signature value.

The list names files and holds no digest of them: it shows that nothing was added to the package
or taken away, never that a file is unchanged. It is no seal and makes no file a sealed one.
"""

from __future__ import annotations

from signing.formats.errors import FormatError
from signing.formats.ofd import value
from signing.formats.ofd.package import Package
from signing.formats.ofd.signature import Read
from signing.formats.ofd.xml import Part, children, local, only, parse, text
from signing.formats.pool import Notes, Pool
from signing.model import INTEGRITY, ReferenceEvidence, SignatureEvidence

PATH = "OFDEntries.xml"
_ID = "OFDEntries"


def read(package: Package, pool: Pool) -> Read | None:
    """Return the evidence of the list, None for a package without one; never raises on content.

    ``references`` are the files named (``listed`` or ``missing``), ``uncovered`` those left out.
    """
    data = package.get(PATH)
    if data is None:
        return None
    notes, own = Notes(), {PATH}
    references: tuple[ReferenceEvidence, ...] = ()
    facts = value.Facts()
    try:
        part = parse(data, PATH)
        own.add(_value_path(part))
        references = _listed(part, package, notes)
        facts = _facts(package, data, max(own - {PATH}), pool, notes)
    except FormatError as error:
        notes.add(error.code, error.path or PATH, error.detail)
    named = {item.path for item in references} | own
    evidence = SignatureEvidence(
        id=_ID,
        kind=INTEGRITY,
        structure=facts.structure,
        path=PATH,
        time=facts.time,
        signer=facts.signer,
        signature_algorithm=facts.algorithm,
        content_algorithm=facts.content_algorithm,
        signature_valid=facts.signature_valid,
        content_valid=facts.content_valid,
        references=references,
        uncovered=tuple(path for path in package.files if path not in named),
        certificates=facts.certificates,
        observations=tuple(notes.items),
    )
    return Read(evidence, frozenset(own), frozenset(own))


def _value_path(part: Part) -> str:
    if local(part.root) != "DocEntries":
        raise FormatError("E_FORMAT", "root is not DocEntries", PATH)
    path = part.locate(text(only(part.root, "SignedValueLoc", PATH)))
    if not path or path == PATH:
        raise FormatError("E_MISSING_PART", "the list of files has no signature value", PATH)
    return path


def _listed(part: Part, package: Package, notes: Notes) -> tuple[ReferenceEvidence, ...]:
    listing = only(part.root, "FileList", PATH)
    found: dict[str, ReferenceEvidence] = {}
    for item in children(listing, "File") if listing is not None else []:
        location = item.get("FileLoc") or ""
        try:
            path = part.locate(location)
        except FormatError as error:
            notes.add(error.code, error.path, error.detail)
            continue
        state = "listed" if package.get(path) is not None else "missing"
        found[path] = ReferenceEvidence(path, "", state)
    return tuple(found.values())


def _facts(package: Package, data: bytes, path: str, pool: Pool, notes: Notes) -> value.Facts:
    signed = package.get(path)
    if signed is None:
        raise FormatError("E_MISSING_PART", "signature value of the list of files", path)
    scope = value.Scope(
        signature_xml=data,
        value=signed,
        value_path=path,
        signature_path=PATH,
        claimed_time="",
        method="",
        seal_file=None,
        kind="Sign",
    )
    facts = value.read(scope, pool, notes)
    if facts.structure != "gbt35275":
        raise FormatError("E_FORMAT", "signature value is no GB/T 35275 SignedData", path)
    return facts
