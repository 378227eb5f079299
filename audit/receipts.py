"""Receipts: the proof that a journal entry is in the log, and their text form (C2SP tlog-proof)."""

from __future__ import annotations

import base64
import binascii
import re
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from audit import store
from audit.errors import Code
from audit.model import Checkpoint, Numbered, Receipt, ReceiptState, Signed
from audit.note import LogKey, open_note
from audit.ports import LogFiles
from audit.tiles import nodes
from audit.tree import HASH_BYTES, inclusion_proof, leaf_hash, verify_inclusion
from kernel.errors import TongbanError
from kernel.ids import JournalNo
from kernel.ports import Json, Transactions, Tx

HEADER = "c2sp.org/tlog-proof@v1"
WAIT_SECONDS = 0.05
_POLL_SECONDS = 0.005
_MOST_BYTES = 64 * 1024
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class Receipts:
    """Makes receipts out of the index and the published tiles."""

    transactions: Transactions
    files: LogFiles
    sleep: Callable[[float], None] = time.sleep

    def receipt(self, no: JournalNo, wait: float = WAIT_SECONDS) -> Receipt:
        """Return the receipt of a journal row; waits at most ``wait`` seconds for its index.

        State PENDING then means: committed and safe, ask again. State NUMBERED: the index is
        final, the proof follows with the next checkpoint. Raises ``log-damaged`` when the tiles
        do not lead to the signed root.
        """
        until = time.monotonic() + wait
        found, signed = self._look(no)
        while found is None and time.monotonic() < until:
            self.sleep(_POLL_SECONDS)
            found, signed = self._look(no)
        if found is None:
            return Receipt(no, ReceiptState.PENDING)
        if signed is None:
            return Receipt(no, ReceiptState.NUMBERED, found.index, found.leaf)
        proof = inclusion_proof(found.index, signed.size, nodes(self.files, signed.size))
        if not verify_inclusion(found.leaf, found.index, signed.size, proof, signed.root):
            raise TongbanError(Code.LOG_DAMAGED, what=f"index {found.index}")
        return Receipt(
            no,
            ReceiptState.PROVEN,
            found.index,
            found.leaf,
            signed.size,
            signed.root,
            proof,
            signed.note,
        )

    def numbered(self, numbers: Collection[JournalNo]) -> dict[JournalNo, Receipt]:
        """Return receipts with the final index for those rows that have it, in one read.

        For many answers at once, at most a few hundred; proofs are left to ``receipt``.
        """
        found = self.transactions.read(lambda tx: store.entries_of(tx, numbers))
        state = ReceiptState.NUMBERED
        return {one.no: Receipt(one.no, state, one.index, one.leaf) for one in found}

    def _look(self, no: int) -> tuple[Numbered | None, Signed | None]:
        def query(tx: Tx) -> tuple[Numbered | None, Signed | None]:
            found = store.entry_of(tx, no)
            latest = store.latest(tx) if found else None
            covered = latest and found and latest.size > found.index
            return found, latest if covered else None

        return self.transactions.read(query)


def to_json(receipt: Receipt) -> dict[str, Json]:
    """Return the receipt as an answer carries it; hashes in Base64."""
    shown: dict[str, Json] = {"journal": receipt.no, "state": receipt.state.value}
    if receipt.index is not None:
        shown |= {"index": receipt.index, "leaf_hash": _b64(receipt.leaf_hash)}
    if receipt.state is ReceiptState.PROVEN:
        shown |= {
            "size": receipt.size,
            "root": _b64(receipt.root),
            "proof": [_b64(one) for one in receipt.proof],
            "checkpoint": receipt.checkpoint,
        }
    return shown


def to_text(receipt: Receipt) -> str:
    """Return a proven receipt as a tlog-proof, to be kept as ``.tlog-proof``; else ValueError."""
    if receipt.state is not ReceiptState.PROVEN:
        raise ValueError("only a proven receipt has a proof")
    lines = [HEADER, f"index {receipt.index}", *(_b64(one) for one in receipt.proof)]
    return "\n".join(lines) + "\n\n" + receipt.checkpoint


def verify(proof: str, body: bytes, key: LogKey) -> tuple[int, Checkpoint]:
    """Check a tlog-proof for the entry ``body`` offline, with a key from a source one trusts.

    Returns the entry's index and the checkpoint. Raises ``proof-malformed``, ``note-malformed``,
    ``note-untrusted``, or ``log-damaged`` when the entry is not in that tree.
    """
    index, hashes, note = _parse(proof)
    checkpoint = open_note(note, key)
    if not verify_inclusion(leaf_hash(body), index, checkpoint.size, hashes, checkpoint.root):
        raise TongbanError(Code.LOG_DAMAGED, what=f"index {index}")
    return index, checkpoint


def _parse(text: str) -> tuple[int, list[bytes], str]:
    head, blank, note = text.partition("\n\n")
    lines = head.split("\n")
    if len(text) > _MOST_BYTES or not blank or lines[0] != HEADER:
        raise _malformed("header")
    rest = lines[2:] if lines[1:2] and lines[1].startswith("extra ") else lines[1:]
    match = _INDEX.fullmatch(rest[0]) if rest else None
    if match is None:
        raise _malformed("index")
    return int(match[1]), [_hash(line) for line in rest[1:]], note


def _hash(line: str) -> bytes:
    try:
        raw = base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _malformed("hash") from error
    if len(raw) != HASH_BYTES or _b64(raw) != line:
        raise _malformed("hash")
    return raw


def _malformed(reason: str) -> TongbanError:
    return TongbanError(Code.PROOF_MALFORMED, reason=reason)


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
