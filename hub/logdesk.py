"""Joins audit to the hub: log files, log key at the signer, sequencer, receipts, checks."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from audit.check import check
from audit.model import Report
from audit.note import LogKey, key_from_spki, key_from_text
from audit.receipts import Receipts, to_json
from audit.sequencer import Sequencer
from audit.tiles import KEY
from hub.receipts import Waiting
from kernel.errors import Refused, TongbanError
from kernel.ids import JournalNo
from kernel.ports import Json
from signing.authority import LOG_KEY
from signing.ports import Purpose, Signer, SignRequest
from storage.files import FolderFiles

if TYPE_CHECKING:
    from hub.wiring import Hub


@dataclass(frozen=True, slots=True)
class CheckpointSigner:
    """Implements ``audit.ports.NoteSigner``: one tree size gets one checkpoint, ever.

    The signer keeps number and digest, so a second root for a size is refused there even if this
    hub's own database were put back to an older state.
    """

    signer: Signer
    origin: str

    def sign(self, message: bytes) -> bytes:
        """Return the Ed25519 signature over the note's text; the refusal's code as TongbanError."""
        size = message.split(b"\n", 2)[1].decode("ascii", "replace")
        number = f"{self.origin} {size}"[:200]
        answer = self.signer.sign(SignRequest(LOG_KEY, message, Purpose.LOG_CHECKPOINT, number))
        if isinstance(answer, Refused):
            raise TongbanError(answer.code, **answer.params)
        return answer.signature


class LogDesk:
    """The Merkle log of one hub."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.files = FolderFiles(hub.settings.root / "log", hub.probe)

    @property
    def origin(self) -> str:
        """Name of the log: unlike that of any other hub."""
        settings = self._hub.settings
        seed = hashlib.sha256(self._hub.vault.blind("log", "origin").encode()).hexdigest()[:8]
        return f"tongban/{settings.region}/{seed}"

    @cached_property
    def key(self) -> LogKey:
        """The log's public key: as published, else as the signer has it."""
        known = self.files.read(KEY)
        if known is not None:
            return key_from_text(known.decode())
        client = self._hub.signer.client
        info = client.key(LOG_KEY) or client.create(LOG_KEY, "ed25519", (Purpose.LOG_CHECKPOINT,))
        return key_from_spki(self.origin, info.spki)

    def sequencer(self) -> Sequencer:
        """Return the writer of the log; the lease decides which process's turn it is."""
        database = self._hub.database
        return Sequencer(
            transactions=database.transactions,
            journal=database.journal,
            leases=database.leases,
            files=self.files,
            signer=CheckpointSigner(self._hub.signer.client, self.key.name),
            key=self.key,
            clock=self._hub.clock,
        )

    @cached_property
    def receipts(self) -> Receipts:
        """Proofs of entries."""
        return Receipts(self._hub.database.transactions, self.files)

    @cached_property
    def waiting(self) -> Waiting:
        """Answers that wait for the index of their entry."""
        return Waiting(self.receipts)

    def receipt(self, journal_no: int) -> Json:
        """Return a row's receipt as an answer carries it (``certificates.ports.Proofs``)."""
        return to_json(self.receipts.receipt(JournalNo(journal_no)))

    def check(self) -> Report:
        """Recompute the whole log."""
        database = self._hub.database
        return check(
            key=self.key,
            files=self.files,
            transactions=database.transactions,
            journal=database.journal,
        )
