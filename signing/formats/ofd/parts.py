"""What is known about the parts of packages: checksum and digest of octets seen before.

Certificates of one type share most of their parts. A part counts as known only where name and
all octets are equal, so that nothing is taken on trust.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from signing.algorithms.sm2_sm3 import sm3
from signing.formats.errors import FormatError
from signing.formats.ofd.package import (
    DATE_AND_TIME,
    STORED,
    UTF8_FLAG,
    Limits,
    Package,
    check_names,
    check_shadows,
)
from signing.formats.ofd.zipfields import CENTRAL, END, LOCAL, find_end

_MOST = 256
_LARGEST = 1 << 20
"""Parts and octets of a part that are remembered at most."""


@dataclass(slots=True)
class Part:
    """One part's octets with what was computed of them so far."""

    data: bytes
    crc: int
    check_value: str = ""
    """Base 64 of SM3, once asked for."""


class Parts:
    """Remembers parts by name and size. Safe for threads: at worst something is computed twice."""

    def __init__(self) -> None:
        """Begin with nothing known."""
        self._known: dict[tuple[str, int], Part] = {}

    def crc(self, name: str, data: bytes) -> int:
        """Return the CRC-32 of a part."""
        return self._part(name, data).crc

    def check_value(self, name: str, data: bytes) -> str:
        """Return the SM3 digest of a part as OFD writes it."""
        part = self._part(name, data)
        if not part.check_value:
            part.check_value = base64.b64encode(sm3(data)).decode()
        return part.check_value

    def _part(self, name: str, data: bytes) -> Part:
        key = (name, len(data))
        known = self._known.get(key)
        if known is None or known.data != data:
            known = Part(data, zlib.crc32(data))
            if len(data) > _LARGEST:
                return known
            if len(self._known) >= _MOST:
                self._known = {}
            self._known[key] = known
        return known

    def package(self, data: bytes, limits: Limits) -> Package | None:
        """Return what ``package.read`` would for a package that ``package.write`` made.

        None for any other, and for one with a name or a size that the strict reader refuses.
        """
        files = self.read(data) if len(data) <= limits.file_bytes else None
        if files is None or len(files) > limits.entries:
            return None
        if any(len(content) > limits.entry_bytes for content in files.values()):
            return None
        try:
            check_names(tuple(files))
            check_shadows(tuple(files))
        except FormatError:
            return None
        named = all(not name.endswith("/") for name in files)
        return Package(MappingProxyType(dict(files)), canonical=True) if named else None

    def read(self, data: bytes) -> Mapping[str, bytes] | None:
        """Return the files of a package that ``package.write`` made; None for any other.

        As strict as ``package.read`` about what is accepted, because every record is compared with
        the one spelling that ``write`` has for it; it merely gives no reasons.
        """
        end = find_end(data)
        if end is None or end.offset + end.size != end.at:
            return None
        count = end.entries
        if data[end.at :] != END.pack(b"PK\x05\x06", 0, 0, count, count, end.size, end.offset, 0):
            return None
        files: dict[str, bytes] = {}
        at, offset = end.offset, 0
        for _ in range(count):
            found = self._entry(data, at, offset)
            if found is None or found[0] in files:
                return None
            name, content, at, offset = found
            files[name] = content
        return files if offset == end.offset and at == end.at else None

    def _entry(self, data: bytes, at: int, offset: int) -> tuple[str, bytes, int, int] | None:
        """Return name, octets and where the next records are, or None for another spelling."""
        if at + CENTRAL.size > len(data):
            return None
        fields = CENTRAL.unpack_from(data, at)
        crc, size, length = fields[7], fields[9], fields[10]
        raw = data[at + CENTRAL.size : at + CENTRAL.size + length]
        flags = 0 if raw.isascii() else UTF8_FLAG
        common = (20, flags, STORED, *DATE_AND_TIME, crc, size, size, length, 0)
        central = (b"PK\x01\x02", 20, *common, 0, 0, 0, 0, offset)
        local = LOCAL.pack(b"PK\x03\x04", *common) + raw
        start = offset + len(local)
        content = data[start : start + size]
        if fields != central or not data.startswith(local, offset) or len(content) != size:
            return None
        try:
            name = raw.decode("utf-8")
        except UnicodeDecodeError:
            return None
        part = self._part(name, content)  # its octets are handed on: equal objects compare fast
        after = at + CENTRAL.size + length, start + size
        return (name, part.data, *after) if part.crc == crc else None


@cache
def known_parts() -> Parts:
    """Return what this process knows about parts of packages."""
    return Parts()
