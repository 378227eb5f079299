"""Comparing two values of two revisions with everything below them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from signing.formats.pdf.fields import entry, members
from signing.formats.pdf.unchanged import Unchanged

MAX_PAIRS = 3_000_000


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
            equal = old.encoded_data == new.encoded_data or old.data == new.data
        if not equal:
            while pair in changes.seen:
                changes.seen.popitem()
        return equal
    if isinstance(old, ArrayObject) and isinstance(new, ArrayObject):
        return _same_array(old, new, changes)
    return type(old) is type(new) and bool(old == new)


def _same_array(old: Any, new: Any, changes: Changes) -> bool:
    if len(old) != len(new):
        return False
    known = changes.unchanged
    raw = list(zip(list.__iter__(old), list.__iter__(new), strict=True))
    if known is not None and all(known.holds(one, two) for one, two in raw):
        return True
    return all(same(a, b, changes) for a, b in zip(members(old), members(new), strict=True))


def _same_dictionary(old: Any, new: Any, changes: Changes) -> bool:
    skip = {"/Parent", "/P", "/Length", "/Filter", "/DecodeParms"}
    if "/TransformMethod" in old:
        skip.add("/Data")  # names the whole document
    if isinstance(dict.get(old, "/P"), int) or isinstance(dict.get(new, "/P"), int):
        skip.discard("/P")  # a permission, not a link to the page
    if {*old.keys()} - skip != {*new.keys()} - skip:
        return False
    known = changes.unchanged
    return all(
        (known is not None and known.holds(dict.get(old, key), dict.get(new, key)))
        or same(entry(old, key), entry(new, key), changes)
        for key in old
        if key not in skip
    )
