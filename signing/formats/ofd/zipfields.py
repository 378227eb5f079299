"""The fixed records of a ZIP archive (APPNOTE 6.3.10, sections 4.3.7, 4.3.12, 4.3.16)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

LOCAL = struct.Struct("<4s5H3L2H")
CENTRAL = struct.Struct("<4s6H3L5H2L")
END = struct.Struct("<4s4H2LH")
LONGEST_COMMENT = 0xFFFF


@dataclass(frozen=True, slots=True)
class End:
    """End of central directory and its position ``at``."""

    at: int
    disk: int
    directory_disk: int
    entries_here: int
    entries: int
    size: int
    offset: int
    comment: int


@dataclass(frozen=True, slots=True)
class Central:
    """One entry of the central directory."""

    name: str
    needed: int
    flags: int
    method: int
    time: int
    date: int
    crc: int
    packed: int
    size: int
    external: int
    offset: int


def find_end(data: bytes) -> End | None:
    """Find the last end record in the only region where the format allows one."""
    lowest = max(0, len(data) - END.size - LONGEST_COMMENT)
    at = data.rfind(b"PK\x05\x06", lowest)
    if at < 0 or at + END.size > len(data):
        return None
    _, disk, directory_disk, here, entries, size, offset, comment = END.unpack_from(data, at)
    return End(at, disk, directory_disk, here, entries, size, offset, comment)


def parse_local_name(raw: bytes, flags: int) -> str:
    """Decode an entry's name: UTF-8 when flagged, else UTF-8, GB 18030 or code page 437.

    Chinese writers store GB 18030 names without a flag; an undecodable name keeps its bytes.
    """
    encodings = ("utf-8",) if flags & 0x800 else ("utf-8", "gb18030", "cp437")
    for encoding in encodings:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("utf-8", "backslashreplace")


def parse_central(data: bytes, end: End) -> list[Central] | None:
    """Read the whole central directory; None when it does not add up."""
    entries: list[Central] = []
    at = end.offset
    for _ in range(end.entries):
        if at + CENTRAL.size > end.at:
            return None
        fields = CENTRAL.unpack_from(data, at)
        mark, _made, needed, flags, method, time, date, crc, packed, size = fields[:10]
        name_size, extra, comment, _disk, _internal, external, offset = fields[10:]
        at += CENTRAL.size
        if mark != b"PK\x01\x02" or at + name_size + extra + comment > end.at:
            return None
        name = parse_local_name(data[at : at + name_size], flags)
        at += name_size + extra + comment
        entries.append(
            Central(name, needed, flags, method, time, date, crc, packed, size, external, offset)
        )
    return entries if at == end.at else None
