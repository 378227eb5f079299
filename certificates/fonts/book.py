"""``Fonts``: which face has a character, how wide it is, and the font that a file embeds."""

from __future__ import annotations

import threading
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.util import find_spec
from pathlib import Path

from certificates.fonts.cache import GlyphCache
from certificates.fonts.outline import UNITS, FontFile, Glyph
from certificates.fonts.truetype import build
from kernel.errors import TongbanError

_EMBEDDED = 16
"""Embedded fonts that are kept."""

_FLUSH_AT = 64
"""New outlines of a face that are collected before they are written to the cache."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """A font to embed: exactly the characters of one text, glyph numbers from 1 by code point."""

    name: str
    data: bytes
    """TrueType with ``glyf`` outlines."""
    numbers: dict[str, int]
    """Glyph number of each character."""
    advances: dict[str, int]
    """Width of each character in thousandths of an em."""
    ascent: int
    descent: int
    box: tuple[int, int, int, int]


class _Advances(dict[str, int]):
    """Widths of characters asked for before."""

    def __init__(self, fonts: Fonts) -> None:
        super().__init__()
        self._fonts = fonts

    def __missing__(self, character: str) -> int:
        found = self[character] = self._fonts.glyph(character).advance
        return found


class Fonts:
    """An ordered list of faces, asked in turn for every character. Safe for several threads."""

    def __init__(self, faces: Sequence[FontFile], cache: Path | None = None) -> None:
        if not faces:
            raise TongbanError("font-unreadable", font="", reason="no face configured")
        self._caches = tuple(GlyphCache(face, cache) for face in faces)
        self._found: dict[str, tuple[GlyphCache, int]] = {}
        self._glyphs: dict[str, Glyph] = {}
        self._notices: dict[str, str] = {}
        """Copyright of the face that a character's glyph is from."""
        self._advances = _Advances(self)
        self._embedded: dict[tuple[frozenset[str], str], Embedded] = {}
        self._lock = threading.Lock()
        self.ascent, self.descent = faces[0].ascent, faces[0].descent
        self.names = tuple(face.name for face in faces)

    @classmethod
    def load(cls, paths: Iterable[Path] = (), cache: Path | None = None) -> Fonts:
        """Open the faces of the installed packages and, between text and fallback, ``paths``.

        ``cache`` is a folder for converted outlines. Raises TongbanError ``font-unreadable``.
        """
        text, fallback = packaged("text"), packaged("fallback")
        return cls([FontFile.open(path) for path in (*text, *paths, *fallback)], cache)

    def glyph(self, character: str) -> Glyph:
        """Return the outline; raises TongbanError ``glyph-missing`` naming the code point."""
        known = self._glyphs.get(character)
        if known is not None:
            return known
        with self._lock:
            cache, number = self._find(character)
            self._notices[character] = cache.font.copyright
            known = self._glyphs[character] = cache.get(number)
            if cache.fresh >= _FLUSH_AT:
                cache.flush()
        return known

    def has(self, character: str) -> bool:
        """Tell whether some face has the character."""
        return any(cache.font.find(character) for cache in self._caches)

    def missing(self, text: str) -> tuple[str, ...]:
        """Return the characters of a text that no face has, each once, in order."""
        return tuple(c for c in dict.fromkeys(text) if c not in self._glyphs and not self.has(c))

    def width(self, text: str) -> float:
        """Return the natural width in ems."""
        return sum(map(self._advances.__getitem__, text)) / UNITS

    def embed(self, characters: Iterable[str], name: str) -> Embedded:
        """Return a font of exactly these characters; equal sets give equal bytes.

        Kept for a while: a certificate is drawn in several formats one after the other.
        """
        wanted = frozenset(characters)
        found = self._embedded.get((wanted, name))
        if found is None:
            found = self._embed(sorted(wanted), name)
            if len(self._embedded) >= _EMBEDDED:
                self._embedded = {}
            self._embedded[wanted, name] = found
        return found

    def _embed(self, ordered: Sequence[str], name: str) -> Embedded:
        try:
            held = [self._glyphs[character] for character in ordered]
        except KeyError:
            held = [self.glyph(character) for character in ordered]
        notices = {self._notices[character] for character in ordered}
        data = build(
            name,
            dict(zip(map(ord, ordered), held, strict=True)),
            ascent=self.ascent,
            descent=self.descent,
            notice=" / ".join(sorted(filter(None, notices))),
        )
        boxes = [glyph.box for glyph in held] or [(0, 0, 0, 0)]
        left, bottom, right, top = zip(*boxes, strict=True)
        return Embedded(
            name=name,
            data=data,
            numbers={c: no for no, c in enumerate(ordered, 1)},
            advances={c: glyph.advance for c, glyph in zip(ordered, held, strict=True)},
            ascent=self.ascent,
            descent=self.descent,
            box=(min(left), min(bottom), max(right), max(top)),
        )

    def flush(self) -> None:
        """Write outlines not yet in the cache folder."""
        with self._lock:
            for cache in self._caches:
                cache.flush()

    def _find(self, character: str) -> tuple[GlyphCache, int]:
        found = self._found.get(character)
        if found is None:
            for cache in self._caches:
                number = cache.font.find(character)
                if number:
                    found = self._found[character] = (cache, number)
                    break
            else:
                point = f"U+{ord(character):04X}"
                raise TongbanError("glyph-missing", char=character, code_point=point)
        return found


def packaged(rank: str) -> list[Path]:
    """Return the files of installed packages of one rank, in order, without importing them.

    Raises TongbanError ``font-unreadable`` where a package that is not optional is absent.
    """
    listed = tomllib.loads((resources.files(__package__) / "faces.toml").read_text("utf-8"))
    paths = []
    for face in listed["faces"]:
        if face["rank"] != rank:
            continue
        spec = find_spec(face["package"])
        places = (spec.submodule_search_locations if spec else None) or []
        index = f"#{face['index']}" if "index" in face else ""
        found = [Path(place) / (face["file"] + index) for place in places]
        if not found and not face.get("optional", False):
            reason = f"package {face['package']} is not installed"
            raise TongbanError("font-unreadable", font=face["file"], reason=reason)
        paths += found[:1]
    return paths
