"""The OFD container: a ZIP archive read with every defence before anything else looks at it.

The central directory and the local headers must tell the same story and fill the file without a
gap, so that no two programs can see two different documents in the same bytes (APPNOTE 4.3).
"""

from __future__ import annotations

import unicodedata
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from signing.formats.errors import FormatError
from signing.formats.ofd.zipfields import CENTRAL, END, LOCAL, Central, End, find_end, parse_central
from signing.formats.ofd.zipfields import parse_local_name as _local_name

STORED, DEFLATED = 0, 8
UTF8_FLAG, ENCRYPTED_FLAGS, DESCRIPTOR_FLAG = 0x800, 0x2041, 0x8
DATE_AND_TIME = (0, 0x0021)
"""Time and date, 1 January 1980: the earliest there is; a container says nothing about time."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a package may cost: entries, bytes in all, bytes of one entry, and inflation ratio."""

    file_bytes: int = 128 * 1024 * 1024
    entries: int = 4096
    total_bytes: int = 256 * 1024 * 1024
    entry_bytes: int = 64 * 1024 * 1024
    ratio: int = 200
    free_bytes: int = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Package:
    """The files of an OFD package by path without leading slash, in the order of the archive.

    ``canonical`` tells whether ``write`` would give the same bytes again.
    """

    files: Mapping[str, bytes]
    canonical: bool

    def get(self, path: str) -> bytes | None:
        """Return the bytes of a file, or None."""
        return self.files.get(path)


def _crc(_name: str, data: bytes) -> int:
    return zlib.crc32(data)


def write(
    entries: Sequence[tuple[str, bytes]], crc_of: Callable[[str, bytes], int] = _crc
) -> bytes:
    """Return the archive of the entries in the given order; equal input gives equal bytes.

    Entries are stored, not deflated: a deflate stream has spellings that a seal does not cover.
    ``crc_of`` gives the CRC-32 of an entry to those who know it already.
    Raises ValueError on a name that ``read`` would refuse.
    """
    seen: set[str] = set()
    body: list[bytes] = []
    directory: list[bytes] = []
    offset = 0
    for name, data in entries:
        problem = _name_problem(name)
        if problem or name in seen:
            message = f"not a package path: {name!r}"
            raise ValueError(message)
        seen.add(name)
        raw = name.encode("utf-8")
        flags = 0 if name.isascii() else UTF8_FLAG
        size = len(data)
        common = (20, flags, STORED, *DATE_AND_TIME, crc_of(name, data), size, size, len(raw), 0)
        body += (LOCAL.pack(b"PK\x03\x04", *common), raw, data)
        directory += (CENTRAL.pack(b"PK\x01\x02", 20, *common, 0, 0, 0, 0, offset), raw)
        offset += LOCAL.size + len(raw) + size
    count = len(seen)
    length = sum(map(len, directory))
    end = END.pack(b"PK\x05\x06", 0, 0, count, count, length, offset, 0)
    return b"".join((*body, *directory, end))


def read(data: bytes, limits: Limits | None = None) -> Package:
    """Read a package; raises FormatError with the finding's code at the first broken rule."""
    limits = limits or Limits()
    if len(data) > limits.file_bytes:
        raise FormatError("E_ZIP_BOMB", "file is larger than allowed")
    end = find_end(data)
    if end is None:
        raise FormatError("E_ZIP_STRUCTURE", "no central directory at the end")
    _check_end(data, end, limits)
    entries = parse_central(data, end)
    if entries is None:
        raise FormatError("E_ZIP_STRUCTURE", "central directory is cut short")
    for entry in entries:
        _check_features(entry)
    check_names(tuple(entry.name for entry in entries))
    _check_sizes(entries, limits)
    starts = _tile(data, entries, end)
    files = {
        entry.name: _content(data, entry, start)
        for entry, start in zip(entries, starts, strict=True)
        if not entry.name.endswith("/")
    }
    check_shadows(tuple(files))
    return Package(MappingProxyType(files), canonical=write(tuple(files.items())) == data)


def _check_end(data: bytes, end: End, limits: Limits) -> None:
    if end.disk or end.directory_disk or end.entries_here != end.entries:
        raise FormatError("E_ZIP_FEATURE", "archive of several volumes")
    if end.entries == 0xFFFF or 0xFFFFFFFF in (end.size, end.offset):
        raise FormatError("E_ZIP_FEATURE", "ZIP64")
    if end.entries > limits.entries:
        raise FormatError("E_ZIP_BOMB", f"{end.entries} entries")
    if end.offset + end.size != end.at:
        raise FormatError("E_ZIP_STRUCTURE", "bytes before, between or after the archive's parts")
    if end.at + END.size + end.comment != len(data):
        raise FormatError("E_ZIP_STRUCTURE", "bytes after the archive")


def _check_features(entry: Central) -> None:
    if entry.flags & ENCRYPTED_FLAGS:
        raise FormatError("E_ZIP_FEATURE", "encrypted entry", entry.name)
    if entry.method not in (STORED, DEFLATED):
        raise FormatError("E_ZIP_FEATURE", f"compression method {entry.method}", entry.name)
    if entry.external >> 28 == 0xA:
        raise FormatError("E_ZIP_FEATURE", "symbolic link", entry.name)
    if 0xFFFFFFFF in (entry.size, entry.packed, entry.offset):
        raise FormatError("E_ZIP_FEATURE", "ZIP64", entry.name)


@lru_cache(maxsize=1024)
def _name_problem(name: str) -> str:
    parts = name.removesuffix("/").split("/")
    if not name or "\\" in name or any(ord(char) < 32 or char == "\x7f" for char in name):
        return "backslash or control character"
    if any(part in ("", ".", "..") for part in parts):
        return "absolute path, empty or parent step"
    if ":" in name:
        return "drive or stream"
    return ""


@lru_cache(maxsize=256)
def check_names(names: tuple[str, ...]) -> None:
    """Refuse names that lead out of the package or that two programs may take for one another.

    Raises FormatError; files of one kind have the same names, so that the answer is kept.
    """
    seen: set[str] = set()
    folded: dict[str, str] = {}
    for name in names:
        problem = _name_problem(name)
        if problem:
            raise FormatError("E_ZIP_PATH_ESCAPE", problem, repr(name))
        if name in seen:
            raise FormatError("E_ZIP_DUPLICATE_ENTRY", "two entries of one name", name)
        seen.add(name)
        fold = unicodedata.normalize("NFKC", name).casefold().rstrip("/")
        if fold in folded:
            raise FormatError("E_ZIP_CASE_COLLISION", f"looks like {folded[fold]}", name)
        folded[fold] = name


def _check_sizes(entries: Sequence[Central], limits: Limits) -> None:
    total = sum(entry.size for entry in entries)
    if total > limits.total_bytes:
        raise FormatError("E_ZIP_BOMB", f"{total} bytes when unpacked")
    for entry in entries:
        if entry.size > limits.entry_bytes:
            raise FormatError("E_ZIP_BOMB", f"{entry.size} bytes when unpacked", entry.name)
        if entry.size > limits.free_bytes and entry.size > limits.ratio * max(entry.packed, 1):
            raise FormatError("E_ZIP_BOMB", "inflates beyond measure", entry.name)


def _tile(data: bytes, entries: Sequence[Central], end: End) -> list[int]:
    """Check that the local entries fill the space before the directory; return content starts."""
    starts = dict.fromkeys(range(len(entries)), 0)
    expected = 0
    for index in sorted(starts, key=lambda number: entries[number].offset):
        entry = entries[index]
        if entry.offset != expected:
            raise FormatError("E_ZIP_STRUCTURE", "gap or overlap between entries", entry.name)
        starts[index] = _check_local(data, entry, end.offset)
        expected = starts[index] + entry.packed
        if entry.flags & DESCRIPTOR_FLAG:
            expected += _descriptor(data, expected, entry, end.offset)
    if expected != end.offset:
        raise FormatError("E_ZIP_STRUCTURE", "entry that the central directory does not list")
    return [starts[index] for index in range(len(entries))]


def _check_local(data: bytes, entry: Central, limit: int) -> int:
    if entry.offset + LOCAL.size > limit:
        raise FormatError("E_ZIP_STRUCTURE", "local header is cut short", entry.name)
    fields = LOCAL.unpack_from(data, entry.offset)
    mark, needed, flags, method, time, date, crc, packed, size, name_size, extra = fields
    if mark != b"PK\x03\x04":
        raise FormatError("E_ZIP_STRUCTURE", "local header is missing", entry.name)
    at = entry.offset + LOCAL.size
    if _local_name(data[at : at + name_size], flags) != entry.name:
        raise FormatError("E_ZIP_STRUCTURE", "local header has another name", entry.name)
    mine = (needed, flags, method, time, date)
    if mine != (entry.needed, entry.flags, entry.method, entry.time, entry.date):
        raise FormatError("E_ZIP_STRUCTURE", "local header differs from directory", entry.name)
    empty = flags & DESCRIPTOR_FLAG and (crc, packed, size) == (0, 0, 0)
    if not empty and (crc, packed, size) != (entry.crc, entry.packed, entry.size):
        raise FormatError("E_ZIP_STRUCTURE", "sizes or checksum conflict", entry.name)
    start: int = at + name_size + extra
    if start + entry.packed > limit:
        raise FormatError("E_ZIP_STRUCTURE", "entry is cut short", entry.name)
    return start


def _descriptor(data: bytes, at: int, entry: Central, limit: int) -> int:
    marked = data[at : at + 4] == b"PK\x07\x08"
    start, size = (at + 4, 16) if marked else (at, 12)
    triple = tuple(
        int.from_bytes(data[start + 4 * n : start + 4 * n + 4], "little") for n in (0, 1, 2)
    )
    if at + size > limit or triple != (entry.crc, entry.packed, entry.size):
        raise FormatError("E_ZIP_STRUCTURE", "data descriptor conflicts", entry.name)
    return size


def _content(data: bytes, entry: Central, start: int) -> bytes:
    packed = data[start : start + entry.packed]
    content = packed if entry.method == STORED else _inflate(packed, entry)
    if len(content) != entry.size or zlib.crc32(content) != entry.crc:
        raise FormatError("E_ZIP_STRUCTURE", "size or checksum is wrong", entry.name)
    return content


def _inflate(packed: bytes, entry: Central) -> bytes:
    inflater = zlib.decompressobj(-15)
    try:
        content = inflater.decompress(packed, entry.size + 1)
    except zlib.error as error:
        raise FormatError("E_ZIP_STRUCTURE", "deflate data is damaged", entry.name) from error
    if not inflater.eof or inflater.unused_data:
        raise FormatError("E_ZIP_STRUCTURE", "deflate data and size conflict", entry.name)
    return content


@lru_cache(maxsize=256)
def check_shadows(names: tuple[str, ...]) -> None:
    """Refuse a package in which a file is also a folder; raises FormatError."""
    files = frozenset(names)
    for name in names:
        steps = name.split("/")
        for depth in range(1, len(steps)):
            if "/".join(steps[:depth]) in files:
                raise FormatError("E_ZIP_STRUCTURE", "a file is also a folder", name)
