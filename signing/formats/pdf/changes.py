"""What changed in a PDF after a signature: the document as signed against the document as it is.

Both are walked side by side from the catalogue, object by object as a viewer reaches them, so that
it does not matter in which way a change was written (new object, freed object, other xref).
"""

from __future__ import annotations

from typing import Any

from signing.formats.errors import FormatError
from signing.formats.pdf.compare import (
    EXTENSION,
    FORM,
    UNDEFINED,
    Changes,
    compare_resources,
    same,
)
from signing.formats.pdf.fields import PARSER_ERRORS, entry, get, items, open_reader
from signing.formats.pdf.forms import compare_annotations, compare_forms, form_fields
from signing.formats.pdf.pages import MAX_PAGES, page_objects
from signing.formats.pdf.unchanged import Unchanged
from signing.formats.pdf.xmp import told

_KINDS = {
    # validation data, and which parts of the standard a reader must know
    **dict.fromkeys(("/DSS", "/Extensions", "/Version"), EXTENSION),
    # how pages are read aloud and presented, what viewers let users do, and what programs read
    **dict.fromkeys(("/StructTreeRoot", "/MarkInfo", "/Lang", "/ViewerPreferences"), FORM),
    **dict.fromkeys(("/Perms", "/PieceInfo"), FORM),
}
"""Kinds of change to entries of the catalogue; to others: undefined."""
HARMLESS_PAGE = frozenset({"/Metadata", "/LastModified", "/PieceInfo"})
WRITTEN_BY_SAVING = frozenset({"/ModDate", "/Producer"})


def since(data: bytes, end: int, now: Any) -> Changes:
    """Compare the revision that ends at ``end`` with the open reader ``now``.

    Raises FormatError ``E_CHANGED_AFTER_SEAL`` when the signed revision cannot be read on its own.
    """
    try:
        then = open_reader(data[:end])
    except FormatError as error:
        detail = "signed revision cannot be read on its own"
        raise FormatError("E_CHANGED_AFTER_SEAL", detail) from error
    try:
        changes = Changes(
            old_pages=_positions(get(then.root, "/Pages")),
            new_pages=_positions(get(now.root, "/Pages")),
            unchanged=Unchanged(then, now, _common_pages(then, now)),
            old_fields=_named(then),
            new_fields=_named(now),
        )
        _root(then.root, now.root, changes)
        _information(then, now, changes)
    except PARSER_ERRORS as error:
        detail = f"revisions cannot be compared: {type(error).__name__}"
        raise FormatError("E_CHANGED_AFTER_SEAL", detail) from error
    return changes


def _named(reader: Any) -> dict[int, str]:
    return {id(item): name for name, item in form_fields(get(reader.root, "/AcroForm")).items()}


def _information(then: Any, now: Any, changes: Changes) -> None:
    """Compare document information, which hangs in the trailer and not below the catalogue."""
    old, new = get(then.trailer_view, "/Info"), get(now.trailer_view, "/Info")
    for key in sorted(new.keys()) if hasattr(new, "keys") else ():
        before = entry(old, key) if hasattr(old, "keys") else None
        if key not in WRITTEN_BY_SAVING and not same(before, entry(new, key), changes):
            changes.add(FORM, f"/Info{key}")


def _kind_of_metadata(old: Any, new: Any) -> str:
    """Every program that saves writes times and its own name; the rest says what the file is."""
    before = told(old)
    return EXTENSION if before is not None and before == told(new) else FORM


def _positions(tree: Any) -> dict[int, int]:
    return {id(page): number for number, page in enumerate(page_objects(tree))}


def _common_pages(then: Any, now: Any) -> frozenset[tuple[int, int]]:
    """Return the references of all pages when both documents have the same ones in order."""
    old, new = (
        [
            (page.container_ref.idnum, page.container_ref.generation)
            for page in page_objects(get(reader.root, "/Pages"))
            if page.container_ref is not None
        ]
        for reader in (then, now)
    )
    return frozenset(new) if old == new else frozenset()


def _root(old: Any, new: Any, changes: Changes) -> None:
    for key in sorted({*old.keys(), *new.keys()}):
        known = changes.unchanged
        before, after = entry(old, key), entry(new, key)
        if key == "/Pages":
            # Always walked: a link to a page counts as unchanged, whatever the page shows.
            _pages(before, after, changes)
        elif known and known.holds(dict.get(old, key), dict.get(new, key)):
            continue
        elif key == "/AcroForm":
            compare_forms(before, after, changes)
        elif not same(before, after, changes):
            kind = _KINDS.get(key, UNDEFINED)
            changes.add(_kind_of_metadata(before, after) if key == "/Metadata" else kind, str(key))


def _pages(old: Any, new: Any, changes: Changes) -> None:
    (before, told_before), (after, told_after) = _leaves(old), _leaves(new)
    if len(before) != len(after):
        changes.add(UNDEFINED, f"{len(before)} pages became {len(after)}")
        return
    if told_before != told_after:
        changes.add(UNDEFINED, "/Pages/Count")
    for number, (one, two) in enumerate(zip(before, after, strict=True)):
        _page(one, two, f"page {number + 1}", changes)


INHERITED = ("/Resources", "/MediaBox", "/CropBox", "/Rotate")


def _leaves(tree: Any) -> tuple[list[dict[str, Any]], list[Any]]:
    """Return the pages in order, each with what it inherits, and the counts that the tree gives.

    Viewers find a page by the counts: a wrong one hides pages.
    """
    pages: list[dict[str, Any]] = []
    counts: list[Any] = []
    branches: set[int] = set()
    stack: list[tuple[Any, dict[str, Any], int]] = [(tree, {}, 0)]
    while stack:
        node, inherited, depth = stack.pop()
        if not hasattr(node, "keys") or id(node) in branches or depth > 64:
            continue
        own = {**inherited, **{key: entry(node, key) for key in INHERITED if key in node}}
        kids = entry(node, "/Kids")
        if kids is None:
            entries = {key: entry(node, key) for key in node if key not in ("/Parent", "/Type")}
            pages.append({**own, **entries})
        else:
            branches.add(id(node))
            counts.append(entry(node, "/Count"))
            stack += [(kid, own, depth + 1) for kid in reversed(items(kids))]
        if len(pages) > MAX_PAGES:
            raise ValueError("too many pages")
    return pages, counts


def _page(old: dict[str, Any], new: dict[str, Any], place: str, changes: Changes) -> None:
    for key in sorted({*old, *new}):
        before, after = old.get(key), new.get(key)
        if key == "/Annots":
            compare_annotations(items(before), items(after), place, changes)
        elif key == "/Resources":
            compare_resources(before, after, f"{place}/Resources", changes)
        elif not same(before, after, changes):
            changes.add(FORM if key in HARMLESS_PAGE else UNDEFINED, f"{place}{key}")
