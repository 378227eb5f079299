"""What changed in a PDF after a signature: the document as signed against the document as it is.

Both are walked side by side from the catalogue, object by object as a viewer reaches them, so that
it does not matter in which way a change was written (new object, freed object, other xref).
"""

from __future__ import annotations

from typing import Any

from signing.formats.errors import FormatError
from signing.formats.pdf.compare import Changes, same
from signing.formats.pdf.fields import (
    PARSER_ERRORS,
    entry,
    get,
    items,
    open_reader,
)
from signing.formats.pdf.pages import MAX_PAGES, page_objects
from signing.formats.pdf.unchanged import Unchanged

EXTENSION, SIGNED, FORM = "extension", "signed", "form"
ANNOTATION, UNDEFINED = "annotation", "undefined"

HARMLESS_ROOT = frozenset({"/DSS", "/Extensions", "/Metadata", "/Version", "/Perms", "/PieceInfo"})
"""Validation data, and data that no viewer draws."""
TAGGING_ROOT = frozenset({"/StructTreeRoot", "/MarkInfo", "/Lang", "/ViewerPreferences"})
HARMLESS_PAGE = frozenset({"/Metadata", "/LastModified", "/PieceInfo"})
FIELD_VALUE = frozenset({"/V", "/AP", "/AS", "/M", "/DA", "/MK", "/DV", "/F", "/Ff", "/Q", "/I"})


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
        )
        _root(then.root, now.root, changes)
    except PARSER_ERRORS as error:
        detail = f"revisions cannot be compared: {type(error).__name__}"
        raise FormatError("E_CHANGED_AFTER_SEAL", detail) from error
    return changes


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
        if key == "/Pages":
            # Always walked: a link to a page counts as unchanged, whatever the page shows.
            _pages(entry(old, key), entry(new, key), changes)
        elif known and known.holds(dict.get(old, key), dict.get(new, key)):
            continue
        elif key in HARMLESS_ROOT:
            if not same(entry(old, key), entry(new, key), changes):
                changes.add(EXTENSION, key)
        elif key in TAGGING_ROOT:
            if not same(entry(old, key), entry(new, key), changes):
                changes.add(FORM, key)
        elif key == "/AcroForm":
            _form(entry(old, key), entry(new, key), changes)
        elif not same(entry(old, key), entry(new, key), changes):
            changes.add(UNDEFINED, str(key))


def _form(old: Any, new: Any, changes: Changes) -> None:
    if new is None:
        if old is not None:
            changes.add(UNDEFINED, "/AcroForm removed")
        return
    before = _fields(old)
    after = _fields(new)
    for name in before:
        if name not in after:
            changes.add(UNDEFINED, f"field {name} removed")
    for name, value in after.items():
        if name in before:
            _field(before[name], value, name, changes)
        elif _field_type(value) == "/Sig":
            signed = entry(value, "/V")
            real = signed is not None and not _is_time_stamp(signed)
            changes.add(SIGNED if real else EXTENSION, f"field {name} added")
        else:
            changes.add(UNDEFINED, f"field {name} added")
    for key in sorted({*(old.keys() if old is not None else ()), *new.keys()}):
        harmless = ("/Fields", "/SigFlags", "/DR", "/DA", "/NeedAppearances")
        if key not in harmless and not same(
            entry(old, key) if old is not None else None, entry(new, key), changes
        ):
            changes.add(UNDEFINED, f"/AcroForm{key}")


def _fields(form: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    stack = [(item, "", 0) for item in items(entry(form, "/Fields") if form is not None else None)]
    while stack:
        item, prefix, depth = stack.pop()
        if depth > 24 or len(found) > 5000 or not hasattr(item, "keys"):
            continue
        own = entry(item, "/T")
        name = f"{prefix}.{own}" if own is not None and prefix else str(own or prefix)
        while name in found:
            name += "'"
        found[name] = item
        stack += [(kid, name, depth + 1) for kid in items(entry(item, "/Kids"))]
    return found


def _field_type(item: Any) -> Any:
    for _ in range(24):
        kind = entry(item, "/FT")
        if kind is not None:
            return kind
        item = entry(item, "/Parent")
        if item is None:
            return None
    return None


def _field(old: Any, new: Any, name: str, changes: Changes) -> None:
    signature = _field_type(new) == "/Sig"
    for key in sorted({*old.keys(), *new.keys()}):
        if key in ("/Kids", "/Parent", "/P"):
            continue
        if changes.unchanged and changes.unchanged.holds(dict.get(old, key), dict.get(new, key)):
            continue
        before, after = entry(old, key), entry(new, key)
        if same(before, after, changes):
            continue
        if signature:
            _signature_field(old, key, (before, after), name, changes)
        elif key == "/AP" and same(_value(old), _value(new), changes):
            # A look that changes while the value stays shows what nobody entered.
            changes.add(UNDEFINED, f"field {name} looks different with the same value")
        else:
            changes.add(FORM if key in FIELD_VALUE else UNDEFINED, f"field {name}{key}")


def _signature_field(
    old: Any, key: str, values: tuple[Any, Any], name: str, changes: Changes
) -> None:
    if key == "/V":
        if values[0] is not None:
            changes.add(UNDEFINED, f"signature {name} replaced")
        else:
            changes.add(EXTENSION if _is_time_stamp(values[1]) else SIGNED, f"field {name}")
    elif entry(old, "/V") is None and key in FIELD_VALUE | {"/Lock", "/SV"}:
        changes.add(EXTENSION, f"signature {name}{key}")
    else:
        changes.add(UNDEFINED, f"field {name}{key}")


def _is_time_stamp(value: Any) -> bool:
    if value is None or not hasattr(value, "keys"):
        return False
    return str(entry(value, "/Type")) == "/DocTimeStamp" or (
        str(entry(value, "/SubFilter")) == "/ETSI.RFC3161"
    )


def _value(item: Any) -> Any:
    for _ in range(24):
        found = entry(item, "/V")
        if found is not None:
            return found
        item = entry(item, "/Parent")
        if item is None:
            return None
    return None


def _pages(old: Any, new: Any, changes: Changes) -> None:
    before, after = _leaves(old), _leaves(new)
    if len(before) != len(after):
        changes.add(UNDEFINED, f"{len(before)} pages became {len(after)}")
        return
    for number, (one, two) in enumerate(zip(before, after, strict=True)):
        _page(one, two, f"page {number + 1}", changes)


INHERITED = ("/Resources", "/MediaBox", "/CropBox", "/Rotate")


def _leaves(tree: Any) -> list[dict[str, Any]]:
    """Return the pages in order, each with what it inherits."""
    pages: list[dict[str, Any]] = []
    seen: set[int] = set()
    stack: list[tuple[Any, dict[str, Any], int]] = [(tree, {}, 0)]
    while stack:
        node, inherited, depth = stack.pop()
        if not hasattr(node, "keys") or id(node) in seen or depth > 64:
            continue
        seen.add(id(node))
        own = {**inherited, **{key: entry(node, key) for key in INHERITED if key in node}}
        kids = entry(node, "/Kids")
        if kids is None:
            entries = {key: entry(node, key) for key in node if key not in ("/Parent", "/Type")}
            pages.append({**own, **entries})
        else:
            stack += [(kid, own, depth + 1) for kid in reversed(items(kids))]
        if len(pages) > MAX_PAGES:
            raise ValueError("too many pages")
    return pages


def _page(old: dict[str, Any], new: dict[str, Any], place: str, changes: Changes) -> None:
    for key in sorted({*old, *new}):
        before, after = old.get(key), new.get(key)
        if key == "/Annots":
            _annotations(items(before), items(after), place, changes)
        elif key == "/Resources":
            _resources(before, after, place, changes)
        elif not same(before, after, changes):
            changes.add(FORM if key in HARMLESS_PAGE else UNDEFINED, f"{place}{key}")


def _resources(old: Any, new: Any, place: str, changes: Changes) -> None:
    """Names may be added (a seal's font), never changed or removed: the page would change."""
    if same(old, new, changes):
        return
    if new is None:
        changes.add(UNDEFINED, f"{place}/Resources")
        return
    for key in sorted({*(old.keys() if old is not None else ()), *new.keys()}):
        before, after = entry(old, key) if old is not None else None, entry(new, key)
        if same(before, after, changes):
            continue
        if key == "/ProcSet":
            continue
        if before is not None and _kept(before, after, changes):
            changes.add(FORM, f"{place}/Resources{key} added to")
        elif before is None:
            changes.add(FORM, f"{place}/Resources{key} added")
        else:
            changes.add(UNDEFINED, f"{place}/Resources{key}")


def _kept(before: Any, after: Any, changes: Changes) -> bool:
    """Tell whether every name of one dictionary stands unchanged in the other."""
    return (
        hasattr(before, "keys")
        and hasattr(after, "keys")
        and all(
            name in after and same(entry(before, name), entry(after, name), changes)
            for name in before
        )
    )


def _annotations(old: list[Any], new: list[Any], place: str, changes: Changes) -> None:
    before = list(old)
    for annotation in new:
        match = next((item for item in before if _same_annotation(item, annotation, changes)), None)
        if match is not None:
            before.remove(match)
            continue
        subtype = entry(annotation, "/Subtype") if hasattr(annotation, "keys") else None
        if subtype == "/Widget":
            kind = _field_type(annotation)
            changes.add(EXTENSION if kind == "/Sig" else FORM, f"{place} widget")
        else:
            changes.add(ANNOTATION, f"{place} annotation {subtype}")
    for annotation in before:
        subtype = entry(annotation, "/Subtype") if hasattr(annotation, "keys") else None
        kept = subtype == "/Widget" and any(
            str(entry(item, "/T")) == str(entry(annotation, "/T"))
            for item in new
            if hasattr(item, "keys")
        )
        if not kept:
            changes.add(UNDEFINED, f"{place} annotation {subtype} removed")


def _same_annotation(old: Any, new: Any, changes: Changes) -> bool:
    if not (hasattr(old, "keys") and hasattr(new, "keys")):
        return False
    skip = {"/P", "/Parent"}
    keys = ({*old.keys()} | {*new.keys()}) - skip
    return all(same(entry(old, key), entry(new, key), changes) for key in keys)
