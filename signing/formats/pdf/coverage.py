"""What a signature does not cover: later bytes, and which later changes its author permits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from signing.formats.pdf import changes
from signing.formats.pdf.compare import ANNOTATION, FORM, SIGNED, UNDEFINED
from signing.formats.pdf.fields import Found, get, items
from signing.formats.pool import Notes

_LEAST_LEVEL = {
    UNDEFINED: 99,
    ANNOTATION: 3,
    SIGNED: 2,
    FORM: 2,
}
"""Kind of change to the DocMDP level that allows it (ISO 32000-2 table 257); 99: none does."""
UNRESTRICTED, FORMS = 3, 2
_ENDING = re.compile(rb"startxref\s+\d+(?:\s+%%EOF)?")
_OBJECTS = re.compile(rb"\d\s+obj\b|\bxref\b|\btrailer\b")


def check(data: bytes, reader: Any, found: Found, end: int, notes: Notes) -> None:
    """Note what happened to the file after ``end``, where the signature's cover ends.

    Raises FormatError where the two cannot be compared.
    """
    if end == len(data):
        return
    tail, path = data[end:], found.name
    if not tail.strip(b"\x00 \t\r\n"):
        notes.add("E_UNCOVERED_FILE", path, f"{len(tail)} blank bytes at the end")
        return
    loose = _loose(data, end)
    if _OBJECTS.search(loose):
        # Readers that look for objects themselves would show what this one cannot see.
        notes.add("E_CHANGED_AFTER_SEAL", path, "objects at the end that no table lists")
        return
    if loose:
        notes.add("E_UNCOVERED_FILE", path, f"{len(loose)} bytes after the end of the document")
    seen = changes.since(data, end, reader)
    if not seen.places:
        notes.add("E_UNCOVERED_FILE", path, f"{len(tail)} bytes at the end that change nothing")
    allowed = permitted(found)
    for kind, least in _LEAST_LEVEL.items():
        code = "W_CHANGED_AFTER_SEAL" if allowed.level >= least else "E_CHANGED_AFTER_SEAL"
        for place in seen.of(kind):
            notes.add(code, path, place)
    for name in seen.filled:
        if allowed.locks(name):
            notes.add("E_LOCKED_FIELD", path, name)


def _loose(data: bytes, end: int) -> bytes:
    """Return what stands after the last end of a revision and is not blank."""
    endings = [found.end() for found in _ENDING.finditer(data, end)]
    return data[max(endings, default=end) :].strip(b"\x00 \t\r\n")


@dataclass(frozen=True, slots=True)
class Permitted:
    """The changes that a signature permits: a DocMDP level, and locks on form fields.

    Each lock is an action (``/All``, ``/Include``, ``/Exclude``) with names of fields.
    """

    level: int
    locked: tuple[tuple[str, tuple[str, ...]], ...]

    def locks(self, name: str) -> bool:
        """Tell whether a field may not be filled in any more (ISO 32000-2 clause 12.8.2.4)."""
        return any(_locks(action, names, name) for action, names in self.locked)


def _locks(action: str, names: tuple[str, ...], name: str) -> bool:
    listed = any(name == item or name.startswith(f"{item}.") for item in names)
    return {"/Include": listed, "/Exclude": not listed}.get(action, True)


def permitted(found: Found) -> Permitted:
    """Return what the signature and the lock of its field permit, everything where neither says."""
    level, locked = UNRESTRICTED, []
    for reference in items(get(found.value, "/Reference")):
        parameters = get(reference, "/TransformParams")
        method = str(get(reference, "/TransformMethod"))
        if method == "/DocMDP":
            level = _level(parameters, FORMS)
        elif method == "/FieldMDP":
            locked.append(_lock(parameters))
    lock = get(found.field, "/Lock")
    if lock is not None:
        level = min(level, _level(lock, UNRESTRICTED))
        locked.append(_lock(lock))
    return Permitted(level, tuple(locked))


def _level(parameters: Any, default: int) -> int:
    told = get(parameters, "/P")
    return int(told) if isinstance(told, int) else default


def _lock(parameters: Any) -> tuple[str, tuple[str, ...]]:
    names = tuple(str(name) for name in items(get(parameters, "/Fields")))
    return str(get(parameters, "/Action")), names
