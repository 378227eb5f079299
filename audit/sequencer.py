"""Gives journal rows their places in the log and signs checkpoints over them.

Three steps, each resumable after a crash: *number* (rows get dense indexes in the database),
*publish* (tiles and bundles are written and proven), *sign* (the checkpoint is kept in the
database, whose key admits one for each size, before anybody can read it).
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from audit import publish, store
from audit.errors import Code
from audit.model import Checkpoint, Head, Numbered, Signed
from audit.note import LogKey, body_of, signed_note
from audit.ports import JournalReader, LogFiles, NoteSigner
from audit.publish import Block
from audit.tiles import CHECKPOINT, KEY
from audit.tree import CompactRange, is_sound, leaf_hash
from kernel.clock import Clock, to_iso
from kernel.errors import TongbanError
from kernel.ports import Leases, Transactions, Tx

LEASE = "audit.sequencer"
LEASE_SECONDS = 30
_BATCH = 1024
_POLL_SECONDS = 0.01
_RETRY_SECONDS = 1.0

_log = logging.getLogger("tongban.audit")


@dataclass(frozen=True, slots=True)
class Progress:
    """What one run did: rows numbered, size of the tree, size of the newest checkpoint."""

    numbered: int
    size: int
    signed: int


def own_name() -> str:
    """Return a name for this process that no other process has or had."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


@dataclass(slots=True)
class Sequencer:
    """The one writer of a log. Many processes may have one; the lease decides whose turn it is.

    ``every`` is the least time in seconds between two checkpoints.
    """

    transactions: Transactions
    journal: JournalReader
    leases: Leases
    files: LogFiles
    signer: NoteSigner
    key: LogKey
    clock: Clock
    owner: str = field(default_factory=own_name)
    every: float = 1.0
    _epoch: int = 0
    _renew_at: float = 0.0
    _sign_at: float = 0.0

    def run_once(self, *, force: bool = False) -> Progress | None:
        """Number what is new and, when one is due or forced, sign a checkpoint.

        Returns None while another process holds the lease. Raises ``log-damaged`` when the stored
        log does not give the recorded root: then nothing is signed.
        """
        if not self._held():
            return None
        head, signed, behind = self.transactions.read(self._state)
        numbered = 0
        if behind:
            numbered = self._number()
            head, signed, _ = self.transactions.read(self._state)
        if force or time.monotonic() >= self._sign_at:
            if head.size and (signed is None or signed.size < head.size):
                signed = self._sign(head, signed)
                self._sign_at = time.monotonic() + self.every
            if signed is not None:
                self._show(signed)
        return Progress(numbered, head.size, signed.size if signed else 0)

    def serve(self, stop: threading.Event) -> None:
        """Run until ``stop`` is set; a failure is logged by its code or kind and tried again."""
        try:
            while not stop.is_set():
                stop.wait(self._turn())
        finally:
            self.close()

    def close(self) -> None:
        """Give the lease back."""
        if self._epoch:
            self.leases.release(LEASE, self.owner)
            self._epoch, self._renew_at = 0, 0.0

    def _turn(self) -> float:
        """Run once and return the seconds to wait before the next turn."""
        try:
            return _POLL_SECONDS if self.run_once() else _RETRY_SECONDS
        except TongbanError as error:
            _log.warning("sequencer failed: %s", error.code)
        except Exception as error:  # noqa: BLE001 - a full disk must not end the log
            kind = type(error).__name__
            _log.error("sequencer failed: %s", kind)
        return _RETRY_SECONDS

    def _held(self) -> bool:
        if time.monotonic() >= self._renew_at:
            self._epoch = self.leases.acquire(LEASE, self.owner, LEASE_SECONDS) or 0
            # Renewed at a third of its time; the epoch, not the time, is what keeps us safe.
            self._renew_at = time.monotonic() + (LEASE_SECONDS / 3 if self._epoch else 0)
        return bool(self._epoch)

    def _state(self, tx: Tx) -> tuple[Head, Signed | None, bool]:
        """Return the head, the newest checkpoint, and whether rows wait for their numbers."""
        head = store.head(tx, self.key.name)
        return head, store.latest(tx), bool(self.journal.after(tx, head.journal_no, 1))

    def _fenced(self, tx: Tx) -> None:
        if store.epoch_of(tx, LEASE) != self._epoch:
            self._renew_at = 0.0
            raise TongbanError(Code.LEASE_LOST)

    def _number(self) -> int:
        total = 0
        while True:
            count = self.transactions.housekeep(self._batch)
            total += count
            if count < _BATCH or not self._held():
                return total

    def _batch(self, tx: Tx) -> int:
        self._fenced(tx)
        head = store.head(tx, self.key.name)
        if not is_sound(head.size, head.frontier, head.root):
            raise TongbanError(Code.LOG_DAMAGED, what="head")
        tree = CompactRange(head.size, list(head.frontier))
        entries: list[Numbered] = []
        for row in self.journal.after(tx, head.journal_no, _BATCH):
            leaf = leaf_hash(row.body)
            entries.append(Numbered(tree.size, row.no, leaf))
            tree.append(leaf)
        if entries:
            store.append(tx, self.key.name, entries, tree)
        return len(entries)

    def _sign(self, head: Head, before: Signed | None) -> Signed:
        old = before.size if before else 0
        self._show_key()
        publish.write(self.files, old, head.size, self._block)
        if publish.prove(self.files, old, head.size) != head.root:
            raise TongbanError(Code.LOG_DAMAGED, what=f"root {head.size}")
        if before and publish.root_at(self.files, old, head.size) != before.root:
            raise TongbanError(Code.LOG_DAMAGED, what=f"root {old}")
        checkpoint = Checkpoint(self.key.name, head.size, head.root)
        message = body_of(checkpoint)
        signature = self.signer.sign(message)
        if not self.key.verify(message, signature):
            raise TongbanError(Code.SIGNER_WRONG)
        note = signed_note(checkpoint, self.key, signature)
        signed = Signed(head.size, head.root, note, to_iso(self.clock.now()))
        self.transactions.housekeep(self._keep(signed))
        self._show(signed)
        publish.sweep(self.files, old, head.size)
        return signed

    def _keep(self, signed: Signed) -> Callable[[Tx], None]:
        def work(tx: Tx) -> None:
            self._fenced(tx)
            if not store.sign(tx, signed):
                raise TongbanError(Code.LOG_FORKED, size=signed.size)

        return work

    def _block(self, start: int, count: int) -> Block:
        def query(tx: Tx) -> Block:
            leaves = store.entries(tx, start, count)
            found = {row.no: row.body for row in self.journal.among(tx, [one.no for one in leaves])}
            if [one.index for one in leaves] != list(range(start, start + count)):
                raise TongbanError(Code.LOG_DAMAGED, what=f"index {start}")
            missing = [one.no for one in leaves if one.no not in found]
            if missing:
                raise TongbanError(Code.LOG_DAMAGED, what=f"journal {missing[0]}")
            return Block(leaves, [found[one.no] for one in leaves])

        return self.transactions.read(query)

    def _show(self, signed: Signed) -> None:
        """Publish the kept checkpoint; also repairs what a crash after keeping it left undone."""
        if self.files.read(CHECKPOINT) != signed.note.encode():
            self.files.write(CHECKPOINT, signed.note.encode())

    def _show_key(self) -> None:
        line = (self.key.to_text() + "\n").encode()
        if self.files.read(KEY) != line:
            self.files.write(KEY, line)
