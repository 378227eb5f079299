"""Comparing two values of two revisions with everything below them, and naming what differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from signing.formats.pdf.fields import entry, members
from signing.formats.pdf.unchanged import Unchanged

MAX_PAIRS = 3_000_000

EXTENSION, SIGNED, FORM = "extension", "signed", "form"
ANNOTATION, UNDEFINED = "annotation", "undefined"

_NUMBERS = (int, Decimal)
_CODING = ("/Filter", "/DecodeParms")
_UPWARD = ("/Parent", "/P")
"""Links upward, where they are links: ``/P`` is also a permission and a prefix of page labels."""


@dataclass(slots=True)
class Changes:
    """Kinds of change with the places where they were seen."""

    places: dict[str, list[str]] = field(default_factory=dict)
    pairs: int = 0
    seen: dict[tuple[int, int], None] = field(default_factory=dict)
    """Pairs found or assumed equal, in order; a failure takes back all that rested on it."""
    old_pages: dict[int, int] = field(default_factory=dict)
    new_pages: dict[int, int] = field(default_factory=dict)
    """Page objects by identity to their position: a link to a page is equal when that is."""
    old_fields: dict[int, str] = field(default_factory=dict)
    new_fields: dict[int, str] = field(default_factory=dict)
    """Fields and their widgets by identity to the name that the form gives them."""
    filled: dict[str, None] = field(default_factory=dict)
    """Names of fields, not signatures, that were filled in or look different now."""
    unchanged: Unchanged | None = None

    def add(self, kind: str, place: str) -> None:
        """Note a change; a few places of each kind are enough for a report."""
        found = self.places.setdefault(kind, [])
        if place not in found and len(found) < 20:
            found.append(place)

    def of(self, kind: str) -> list[str]:
        """Return the places of one kind."""
        return self.places.get(kind, [])


def same(old: Any, new: Any, changes: Changes) -> bool:
    """Compare two values with everything below them; cycles and /Parent links end the walk."""
    from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, StreamObject

    changes.pairs += 1
    if changes.pairs > MAX_PAIRS:
        raise ValueError("document is too large to compare")
    if isinstance(old, DictionaryObject) and isinstance(new, DictionaryObject):
        pair = (id(old), id(new))
        if pair[0] in changes.old_pages:
            return changes.old_pages[pair[0]] == changes.new_pages.get(pair[1])
        if pair in changes.seen:
            return True
        changes.seen[pair] = None
        equal = isinstance(old, StreamObject) is isinstance(new, StreamObject)
        equal = equal and _same_dictionary(old, new, changes)
        if equal and isinstance(old, StreamObject):
            equal = _same_stream(old, new, changes)
        if not equal:
            while pair in changes.seen:
                changes.seen.popitem()
        return equal
    if isinstance(old, ArrayObject) and isinstance(new, ArrayObject):
        return _same_array(old, new, changes)
    # 1 and 1.0 are one number in two spellings (ISO 32000-2 clause 7.3.3).
    numbers = isinstance(old, _NUMBERS) and isinstance(new, _NUMBERS)
    return (numbers or type(old) is type(new)) and bool(old == new)


def _same_stream(old: Any, new: Any, changes: Changes) -> bool:
    """Equal octets say the same only where they are decoded in the same way."""
    alike = all(same(entry(old, key), entry(new, key), changes) for key in _CODING)
    return bool((alike and old.encoded_data == new.encoded_data) or old.data == new.data)


def _same_array(old: Any, new: Any, changes: Changes) -> bool:
    if len(old) != len(new):
        return False
    known = changes.unchanged
    raw = list(zip(list.__iter__(old), list.__iter__(new), strict=True))
    if known is not None and all(known.holds(one, two) for one, two in raw):
        return True
    return all(same(a, b, changes) for a, b in zip(members(old), members(new), strict=True))


def _same_dictionary(old: Any, new: Any, changes: Changes) -> bool:
    from pyhanko.pdf_utils.generic import StreamObject

    skip = {"/Length", *_CODING} if isinstance(old, StreamObject) else set()
    if "/TransformMethod" in old:
        skip.add("/Data")  # names the whole document
    skip |= {key for key in _UPWARD if _leads_up(old, key) and _leads_up(new, key)}
    if {*old.keys()} - skip != {*new.keys()} - skip:
        return False
    known = changes.unchanged
    return all(
        (known is not None and known.holds(dict.get(old, key), dict.get(new, key)))
        or same(entry(old, key), entry(new, key), changes)
        for key in old
        if key not in skip
    )


def _leads_up(item: Any, key: str) -> bool:
    found = entry(item, key) if key in item else None
    return found is None or hasattr(found, "keys")


@dataclass(frozen=True, slots=True)
class Kinds:
    """Kinds of change to resources: names ``added``, and ``changed`` by category of resource."""

    added: str = FORM
    changed: Mapping[str, str] = field(default_factory=dict)


OF_PAGE = Kinds()


def compare_resources(
    old: Any, new: Any, place: str, changes: Changes, kinds: Kinds = OF_PAGE
) -> None:
    """Names may be added (a seal's font); changed or removed, what is drawn with them changes."""
    if same(old, new, changes):
        return
    if new is None:
        changes.add(UNDEFINED, place)
        return
    for key in sorted({*(old.keys() if old is not None else ()), *new.keys()}):
        before, after = entry(old, key) if old is not None else None, entry(new, key)
        if key == "/ProcSet" or same(before, after, changes):
            continue
        kept = before is None or _kept(before, after, changes)
        kind = kinds.added if kept else kinds.changed.get(key, UNDEFINED)
        changes.add(kind, f"{place}{key}")


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
