"""OFD's XML: parsed without DTD, entities, network or surprise; and locations inside a package."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree

from signing.formats.errors import FormatError

NAMESPACE = "http://www.ofdspec.org/2016"
NAMESPACE_ROOT = "http://www.ofdspec.org"
XINCLUDE = b"http://www.w3.org/2001/XInclude"
MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 64
MAX_ELEMENTS = 200_000
MAX_ATTRIBUTE = 64 * 1024
_DTD = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)

Element = etree._Element  # noqa: SLF001 - lxml gives its element type no public name


@dataclass(frozen=True, slots=True)
class Part:
    """One parsed XML file of the package and the path it came from."""

    path: str
    root: Element

    def locate(self, location: str) -> str:
        """Return the package path of a location (ST_Loc) written in this file."""
        return locate(location, posixpath.dirname(self.path))


def check_bytes(data: bytes, path: str) -> None:
    """Refuse what no parser should even see: DTDs, XInclude, over-long or wide encodings."""
    if len(data) > MAX_BYTES:
        raise FormatError("E_XML_LIMITS", "XML file is too long", path)
    if _DTD.search(data) or XINCLUDE in data:
        raise FormatError("E_XML_DTD", "DTD, entity or XInclude", path)
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in data[:256]:
        raise FormatError("E_XML_LIMITS", "encoding other than UTF-8", path)


def parse(data: bytes, path: str) -> Part:
    """Parse one XML file; raises FormatError (E_XML_DTD, E_XML_LIMITS, E_FORMAT)."""
    check_bytes(data, path)
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise FormatError("E_FORMAT", "XML is not well-formed", path) from error
    if str(root.getroottree().docinfo.doctype or ""):  # type: ignore[union-attr] # stub lacks it
        raise FormatError("E_XML_DTD", "DTD", path)
    _check_limits(root, len(data), path)
    return Part(path, root)


_COUNT: Any = etree.XPath("count(//*)")
_TOO_DEEP: Any = etree.XPath(f"boolean(//*[count(ancestor::*) >= {MAX_DEPTH}])")


def _check_limits(root: Element, size: int, path: str) -> None:
    if _COUNT(root) > MAX_ELEMENTS or _TOO_DEEP(root):
        raise FormatError("E_XML_LIMITS", "too many or too deeply nested elements", path)
    if size > MAX_ATTRIBUTE and any(
        len(value) > MAX_ATTRIBUTE for element in walk(root) for value in element.attrib.values()
    ):
        raise FormatError("E_XML_LIMITS", "attribute is too long", path)


def local(element: Element) -> str:
    """Return an element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def namespace(element: Element) -> str:
    """Return an element's namespace, empty for none."""
    return str(element.tag).rpartition("}")[0][1:]


def children(element: Element, name: str) -> list[Element]:
    """Return the child elements of one local name; namespaces vary between vendors."""
    return [child for child in element if local(child) == name]


def only(element: Element, name: str, path: str) -> Element | None:
    """Return the one child of that name or None; two of them are ambiguous (E_XML_AMBIGUOUS)."""
    found = children(element, name)
    if len(found) > 1:
        raise FormatError("E_XML_AMBIGUOUS", f"two elements {name}", path)
    return found[0] if found else None


def text(element: Element | None) -> str:
    """Return an element's own text without white space around, empty for none."""
    return (element.text or "").strip() if element is not None else ""


def walk(element: Element) -> Iterator[Element]:
    """Yield the element and all below it in document order."""
    yield from element.iter(etree.Element)


def locate(location: str, folder: str) -> str:
    """Resolve a location to a package path; raises FormatError ``E_REF_PATH_ESCAPE``."""
    plain = location.strip()
    if "\\" in plain or "\x00" in plain or re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", plain):
        raise FormatError("E_REF_PATH_ESCAPE", "location is no package path", plain[:200])
    steps: list[str] = [] if plain.startswith("/") or not folder else folder.split("/")
    for step in plain.split("/"):
        if step in ("", "."):
            continue
        if step == "..":
            if not steps:
                raise FormatError("E_REF_PATH_ESCAPE", "location climbs out", plain[:200])
            steps.pop()
        else:
            steps.append(step)
    return "/".join(steps)
