"""Converted outlines on disk, by digest of the font, so that a glyph is converted once for all.

Whole faces are not converted ahead: 8,105 characters cost about ten seconds, a city's names touch
a few hundred. Each flush writes one small file under a name of its own content, moved into place
at once; processes share the folder without locks, and at worst convert a glyph twice.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
import zlib
from pathlib import Path

from certificates.fonts.outline import CONVERTER, FontFile, Glyph

_MAGIC = b"tongban glyphs 1\n"
_RECORD = struct.Struct(">IHI")
_MERGE_ABOVE = 64
"""So many files of one font are merged into one when next opened."""


class GlyphCache:
    """Outlines of one font: memory first, then the folder, then conversion."""

    def __init__(self, font: FontFile, folder: Path | None) -> None:
        self.font = font
        self._known: dict[int, Glyph] = {}
        self._fresh: dict[int, Glyph] = {}
        self._folder = folder / f"{font.digest[:32]}-{CONVERTER}" if folder else None
        if self._folder and self._folder.is_dir():
            self._load(self._folder)

    def get(self, number: int) -> Glyph:
        """Return a glyph, converting it when it is new."""
        found = self._known.get(number)
        if found is None:
            found = self.font.glyph(number)
            self._known[number] = self._fresh[number] = found
        return found

    @property
    def fresh(self) -> int:
        """Return how many glyphs wait to be written."""
        return len(self._fresh)

    def flush(self) -> None:
        """Write new glyphs to the folder. A full or read-only disk costs time, not certificates."""
        fresh, self._fresh = self._fresh, {}
        if fresh and self._folder:
            self._write(self._folder, fresh)

    def _load(self, folder: Path) -> None:
        files = sorted(folder.glob("*.glyphs"))
        for path in files:
            self._known.update(_unpack(path))
        if len(files) > _MERGE_ABOVE and self._write(folder, self._known):
            kept = folder / _file_name(_pack(self._known))
            for path in files:
                if path != kept:
                    path.unlink(missing_ok=True)

    @staticmethod
    def _write(folder: Path, glyphs: dict[int, Glyph]) -> bool:
        data = _pack(glyphs)
        draft = folder / f".{os.getpid()}-{os.urandom(4).hex()}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(data)
            draft.replace(folder / _file_name(data))
        except OSError:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
            return False
        return True


def _file_name(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32] + ".glyphs"


def _pack(glyphs: dict[int, Glyph]) -> bytes:
    parts = [
        _RECORD.pack(number, glyph.advance, len(glyph.data)) + glyph.data
        for number, glyph in sorted(glyphs.items())
    ]
    return _MAGIC + zlib.compress(b"".join(parts), 6)


def _unpack(path: Path) -> dict[int, Glyph]:
    """Read a file; one whose name does not match its content is left out, not trusted."""
    try:
        data = path.read_bytes()
        if not data.startswith(_MAGIC) or path.name != _file_name(data):
            return {}
        body = zlib.decompress(data[len(_MAGIC) :])
    except (OSError, zlib.error):
        return {}
    glyphs: dict[int, Glyph] = {}
    at = 0
    while at < len(body):
        number, advance, length = _RECORD.unpack_from(body, at)
        at += _RECORD.size
        glyphs[number] = Glyph(advance, body[at : at + length])
        at += length
    return glyphs
