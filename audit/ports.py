"""What the room needs of others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from kernel.ids import JournalNo
from kernel.ports import JournalRow, Tx


class NoteSigner(Protocol):
    """Signs checkpoints. Implemented over the signer's process in ``hub/wiring.py``."""

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte Ed25519 signature (RFC 8032) over the note's text."""


class LogFiles(Protocol):
    """The published files of the log, by their paths in C2SP tlog-tiles."""

    def read(self, name: str) -> bytes | None:
        """Return the file's bytes, or None when there is none."""

    def write(self, name: str, data: bytes) -> None:
        """Store durably, replacing at once or not at all."""

    def remove(self, name: str) -> None:
        """Remove a file; one that is not there is none."""

    def names(self, folder: str = "") -> Iterator[str]:
        """Name every file below ``folder``, in no particular order."""


class JournalReader(Protocol):
    """The journal as the log reads it."""

    def after(self, tx: Tx, no: int, limit: int) -> list[JournalRow]:
        """Return at most ``limit`` rows with larger numbers, in order, none stepped over."""

    def among(self, tx: Tx, numbers: Sequence[int]) -> list[JournalRow]:
        """Return the rows with these numbers, in no particular order; absent ones are left out."""

    def numbers(self, tx: Tx, no: int, limit: int) -> list[JournalNo]:
        """Return at most ``limit`` numbers larger than ``no``, in order."""
