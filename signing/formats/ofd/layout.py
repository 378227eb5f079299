"""Where a new signature goes in an OFD package, and the XML that describes it (GB/T 33190 ch. 18).

A file may bear several signatures. Each but the last leaves ``Signatures.xml`` unprotected
(continue-sign), so that the list can grow; the last protects it and closes the file.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from kernel.errors import TongbanError
from signing.algorithms import by_name
from signing.algorithms.sm2_sm3 import NAME as SM2
from signing.algorithms.sm2_sm3 import SM3_OID, sm3
from signing.formats.errors import FormatError
from signing.formats.ofd.inspect import OUR_PROVIDER, ROOT
from signing.formats.ofd.xml import NAMESPACE, Part, children, namespace, only, parse, text, walk
from signing.model import Placement

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_PROVIDER_VERSION = "1"
_NUMBER = re.compile(r"(\d{1,9})$", re.ASCII)
_ENTRY = ("ID", "Type", "BaseLoc", "Relative")

Kind = Literal["Seal", "Sign"]


@dataclass(frozen=True, slots=True)
class Site:
    """A package made ready for one more signature: its files, and where the signature goes.

    ``listing`` is the path of Signatures.xml, ``own`` the signature's folder, ``number`` the ID of
    the signature (its stamps follow on), ``pages`` the page IDs in order.
    """

    files: dict[str, bytes]
    listing: str
    own: str
    number: int
    pages: tuple[str, ...]
    entries: str
    """The signatures already there, as XML."""

    @property
    def description(self) -> str:
        """Path of Signature.xml."""
        return f"{self.own}/Signature.xml"

    @property
    def value(self) -> str:
        """Path of the signature value."""
        return f"{self.own}/SignedValue.dat"

    @property
    def seal_file(self) -> str:
        """Path of the seal."""
        return f"{self.own}/Seal.esl"


def enter(given: Mapping[str, bytes]) -> Site:
    """Find the place of the next signature.

    Raises TongbanError ``seal-not-possible`` where an earlier signature closed the file, and
    FormatError for a package that cannot be read.
    """
    files = dict(given)
    root = parse(files.get(ROOT, b""), ROOT)
    bodies = children(root.root, "DocBody")
    if len(bodies) != 1:
        raise FormatError("E_FORMAT", f"{len(bodies)} document bodies", ROOT)
    document = _document(root, bodies[0], files)
    pages = only(document.root, "Pages", document.path)
    ids = [page.get("ID") or "" for page in (children(pages, "Page") if pages is not None else [])]
    location = text(only(bodies[0], "Signatures", ROOT))
    if location:
        listing = root.locate(location)
        entries, number = _earlier(listing, files)
    else:
        folder = document.path.rpartition("/")[0]
        listing = f"{folder}/Signs/Signatures.xml" if folder else "Signs/Signatures.xml"
        entry = etree.SubElement(bodies[0], f"{{{namespace(root.root) or NAMESPACE}}}Signatures")
        entry.text = f"/{listing}"
        body = etree.tostring(root.root, encoding="unicode")
        files[ROOT] = (_DECLARATION + body).encode()
        entries, number = "", 0
    own = _free(listing.rpartition("/")[0], files)
    return Site(files, listing, own, number + 1, tuple(ids), entries)


_ROOT_END = b"<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>\n"
_SIGNED_ROOT_END = (
    b"<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot>"
    b"<ofd:Signatures>/Doc_0/Signs/Signatures.xml</ofd:Signatures></ofd:DocBody></ofd:OFD>"
)
_PAGE = re.compile(rb'<ofd:Page ID="(\d{1,9})" BaseLoc="[\w./]{1,99}"/>', re.ASCII)


def enter_plain(given: Mapping[str, bytes]) -> Site | None:
    """Find the place of the first signature in a file as the hub's own writer writes it.

    Does what ``enter`` does without an XML parser; returns None for every other file.
    """
    root, document = given.get(ROOT, b""), given.get("Doc_0/Document.xml", b"")
    head, _, tail = document.partition(b"<ofd:Pages>")
    listed, _, rest = tail.partition(b"</ofd:Pages>")
    pages = _PAGE.findall(listed)
    plain = (
        root.endswith(_ROOT_END)
        and root.count(b"<ofd:DocBody>") == root.count(b"<ofd:DocRoot>") == 1
        and not any(mark in root for mark in (b"<ofd:Signatures", b"<!", b"&#"))
        and not any(mark in head for mark in (b"<ofd:Page ", b"<!"))
        and rest == b"</ofd:Document>\n"
        and pages
        and not _PAGE.sub(b"", listed)
        and not any(path.startswith("Doc_0/Signs") for path in given)
    )
    if not plain:
        return None
    files = {**given, ROOT: root.removesuffix(_ROOT_END) + _SIGNED_ROOT_END}
    signs = "Doc_0/Signs"
    ids = tuple(page.decode() for page in pages)
    return Site(files, f"{signs}/Signatures.xml", f"{signs}/Sign_0", 1, ids, "")


def _document(root: Part, body: etree._Element, files: Mapping[str, bytes]) -> Part:
    path = root.locate(text(only(body, "DocRoot", ROOT)))
    return parse(files.get(path, b""), path)


def _free(base: str, files: Mapping[str, bytes]) -> str:
    prefix = f"{base}/" if base else ""
    taken = {path[len(prefix) :].split("/")[0] for path in files if path.startswith(prefix)}
    number = next(at for at in range(len(files) + 1) if f"Sign_{at}" not in taken)
    return f"{prefix}Sign_{number}"


def _earlier(listing: str, files: Mapping[str, bytes]) -> tuple[str, int]:
    """Return the signatures there are, as XML, and the largest number in use."""
    part = parse(files.get(listing, b""), listing)
    known = [text(only(part.root, "MaxSignId", listing))]
    entries = []
    for item in children(part.root, "Signature"):
        path = part.locate(item.get("BaseLoc") or "")
        signature = parse(files.get(path, b""), path)
        if listing in _covered(signature):
            number = item.get("ID") or ""
            raise TongbanError("seal-not-possible", reason=f"signature {number} closed the file")
        known.append(item.get("ID") or "")
        known += [stamp.get("ID") or "" for stamp in walk(signature.root)]
        told = [(name, item.get(name)) for name in _ENTRY]
        attributes = "".join(f" {name}={quoteattr(value)}" for name, value in told if value)
        entries.append(f"<ofd:Signature{attributes}/>")
    numbers = [int(match[1]) for name in known if (match := _NUMBER.search(name))]
    return "".join(entries), max(numbers, default=0)


def _covered(signature: Part) -> set[str]:
    return {
        signature.locate(item.get("FileRef") or "")
        for item in walk(signature.root)
        if item.get("FileRef")
    }


def enlist(site: Site, kind: Kind, stamps: int) -> None:
    """Write the list with the new signature, which draws so many stamps."""
    site.files[site.listing] = (
        f'{_DECLARATION}<ofd:Signatures xmlns:ofd="{NAMESPACE}">'
        f"<ofd:MaxSignId>{_name(site.number + stamps)}</ofd:MaxSignId>{site.entries}"
        f'<ofd:Signature ID="{_name(site.number)}" Type="{kind}" '
        f"BaseLoc={quoteattr('/' + site.description)}/></ofd:Signatures>"
    ).encode()


def _name(number: int) -> str:
    return f"s{number:03d}"


def stamps(site: Site, placements: Sequence[Placement]) -> str:
    """Return the stamp annotations; raises TongbanError ``seal-not-possible``."""
    if not placements:
        raise TongbanError("seal-not-possible", reason="no place for the seal is given")
    parts: list[str] = []
    for number, placement in enumerate(placements, site.number + 1):
        if not 0 <= placement.page < len(site.pages):
            raise TongbanError("seal-not-possible", reason=f"no page {placement.page}")
        box = (placement.x_mm, placement.y_mm, placement.width_mm, placement.height_mm)
        clip = f' Clip="{_box(placement.clip)}"' if placement.clip else ""
        parts.append(
            f'<ofd:StampAnnot ID="{_name(number)}" '
            f"PageRef={quoteattr(site.pages[placement.page])} "
            f'Boundary="{_box(box)}"{clip}/>'
        )
    return "".join(parts)


def _box(box: Sequence[float]) -> str:
    return " ".join(f"{value:.3f}".rstrip("0").rstrip(".") for value in box)


@lru_cache(maxsize=1024)
def _reference(path: str) -> str:
    return f"<ofd:Reference FileRef={quoteattr('/' + path)}><ofd:CheckValue>"


def _check_value(_path: str, data: bytes) -> str:
    return base64.b64encode(sm3(data)).decode()


def describe(
    site: Site,
    *,
    at: datetime,
    drawn: str = "",
    later: bool,
    with_seal: bool,
    check_value: Callable[[str, bytes], str] = _check_value,
) -> bytes:
    """Return Signature.xml: a digest of every file of the package except itself and its value.

    ``later`` leaves the list of signatures out, so that further ones can be added; ``drawn`` are
    the stamp annotations; ``check_value`` gives the digest of a file to those who know it.
    """
    references = "".join(
        f"{_reference(path)}{check_value(path, data)}</ofd:CheckValue></ofd:Reference>"
        for path, data in site.files.items()
        if not (later and path == site.listing)
    )
    location = escape(f"/{site.seal_file}")
    seal = f"<ofd:Seal><ofd:BaseLoc>{location}</ofd:BaseLoc></ofd:Seal>" if with_seal else ""
    return (
        f'{_DECLARATION}<ofd:Signature xmlns:ofd="{NAMESPACE}"><ofd:SignedInfo>'
        f'<ofd:Provider ProviderName="{OUR_PROVIDER}" Version="{_PROVIDER_VERSION}" '
        f'Company="{OUR_PROVIDER}"/>'
        f"<ofd:SignatureMethod>{by_name(SM2).oid}</ofd:SignatureMethod>"
        f"<ofd:SignatureDateTime>{at.astimezone(UTC):%Y%m%d%H%M%SZ}</ofd:SignatureDateTime>"
        f'<ofd:References CheckMethod="{SM3_OID}">{references}</ofd:References>'
        f"{drawn}{seal}</ofd:SignedInfo>"
        f"<ofd:SignedValue>{escape(f'/{site.value}')}</ofd:SignedValue></ofd:Signature>"
    ).encode()
