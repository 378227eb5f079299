"""Matrices of QR codes (ISO/IEC 18004), many of one kind after another.

With version, level and mask fixed, a code is an affine function of the octets it holds: error
correction and mask are sums over GF(2). Hence the code of a text is that of another text of the
same length plus one fixed pattern for each octet that differs. The patterns are learnt from
``segno`` as they are needed; nothing here knows how a code is made.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from kernel.errors import TongbanError

_MASK = 3
"""One mask pattern for all codes: choosing the most even of eight takes longer than all the rest
of a certificate, and readers undo any of them."""

_LESSONS = 6
"""Patterns learnt at most for one text, so that no certificate waits for many of them."""


@dataclass(frozen=True, slots=True)
class Code:
    """A matrix of ``size`` rows; the first module is the highest bit, 1 is dark."""

    size: int
    bits: int


def code(text: str) -> Code:
    """Return the code of a text at level M; raises TongbanError ``face-overflow``."""
    if not text.isascii():
        return _coded(_made(text))
    return _family(len(text)).code(text.encode("ascii"))


@lru_cache(maxsize=16)
def _family(_length: int) -> _Family:
    return _Family()


@dataclass(slots=True)
class _Family:
    """Codes of ASCII texts of one length. Safe for threads, which may learn a thing twice."""

    _base: _Base | None = None
    _patterns: dict[tuple[int, int], int] = field(default_factory=dict)
    """By place and bits flipped; single bits are learnt, the others are sums of them."""

    def code(self, data: bytes) -> Code:
        """Return the code of a text, made by ``segno`` where too much is unknown."""
        base = self._base
        if base is None:
            made = _made(data)
            self._base = _Base(data, _coded(made), made.version)
            return self._base.code
        patterns, bits = self._patterns, base.code.bits
        left = _LESSONS
        for place, (one, two) in enumerate(zip(data, base.data, strict=True)):
            if one != two:
                pattern = patterns.get((place, one ^ two))
                if pattern is None:
                    left -= self._learn(base, place, one ^ two, left)
                    pattern = patterns.get((place, one ^ two))
                    if pattern is None:
                        return _coded(_made(data))
                bits ^= pattern
        return Code(base.code.size, bits)

    def _learn(self, base: _Base, place: int, flipped: int, left: int) -> int:
        """Learn a pattern from those of its bits, of which ``left`` may be new; return how many."""
        single = [1 << power for power in range(7) if flipped >> power & 1]
        new = [bit for bit in single if (place, bit) not in self._patterns][:left]
        for bit in new:
            self._patterns[place, bit] = base.pattern(place, bit)
        known = [self._patterns.get((place, bit)) for bit in single]
        if None not in known:
            total = 0
            for pattern in known:
                total ^= pattern or 0
            self._patterns[place, flipped] = total
        return len(new)


@dataclass(frozen=True, slots=True)
class _Base:
    """The text that all others of its length are compared with."""

    data: bytes
    code: Code
    version: Any

    def pattern(self, place: int, bit: int) -> int:
        """Return what flipping one bit of the text flips in the code."""
        other = bytearray(self.data)
        other[place] ^= bit
        return _coded(_made(bytes(other), self.version)).bits ^ self.code.bits


def _made(data: bytes | str, version: Any = None) -> Any:
    import segno

    mode = "byte" if isinstance(data, bytes) else None
    try:
        return segno.make(
            data, error="m", micro=False, boost_error=False, mask=_MASK, mode=mode, version=version
        )
    except segno.DataOverflowError:
        raise TongbanError("face-overflow", type="QR", field="qr") from None


def _coded(made: Any) -> Code:
    rows = [bytes(row).translate(_DIGITS).decode() for row in made.matrix]
    return Code(len(rows), int("".join(rows), 2))


_DIGITS = bytes([48, 49, *range(2, 256)])
