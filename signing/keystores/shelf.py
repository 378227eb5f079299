"""The names of a store's keys: what every key store keeps about them in the same way."""

from __future__ import annotations

from typing import Generic, TypeVar

from kernel.errors import TongbanError
from signing.ports import KeyInfo

Handle = TypeVar("Handle")
"""By what a store finds the key itself: octets, an id on a token, an index in a device."""


class Shelf(Generic[Handle]):
    """The reading half of ``KeyStore`` over a dictionary that the store fills."""

    def __init__(self) -> None:
        """Begin without keys."""
        self._keys: dict[str, tuple[KeyInfo, Handle]] = {}

    def names(self) -> tuple[str, ...]:
        """Return the names of all keys, sorted."""
        return tuple(sorted(self._keys))

    def info(self, name: str) -> KeyInfo:
        """Describe a key; raises TongbanError ``key-unknown``."""
        return self._held(name)[0]

    def public_key(self, name: str) -> tuple[str, bytes]:
        """Return algorithm and SubjectPublicKeyInfo; raises TongbanError ``key-unknown``."""
        info = self.info(name)
        return info.algorithm, info.spki

    def _held(self, name: str) -> tuple[KeyInfo, Handle]:
        held = self._keys.get(name)
        if held is None:
            raise TongbanError("key-unknown", key=name)
        return held
