"""Which objects cannot have changed between two revisions, told without reading the old ones.

An object whose place in the file is the same in both is the same bytes. When that holds for
everything it leads to as well, nothing below it needs to be compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from signing.formats.pdf.fields import PARSER_ERRORS

MAX_CLOSURE = 4000
SKIPPED = frozenset({"/Parent", "/P"})
"""Links upward: every part of a document hangs together through them."""


@dataclass(slots=True)
class Unchanged:
    """Answers for one pair of open readers; ``pages`` are page references equal in both."""

    then: Any
    now: Any
    pages: frozenset[tuple[int, int]]
    known: set[tuple[int, int]] = field(default_factory=set)
    moved: set[tuple[int, int]] = field(default_factory=set)

    def holds(self, old: Any, new: Any) -> bool:
        """Tell whether two raw values are one reference to something that cannot have changed."""
        from pyhanko.pdf_utils.generic import IndirectObject

        if not (isinstance(old, IndirectObject) and isinstance(new, IndirectObject)):
            return False
        key = (new.idnum, new.generation)
        return (old.idnum, old.generation) == key and self._closed(key, new)

    def _closed(self, key: tuple[int, int], start: Any) -> bool:
        closure: set[tuple[int, int]] = set()
        stack = [(key, start)]
        while stack:
            here, reference = stack.pop()
            if here in closure or here in self.known or here in self.pages:
                continue
            if here in self.moved or len(closure) > MAX_CLOSURE or not self._same_place(reference):
                self.moved.add(here)
                return False
            closure.add(here)
            try:
                target = reference.get_object()
            except PARSER_ERRORS:
                return False
            stack += [((item.idnum, item.generation), item) for item in references(target)]
        self.known |= closure
        return True

    def _same_place(self, reference: Any) -> bool:
        from pyhanko.pdf_utils.generic import Reference

        try:
            ref = Reference(reference.idnum, reference.generation)
            old, new = self.then.xrefs[ref], self.now.xrefs[ref]
            if old is None or old != new:
                return False
            stream = getattr(new, "obj_stream_id", None)
            if stream is None:
                return isinstance(new, int)
            holder = Reference(stream, 0)
            place = self.now.xrefs[holder]
            return isinstance(place, int) and self.then.xrefs[holder] == place
        except PARSER_ERRORS:
            return False


def references(value: Any) -> Iterator[Any]:
    """Yield the references that stand directly in a value, upward links left out."""
    from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, IndirectObject

    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, IndirectObject):
            yield item
        elif isinstance(item, DictionaryObject):
            stack += [part for key, part in dict.items(item) if key not in SKIPPED]
        elif isinstance(item, ArrayObject):
            stack += list.__iter__(item)
