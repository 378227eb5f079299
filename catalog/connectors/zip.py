"""One separated text in a zip archive: unpacked in a stream, checked, then read as ``csv`` reads.

The archive is foreign: sizes are counted while unpacking, never believed, and nothing is ever
written under a name that the archive gives.
"""

from __future__ import annotations

import errno
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from catalog.blocks import Block, Layout, Position
from catalog.connectors.csv import CONNECTOR as TEXT
from catalog.errors import Code
from catalog.model import Source
from kernel.errors import TongbanError
from storage.failures import of_files

RATIO = 200
"""Unpacked bytes per packed byte that no table reaches; deflate ends at about 1,000."""
_FREE = 1024 * 1024
_STEP = 256 * 1024
_ENTRIES = 64
_DIRECTORY = 1024 * 1024
_END = struct.Struct("<4s4H2LH")
_LONGEST_COMMENT = 65_535
_ENCRYPTED = 0x1 | 0x40 | 0x2000
"""Flags of APPNOTE 4.4.4: encrypted, strongly encrypted, directory encrypted."""
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    ValueError,
)
"""What the library raises for broken archives; names in a wrong encoding are ValueErrors.

A place before the start of the file is an OSError with EINVAL.
"""
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class Archive:
    """Reads zip files that hold exactly one file; rows are counted in lines of that file."""

    def examine(self, path: Path, name: str, source: Source) -> Layout:
        """Unpack and look; see ``catalog.blocks.Connector``.

        Raises TongbanError ``archive-files``, ``archive-path``, ``archive-encrypted``,
        ``archive-bomb``, ``archive-damaged``, ``delivery-truncated``, ``delivery-unreadable``,
        ``delivery-too-large``, ``delivery-empty``, or what ``csv`` raises.
        """
        with _unpacked(path, name, source.delivery.max_bytes) as text:
            return TEXT.examine(text, name, source)

    def blocks(
        self, path: Path, name: str, source: Source, layout: Layout, start: Position
    ) -> Iterator[Block]:
        """Yield the blocks of the file inside; see ``catalog.blocks.Connector``."""
        with _unpacked(path, name, source.delivery.max_bytes) as text:
            yield from TEXT.blocks(text, name, source, layout, start)


CONNECTOR = Archive()


@contextmanager
def _unpacked(path: Path, name: str, limit: int) -> Iterator[Path]:
    """Give the one file inside as a path that ends with the context, even if the process dies.

    The file has no name in any folder: rows are personal data, and a killed process cleans nothing.
    """
    _check_directory(path, name)
    with tempfile.TemporaryFile() as text:
        try:
            with zipfile.ZipFile(path) as archive:
                entry = _only(archive, name, limit)
                _copy(archive, entry, text, name, limit)
        except (*_DAMAGE, OSError) as error:
            if isinstance(error, OSError) and error.errno != errno.EINVAL:
                raise
            reason = "checksum" if "CRC" in str(error) else "structure"
            raise TongbanError(Code.ARCHIVE_DAMAGED, file=name, reason=reason) from error
        with of_files("parts"):
            text.flush()
        yield Path(f"/proc/self/fd/{text.fileno()}")


def _check_directory(path: Path, name: str) -> None:
    """Refuse before the directory is read whole into memory: its size is the sender's choice."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(2)
        file.seek(max(0, size - _LONGEST_COMMENT - _END.size - 20))
        tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        if start == b"PK":
            raise TongbanError(Code.DELIVERY_TRUNCATED, file=name, size=size)
        raise TongbanError(Code.ARCHIVE_DAMAGED, file=name, reason="no zip archive")
    _, _, _, _, entries, directory, _, _ = _END.unpack_from(tail, at)
    # A 64-bit directory replaces these figures by its own; no delivery below the limit needs one.
    if tail[max(0, at - 20) : at].startswith(b"PK\x06\x07"):
        raise TongbanError(Code.ARCHIVE_DAMAGED, file=name, reason="zip64")
    if entries > _ENTRIES or directory > _DIRECTORY:
        raise TongbanError(Code.ARCHIVE_FILES, file=name, count=entries)


def _only(archive: zipfile.ZipFile, name: str, limit: int) -> zipfile.ZipInfo:
    entries = archive.infolist()
    if len(entries) > _ENTRIES:
        raise TongbanError(Code.ARCHIVE_FILES, file=name, count=len(entries))
    if any(_climbs(entry) for entry in entries):
        raise TongbanError(Code.ARCHIVE_PATH, file=name)
    found = [entry for entry in entries if not entry.is_dir()]
    if len(found) != 1:
        raise TongbanError(Code.ARCHIVE_FILES, file=name, count=len(found))
    entry = found[0]
    if entry.flag_bits & _ENCRYPTED:
        raise TongbanError(Code.ARCHIVE_ENCRYPTED, file=name)
    if entry.compress_type not in _METHODS:
        raise TongbanError(Code.ARCHIVE_DAMAGED, file=name, reason="compression method")
    if entry.file_size == 0:
        raise TongbanError(Code.DELIVERY_EMPTY, file=name)
    if entry.file_size > limit:
        raise TongbanError(Code.DELIVERY_TOO_LARGE, file=name, size=entry.file_size, limit=limit)
    return entry


def _climbs(entry: zipfile.ZipInfo) -> bool:
    """Tell whether the name leads out of a folder into which somebody might unpack it."""
    written = entry.orig_filename.replace("\\", "/")
    path = PurePosixPath(written)
    return path.is_absolute() or ".." in path.parts or "\0" in written or written[1:2] == ":"


def _copy(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, into: IO[bytes], name: str, limit: int
) -> None:
    """Unpack step by step; the checksum is compared when the last byte was read."""
    most = max(_FREE, entry.compress_size * RATIO)
    count = 0
    with archive.open(entry) as packed:
        while data := packed.read(_STEP):
            count += len(data)
            if count > most:
                raise TongbanError(Code.ARCHIVE_BOMB, file=name, ratio=RATIO)
            if count > limit:
                raise TongbanError(Code.DELIVERY_TOO_LARGE, file=name, size=count, limit=limit)
            with of_files("parts"):
                into.write(data)
    if count != entry.file_size:
        raise zipfile.BadZipFile("size")
