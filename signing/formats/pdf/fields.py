"""Finding every signature of a PDF by our own walk: libraries skip what they do not know."""

from __future__ import annotations

import contextlib
import io
import re
from dataclasses import dataclass
from typing import Any

from signing.formats.errors import FormatError

MAX_DEPTH = 24
MAX_FIELDS = 5000
PARSER_ERRORS: tuple[type[Exception], ...] = (Exception,)
"""PDF libraries raise all sorts on damaged files (KeyError, AssertionError, zlib.error …): whatever
it is, it means that a part cannot be read."""


class Unreadable:
    """Stands for a part that cannot be read; equal to nothing, not even to another one."""

    def __eq__(self, other: object) -> bool:
        """Return False."""
        return False

    def __hash__(self) -> int:
        """Return a constant, as equality does not matter."""
        return 0


@dataclass(frozen=True, slots=True)
class Found:
    """One signed signature field."""

    name: str
    field: Any
    value: Any
    subfilter: str
    kind: str
    """``signature`` or ``timestamp``."""
    byte_range: tuple[int, ...]
    contents: bytes


def open_reader(data: bytes) -> Any:
    """Open a PDF tolerantly; raises FormatError ``E_FORMAT`` whatever the library raises."""
    from pyhanko.pdf_utils.reader import PdfFileReader

    try:
        reader = PdfFileReader(io.BytesIO(data), strict=False)
        encrypted = reader.encrypted
        if not encrypted:
            reader.root.get("/Pages")
    except PARSER_ERRORS as error:
        raise FormatError("E_FORMAT", f"PDF cannot be read: {type(error).__name__}") from error
    if encrypted:
        raise FormatError("E_FORMAT", "PDF is encrypted")
    return reader


def get(dictionary: Any, key: str) -> Any:
    """Return an entry resolved, None when it is missing or cannot be read."""
    try:
        return dictionary[key] if key in dictionary else None  # noqa: SIM401 - get() skips references
    except PARSER_ERRORS:
        return None


def entry(dictionary: Any, key: str) -> Any:
    """Return an entry resolved, None when it is missing or null, Unreadable when it is broken."""
    try:
        if key not in dictionary:
            return None
        return dictionary[key]
    except PARSER_ERRORS as error:
        return None if _is_missing(error) else Unreadable()


def _is_missing(error: Exception) -> bool:
    """Tell whether an object does not exist: a reference to it is null (ISO 32000-2 7.3.10)."""
    return isinstance(error, KeyError) or "not found" in str(error)


def items(array: Any) -> list[Any]:
    """Return the resolved members of an array, leaving out what cannot be read."""
    from pyhanko.pdf_utils.generic import ArrayObject

    found: list[Any] = []
    if isinstance(array, ArrayObject):
        for item in list.__iter__(array):
            with contextlib.suppress(*PARSER_ERRORS):
                found.append(item.get_object())
    return found


def members(array: Any) -> list[Any]:
    """Return all members of an array resolved: None for null, Unreadable for broken ones."""
    found: list[Any] = []
    for item in list.__iter__(array):
        try:
            found.append(item.get_object())
        except PARSER_ERRORS as error:
            found.append(None if _is_missing(error) else Unreadable())
    return found


def signed_fields(reader: Any) -> list[Found]:
    """Return all signature fields with a value, in the order of the form."""
    from pyhanko.pdf_utils.generic import DictionaryObject

    form = get(reader.root, "/AcroForm")
    found: list[Found] = []
    seen: set[int] = set()
    stack = [
        (item, "", None, 0) for item in reversed(items(get(form, "/Fields") if form else None))
    ]
    while stack:
        field, prefix, inherited, depth = stack.pop()
        if not isinstance(field, DictionaryObject) or id(field) in seen:
            continue
        seen.add(id(field))
        if len(seen) > MAX_FIELDS or depth > MAX_DEPTH:
            raise FormatError("E_RESOURCE_LIMIT", "too many form fields")
        name = ".".join(part for part in (prefix, str(get(field, "/T") or "")) if part)
        kind = get(field, "/FT") or inherited
        if kind == "/Sig":
            value = get(field, "/V")
            if isinstance(value, DictionaryObject):
                found.append(_found(name, field, value))
        stack += [(kid, name, kind, depth + 1) for kid in reversed(items(get(field, "/Kids")))]
    return found


def _found(name: str, field: Any, value: Any) -> Found:
    subfilter = str(get(value, "/SubFilter") or "").lstrip("/")
    stamp = subfilter == "ETSI.RFC3161" or str(get(value, "/Type")) == "/DocTimeStamp"
    numbers = items(get(value, "/ByteRange"))
    whole = all(isinstance(number, int) for number in numbers)
    return Found(
        name=name[:200],
        field=field,
        value=value,
        subfilter=subfilter[:80],
        kind="timestamp" if stamp else "signature",
        byte_range=tuple(int(number) for number in numbers) if whole else (),
        contents=_contents(value),
    )


def _contents(value: Any) -> bytes:
    from pyhanko.pdf_utils.generic import EncryptedObjAccess

    try:
        raw = value.raw_get("/Contents", decrypt=EncryptedObjAccess.RAW)
        octets: bytes = getattr(raw, "original_bytes", b"")
    except PARSER_ERRORS:
        return b""
    return octets


_GAP = re.compile(rb"<([0-9A-Fa-f\s\x00]*)>")


@dataclass(frozen=True, slots=True)
class Range:
    """A byte range that was checked: the bytes it covers, and where it ends."""

    covered: bytes
    end: int
    plain: bool
    """The gap holds hex digits of one case without white space: it has only one spelling."""


def check_range(data: bytes, found: Found) -> Range:
    """Check that the range leaves out exactly the signature's own value.

    Raises FormatError ``E_SIGNATURE_SCOPE``: anything else in the gap could be changed at will.
    """
    numbers = found.byte_range
    if len(numbers) != 4 or numbers[0] != 0 or min(numbers) < 0:
        raise FormatError("E_SIGNATURE_SCOPE", "ByteRange is not of the usual form", found.name)
    _, first, second, length = numbers
    if not 0 < first < second or second + length > len(data) or length == 0:
        raise FormatError("E_SIGNATURE_SCOPE", "ByteRange leaves the file or overlaps", found.name)
    match = _GAP.fullmatch(data, first, second)
    if match is None:
        raise FormatError(
            "E_SIGNATURE_SCOPE", "ByteRange leaves out more than the value", found.name
        )
    digits = match[1].translate(None, b" \t\r\n\f\x00")
    if bytes.fromhex(digits.decode() + "0" * (len(digits) % 2)) != found.contents:
        raise FormatError("E_SIGNATURE_SCOPE", "ByteRange leaves out another value", found.name)
    plain = len(digits) == second - first - 2 and digits in (digits.lower(), digits.upper())
    covered = data[:first] + data[second : second + length]
    return Range(covered, second + length, plain)
