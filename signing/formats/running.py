"""Digests that can be carried on from a point that many files share."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Protocol, Self

from cryptography.hazmat.primitives import hashes

_FEWEST = 4096
"""Octets below which a shared beginning is not worth remembering."""
_MOST_BEGINNINGS = 4


class Running(Protocol):
    """A digest under way, as ``hashlib`` has it."""

    def update(self, data: bytes | memoryview, /) -> None:
        """Take more octets in."""

    def copy(self) -> Self:
        """Return a second one that goes on from here."""

    def digest(self) -> bytes:
        """Return the digest of what was taken in; more may follow."""


class Sm3:
    """SM3 (GB/T 32905-2016) in the shape of ``hashlib``; not every build of it has SM3."""

    __slots__ = ("_state",)

    def __init__(self, state: hashes.Hash | None = None) -> None:
        """Begin, or go on from a state."""
        self._state = state or hashes.Hash(hashes.SM3())

    def update(self, data: bytes | memoryview, /) -> None:
        """Take more octets in."""
        self._state.update(data)

    def copy(self) -> Sm3:
        """Return a second one that goes on from here."""
        return Sm3(self._state.copy())

    def digest(self) -> bytes:
        """Return the digest of what was taken in; more may follow."""
        return self._state.copy().finalize()


def start(name: str) -> Running:
    """Begin a digest by our name: ``sm3``, ``sha256``, ``sha384``, ``sha512``."""
    return Sm3() if name == "sm3" else hashlib.new(name)


class Beginnings:
    """Remembers how far files of one kind are equal and the digest up to there.

    Files made from one template begin alike, and hashing that part once is enough. Nothing is
    taken on trust: a beginning counts only for a file that has exactly its octets. Safe for
    threads, which at worst learn the same thing twice.
    """

    def __init__(self, name: str) -> None:
        """Learn for the digest ``name``."""
        self._start: Callable[[], Running] = lambda: start(name)
        self._known: tuple[tuple[bytes, Running], ...] = ()
        self._last = b""

    def after(self, data: bytes) -> Running:
        """Return the digest of ``data``, open for more."""
        for beginning, state in self._known:
            if data.startswith(beginning):
                running = state.copy()
                running.update(memoryview(data)[len(beginning) :])
                return running
        last, self._last = self._last, data
        size = _common(last, data)
        running = self._start()
        running.update(data[:size])
        if size >= _FEWEST:
            shorter = [item for item in self._known if not item[0].startswith(data[:size])]
            self._known = ((data[:size], running.copy()), *shorter)[:_MOST_BEGINNINGS]
        running.update(data[size:])
        return running


def _common(one: bytes, two: bytes) -> int:
    """Return how many octets two files have in common at their beginnings."""
    low, high = 0, min(len(one), len(two))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == two[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
