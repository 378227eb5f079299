"""What changed in a form, and in the annotations of the pages that show it.

A widget is part of a field only where the form itself leads to it. One that merely calls itself a
field's is an annotation like any other, and may show anything.
"""

from __future__ import annotations

from typing import Any

from signing.formats.pdf.compare import (
    ANNOTATION,
    EXTENSION,
    FORM,
    SIGNED,
    UNDEFINED,
    Changes,
    Kinds,
    compare_resources,
    same,
)
from signing.formats.pdf.fields import entry, items

MAX_DEPTH, MAX_FIELDS = 24, 5000
FIELD_VALUE = frozenset({"/V", "/AP", "/AS", "/M", "/DA", "/MK", "/DV", "/F", "/Ff", "/Q", "/I"})
_OF_SIGNING = FIELD_VALUE | {"/Lock", "/SV"}
_OF_FORM = Kinds(added=EXTENSION, changed={"/XObject": FORM})
"""Fields are drawn anew with these fonts, whereas pictures are kept here by no more than habit."""
_HIDDEN = 2
"""Flag of an annotation that is neither shown nor printed (ISO 32000-2 table 167)."""


def form_fields(form: Any) -> dict[str, Any]:
    """Return the fields and their widgets by full name; further widgets of one get a prime each."""
    found: dict[str, Any] = {}
    stack = [(item, "", 0) for item in items(entry(form, "/Fields") if form is not None else None)]
    while stack:
        item, prefix, depth = stack.pop()
        if depth > MAX_DEPTH or len(found) > MAX_FIELDS or not hasattr(item, "keys"):
            continue
        own = entry(item, "/T")
        name = f"{prefix}.{own}" if own is not None and prefix else str(own or prefix)
        while name in found:
            name += "'"
        found[name] = item
        stack += [(kid, name, depth + 1) for kid in items(entry(item, "/Kids"))]
    return found


def compare_forms(old: Any, new: Any, changes: Changes) -> None:
    """Compare two interactive forms (``/AcroForm``), either of which may be missing."""
    if new is None:
        if old is not None:
            changes.add(UNDEFINED, "/AcroForm removed")
        return
    before, after = form_fields(old), form_fields(new)
    for name in before:
        if name not in after:
            changes.add(UNDEFINED, f"field {name} removed")
    for name, item in after.items():
        if name in before:
            _field(before[name], item, name, changes)
        else:
            kind = _kind_of_seal(item) if _field_type(item) == "/Sig" else UNDEFINED
            changes.add(kind, f"field {name} added")
    for key in sorted({*(old.keys() if old is not None else ()), *new.keys()}):
        _entry(entry(old, key) if old is not None else None, entry(new, key), key, changes)


def _entry(old: Any, new: Any, key: str, changes: Changes) -> None:
    if key in ("/Fields", "/SigFlags") or same(old, new, changes):
        return
    if key == "/DR":
        compare_resources(old, new, "/AcroForm/DR", changes, _OF_FORM)
    else:
        known = key in ("/DA", "/NeedAppearances")
        changes.add(FORM if known else UNDEFINED, f"/AcroForm{key}")


def _inherited(item: Any, key: str) -> Any:
    """Return an entry of a field, or of the nearest field above that has one."""
    for _ in range(MAX_DEPTH):
        found = entry(item, key)
        if found is not None:
            return found
        item = entry(item, "/Parent")
        if item is None:
            return None
    return None


def _field_type(item: Any) -> Any:
    return _inherited(item, "/FT")


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
        place = f"field {name}{key}"
        if signature:
            changes.add(_kind_of_signing(old, new, key), place)
        elif key == "/AP" and same(_inherited(old, "/V"), _inherited(new, "/V"), changes):
            # A look that changes while the value stays shows what nobody entered.
            changes.add(UNDEFINED, f"field {name} looks different with the same value")
        else:
            changes.add(FORM if key in FIELD_VALUE else UNDEFINED, place)
            changes.filled[name.rstrip("'")] = None


def _kind_of_signing(old: Any, new: Any, key: str) -> str:
    """Return the kind of a change to a signature field: what is signed may not change at all."""
    unsigned = _inherited(old, "/V") is None
    return _kind_of_seal(new) if unsigned and key in _OF_SIGNING else UNDEFINED


def _kind_of_seal(item: Any) -> str:
    """Return the kind of a signature field that is new or newly filled.

    Only a time stamp that shows nothing extends a document; whatever is drawn may say anything.
    """
    signed, drawn = _inherited(item, "/V"), is_drawn(item)
    if signed is None:
        return ANNOTATION if drawn else FORM
    return EXTENSION if _is_time_stamp(signed) and not drawn else SIGNED


def is_drawn(item: Any) -> bool:
    """Tell whether a widget takes up room on a page and is not hidden."""
    flags = entry(item, "/F")
    if isinstance(flags, int) and flags & _HIDDEN:
        return False
    corners = items(entry(item, "/Rect"))
    try:
        left, bottom, right, top = (float(corner) for corner in corners)
    except (TypeError, ValueError):
        return bool(corners)
    return left != right and bottom != top


def _is_time_stamp(value: Any) -> bool:
    if value is None or not hasattr(value, "keys"):
        return False
    return str(entry(value, "/Type")) == "/DocTimeStamp" or (
        str(entry(value, "/SubFilter")) == "/ETSI.RFC3161"
    )


def compare_annotations(old: list[Any], new: list[Any], place: str, changes: Changes) -> None:
    """Compare the annotations of one page; how a field's widget changed is the form's to say."""
    gone = list(old)
    moved: dict[str, Any] = {}
    for annotation in new:
        places = range(len(gone))
        match = next((at for at in places if _same(gone[at], annotation, changes)), None)
        if match is not None:
            del gone[match]
        elif (name := changes.new_fields.get(id(annotation))) is not None:
            moved[name] = annotation
        else:
            changes.add(ANNOTATION, f"{place} annotation {_subtype(annotation)}")
    here = {changes.old_fields.get(id(annotation)) for annotation in gone}
    for name, annotation in moved.items():
        if name not in here and name in changes.old_fields.values():
            kind = ANNOTATION if is_drawn(annotation) else EXTENSION
            changes.add(kind, f"{place} shows field {name}")
    for annotation in gone:
        if changes.old_fields.get(id(annotation)) not in moved:
            changes.add(UNDEFINED, f"{place} annotation {_subtype(annotation)} removed")


def _subtype(annotation: Any) -> Any:
    return entry(annotation, "/Subtype") if hasattr(annotation, "keys") else None


def _same(old: Any, new: Any, changes: Changes) -> bool:
    if not (hasattr(old, "keys") and hasattr(new, "keys")):
        return False
    keys = {*old.keys(), *new.keys()} - {"/P", "/Parent"}
    return all(same(entry(old, key), entry(new, key), changes) for key in keys)
