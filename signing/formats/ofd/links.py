"""Which files of a package the document itself uses, and where its pages are."""

from __future__ import annotations

from contextlib import suppress

from signing.formats.errors import FormatError
from signing.formats.ofd.package import Package
from signing.formats.ofd.xml import Element, Part, children, local, only, parse, text, walk
from signing.formats.pool import Notes

LONGEST_LOCATION = 512
Box = tuple[float, float, float, float]


def linked(package: Package) -> frozenset[str]:
    """Return every file that some XML of the package points to, and OFD.xml itself.

    Any attribute or text that resolves to an existing file counts, whatever the element: vendors
    invent elements, and a page that is displayed through one is still displayed.
    """
    found = {"OFD.xml"}
    for path, data in package.files.items():
        if path.lower().endswith(".xml"):
            with suppress(FormatError):
                found |= _targets(parse(data, path), package)
    return frozenset(found)


def _targets(part: Part, package: Package) -> set[str]:
    found: set[str] = set()
    if local(part.root) == "DocEntries":  # names every file, uses none
        return found
    base = part.root.get("BaseLoc") or ""
    for element in walk(part.root):
        if local(element) == "Reference":
            continue
        for value in (element.text or "", *element.attrib.values()):
            location = value.strip()
            if not location or len(location) > LONGEST_LOCATION or "." not in location:
                continue
            for candidate in (location, f"{base}/{location}"):
                with suppress(FormatError):
                    path = part.locate(candidate)
                    if path in package.files:
                        found.add(path)
    return found


def note_drawn_stamps(package: Package, notes: Notes) -> None:
    """Note stamps that are drawn as annotations: they look like seals and prove nothing."""
    for path, data in package.files.items():
        if b"Stamp" not in data or not path.lower().endswith(".xml"):
            continue
        with suppress(FormatError):
            root = parse(data, path).root
            drawn = (item for item in walk(root) if local(item) == "Annot")
            if local(root) == "PageAnnot" and any(item.get("Type") == "Stamp" for item in drawn):
                notes.add("E_FAKE_STAMP_IMAGE", path)


def page_ids(package: Package) -> dict[str, Box | None]:
    """Return page ids with their physical box in mm (x, y, width, height), None where unknown."""
    pages: dict[str, Box | None] = {}
    with suppress(FormatError):
        root = parse(package.files.get("OFD.xml", b""), "OFD.xml")
        for body in children(root.root, "DocBody"):
            location = text(only(body, "DocRoot", root.path))
            data = package.get(root.locate(location)) if location else None
            if data is not None:
                pages |= _pages(parse(data, root.locate(location)), package)
    return pages


def _pages(document: Part, package: Package) -> dict[str, Box | None]:
    common = only(document.root, "CommonData", document.path)
    default = _box(common, "PageArea", document.path)
    listed = only(document.root, "Pages", document.path)
    pages: dict[str, Box | None] = {}
    for page in children(listed, "Page") if listed is not None else []:
        own: Box | None = None
        with suppress(FormatError):
            path = document.locate(page.get("BaseLoc") or "")
            data = package.get(path)
            own = _box(parse(data, path).root, "Area", path) if data is not None else None
        pages[page.get("ID") or ""] = own or default
    return pages


def _box(element: Element | None, name: str, path: str) -> Box | None:
    area = only(element, name, path) if element is not None else None
    box = text(only(area, "PhysicalBox", path)) if area is not None else ""
    try:
        x, y, width, height = (float(item) for item in box.split())
    except ValueError:
        return None
    return x, y, width, height
