"""Strict reading of TOML tables into frozen dataclasses, with errors that name file and key."""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from kernel.errors import TongbanError

T = TypeVar("T")

COLOUR_KEYS = ("colour", "fill", "rule", "head_fill")
"""Keys whose ``@name`` is looked up in the palette of the face."""

_COLOUR = re.compile(r"#[0-9a-f]{6}|")


class Reader:
    """One table of a file. Each value is taken once; what is left over at the end is an error."""

    def __init__(self, file: str, table: Mapping[str, Any], path: str = "") -> None:
        self._file = file
        self._left = dict(table)
        self._path = path

    def error(self, key: str, reason: str) -> TongbanError:
        """Return the error for a key of this table."""
        where = f"{self._path}.{key}" if self._path else key
        return TongbanError("type-malformed", file=self._file, key=where, reason=reason)

    def has(self, key: str) -> bool:
        """Tell whether a key is there and not taken yet."""
        return key in self._left

    def table(self, key: str) -> Reader:
        """Take a sub-table; absent counts as empty."""
        found = self._left.pop(key, {})
        if not isinstance(found, dict):
            raise self.error(key, "a table is needed")
        return Reader(self._file, found, f"{self._path}.{key}" if self._path else key)

    def tables(self, key: str, *, least: int = 1) -> list[Reader]:
        """Take an array of tables with at least ``least`` entries."""
        found = self._left.pop(key, [])
        if not isinstance(found, list) or not all(isinstance(part, dict) for part in found):
            raise self.error(key, "an array of tables is needed")
        if len(found) < least:
            raise self.error(key, f"at least {least} entry is needed")
        base = f"{self._path}.{key}" if self._path else key
        return [Reader(self._file, part, f"{base}[{no}]") for no, part in enumerate(found)]

    def text(self, key: str) -> str:
        """Take a required string."""
        return str(self._checked(key, str))

    def strings(self, key: str) -> dict[str, str]:
        """Take a table of strings."""
        found = self._left.pop(key, {})
        if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
            raise self.error(key, "a table of strings is needed")
        return found

    def recolour(self, palette: Mapping[str, str]) -> None:
        """Replace ``@name`` by the palette's colour; raises for unknown names and wrong forms."""
        for key in COLOUR_KEYS:
            value = self._left.get(key)
            if not isinstance(value, str):
                continue
            if value.startswith("@"):
                if value[1:] not in palette:
                    raise self.error(key, f"no colour {value} in face.colours")
                value = self._left[key] = palette[value[1:]]
            if not _COLOUR.fullmatch(value):
                raise self.error(key, "a colour like #1a2b3c is needed")

    def build(self, shape: type[T], **given: Any) -> T:
        """Make a dataclass of ``given`` members and all remaining keys of the table.

        Unknown keys, wrong types and missing members are errors.
        """
        hints = typing.get_type_hints(shape)
        members = {m.name: m for m in dataclasses.fields(shape) if m.name not in given}  # type: ignore[arg-type] # callers pass dataclasses only
        for key in self._left:
            if key not in members:
                raise self.error(key, f"unknown; known are {', '.join(sorted(members))}")
        for name, member in members.items():
            optional = member.default, member.default_factory
            if name in self._left or optional == (dataclasses.MISSING, dataclasses.MISSING):
                given[name] = self._checked(name, hints[name])
        return shape(**given)

    def _checked(self, key: str, hint: Any) -> Any:
        if key not in self._left:
            raise self.error(key, "is missing")
        value = self._left.pop(key)
        try:
            return _convert(value, hint)
        except ValueError as error:
            raise self.error(key, str(error)) from None


def _convert(value: Any, hint: Any) -> Any:
    """Check a TOML value against a type hint; numbers may be written as integers."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        if value not in args:
            raise ValueError(f"one of {', '.join(args)} is needed")
        return value
    if origin is types.UnionType:
        return _convert(value, next(arg for arg in args if arg is not type(None)))
    if origin is tuple:
        if not isinstance(value, list):
            raise ValueError("a list is needed")
        return tuple(_convert(part, args[0]) for part in value)
    if origin is not None and isinstance(value, dict):
        return {name: _convert(part, args[1]) for name, part in value.items()}
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    wanted = hint if isinstance(hint, type) else ()
    if not isinstance(value, wanted) or (hint is int and isinstance(value, bool)):
        name = getattr(hint, "__name__", "a table")
        raise ValueError(f"{name} is needed")
    return value
