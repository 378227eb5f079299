"""Ports that several rooms share. Implemented in ``storage``, joined in ``hub/wiring.py``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Generic, NewType, Protocol, TypeVar

from kernel.actors import Actor
from kernel.ids import JournalNo

T = TypeVar("T")

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]

Digest = NewType("Digest", str)
"""Name of an object: ``sha256:`` and 64 lower-case hex digits of its bytes."""


@dataclass(frozen=True, slots=True)
class Event:
    """One journal entry: who did what to which object, with ids and commitments only.

    ``kind`` is ``room.verb-done`` (``certificates.issued``); ``subject`` the id of the object.
    ``data`` never holds personal data, not even encrypted: names, codes and values stay outside.
    """

    kind: str
    subject: str
    actor: Actor
    data: Mapping[str, Json] = field(default_factory=dict)


class Tx(Protocol):
    """An open transaction. Opaque: only a room's ``store.py`` unwraps it (``storage.rows``)."""

    def record(self, event: Event) -> None:
        """Write the event to the journal in this transaction."""


@dataclass(frozen=True, slots=True)
class Recorded(Generic[T]):
    """A committed result and the journal rows that belong to it. The door serialises only these."""

    value: T
    journal: tuple[JournalNo, ...]


class Transactions(Protocol):
    """The one way to change and to read state."""

    def write(self, work: Callable[[Tx], T]) -> Recorded[T]:
        """Run ``work`` in one transaction and return after the durable commit.

        ``work`` does no I/O outside ``tx``, may run twice, returns refusals as values. It must
        record at least one event, otherwise the transaction rolls back with ``RuntimeError``.
        """

    def submit(self, work: Callable[[Tx], T]) -> Future[Recorded[T]]:
        """Like ``write`` but at once; the future ends after the durable commit.

        For the event loop, so that many answers share one commit without a thread each.
        """

    def read(self, query: Callable[[Tx], T]) -> T:
        """Run ``query`` on a consistent snapshot; ``record`` is not allowed inside."""

    def housekeep(self, work: Callable[[Tx], T]) -> T:
        """Like ``write`` but without an event: cursors, leases, caches. Never for state."""


class Objects(Protocol):
    """Content-addressed files. A race of writers is harmless; a wrong byte is an error."""

    def put(self, data: bytes) -> Digest:
        """Store durably and return the name. Storing again changes nothing."""

    def put_many(self, items: Sequence[bytes]) -> tuple[Digest, ...]:
        """Store several, all durable when it returns; cheaper than one by one."""

    def put_file(self, path: Path) -> Digest:
        """Store a file of any size in bounded memory."""

    def get(self, digest: Digest) -> bytes:
        """Return the bytes after checking them against the name.

        Raises TongbanError ``object-missing`` or ``object-corrupt``.
        """

    def open(self, digest: Digest) -> BinaryIO:
        """Open for streaming after the bytes were checked once; caller closes."""

    def local(self, digest: Digest) -> AbstractContextManager[Path]:
        """Give a local path for libraries that need one; downloaded first where remote."""

    def has(self, digest: Digest) -> bool:
        """Tell whether the object exists."""


class Vault(Protocol):
    """Encrypts personal columns and blinds look-up keys."""

    def seal(self, table: str, row: str, column: str, text: str) -> bytes:
        """Encrypt bound to its place: moved to another row or column it does not open."""

    def open(self, table: str, row: str, column: str, sealed: bytes) -> str:
        """Decrypt; raises TongbanError ``cell-corrupt``."""

    def blind(self, label: str, value: str) -> str:
        """Return the keyed index of a value: equal for equal input, meaningless without the key."""


class Leases(Protocol):
    """One holder at a time for a named duty (sequencer, worker), with a fencing epoch."""

    def acquire(self, name: str, owner: str, seconds: int) -> int | None:
        """Take or renew; returns the epoch, larger for each new owner, or None while held."""

    def release(self, name: str, owner: str) -> None:
        """Give back early."""


@dataclass(frozen=True, slots=True)
class JournalRow:
    """A committed journal entry. ``body`` is its canonical JSON, the leaf of the log."""

    no: JournalNo
    at: datetime
    kind: str
    subject: str
    body: bytes


class Journal(Protocol):
    """Reads of the journal by number: for the log, webhooks, inboxes and figures."""

    def after(self, tx: Tx, no: int, limit: int) -> list[JournalRow]:
        """Return at most ``limit`` rows with larger numbers, in order."""

    def about(self, tx: Tx, subject: str, limit: int = 200) -> list[JournalRow]:
        """Return the rows of one subject, oldest first."""


class Probe(Protocol):
    """Instrumentation of durable writes; tests kill the process before or after the n-th one."""

    def durable(self, name: str) -> AbstractContextManager[None]:
        """Surround one durable write called ``name``."""


class Progress(Protocol):
    """Where long work reports to: a bar on a terminal, a row for the progress page."""

    def track(self, label: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
        """Open a task; call the returned function with the number of units done since."""


Rows = Iterator[Mapping[str, str]]
