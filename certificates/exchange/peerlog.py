"""What one hub's log holds about one peer, in a file that proves itself: JSON Lines.

The first line names the log and carries its signed checkpoint; every further line is one entry with
its inclusion proof. Entries of the exchange come whole, so that what they name is proven too; the
home hub's answers come as leaf hashes only, for they tell of certificates. No personal data.
Format: docs/formats/peer-log.md.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from audit.model import Checkpoint, Numbered
from audit.note import LogKey, key_from_text, open_note
from audit.tree import leaf_hash, verify_inclusion
from certificates.errors import Code
from kernel.clock import from_iso, to_iso
from kernel.errors import TongbanError

FORMAT: Final = "tongban-peer-log"
VERSION: Final = 1
_LONGEST_LINE: Final = 256 * 1024
_REGION: Final = re.compile(r"[0-9]{6}")
EXCHANGE: Final = "certificates.exchange-"
ANSWER: Final = "certificates.request-"


@dataclass(frozen=True, slots=True)
class Head:
    """Whose log, about whom, and up to where. ``made`` is the exporter's clock."""

    region: str
    peer: str
    made: datetime
    note: str
    key: str
    """The log's verifier key as the exporter gives it; no trust rests on it."""


@dataclass(frozen=True, slots=True)
class Record:
    """One entry. ``body`` is the leaf itself, or empty where only its hash is given."""

    index: int
    proof: tuple[bytes, ...]
    leaf: bytes
    kind: str
    subject: str
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Proven:
    """An entry whose place in the log is proven; ``data`` is empty where no body was given."""

    leaf: str
    kind: str
    subject: str
    actor: str
    at: datetime | None
    data: Mapping[str, Any]


def is_about(kind: str, body: Mapping[str, Any], peer: str) -> bool:
    """Tell whether an entry belongs into the file about ``peer``."""
    by = str(body["actor"]["id"])
    if by == f"peer:{peer}":
        return kind.startswith((EXCHANGE, ANSWER))
    if not kind.startswith(EXCHANGE):
        return False
    # Whoever could not be proven to be this peer may still be it: its log can name our refusal.
    return by == "peer:unknown" or body["data"].get("region") == peer


def record_of(
    entry: Numbered, proof: tuple[bytes, ...], kind: str, subject: str, body: bytes
) -> Record:
    """Return the record of an entry of the log; answers keep their bodies to themselves."""
    shown = body if kind.startswith(EXCHANGE) else b""
    return Record(entry.index, proof, entry.leaf, kind, subject, shown)


def write(head: Head, records: Iterable[Record]) -> Iterator[bytes]:
    """Yield the lines of a file."""
    first = {
        "format": FORMAT,
        "version": VERSION,
        "region": head.region,
        "peer": head.peer,
        "made": to_iso(head.made),
        "key": head.key,
        "checkpoint": head.note,
    }
    yield _line(first)
    for one in records:
        row: dict[str, Any] = {"index": one.index, "proof": [_b64(item) for item in one.proof]}
        if one.body:
            row["entry"] = one.body.decode()
        else:
            row |= {"leaf": _b64(one.leaf), "kind": one.kind, "subject": one.subject}
        yield _line(row)


def read_head(line: bytes) -> Head:
    """Read the first line; raises TongbanError ``peer-log-malformed``."""
    try:
        raw = json.loads(line[:_LONGEST_LINE])
        said = raw["format"], raw["version"], raw["region"], raw["peer"]
        head = Head(said[2], said[3], from_iso(raw["made"]), _text(raw["checkpoint"]), raw["key"])
        regions = all(_REGION.fullmatch(one) for one in said[2:]) and said[2] != said[3]
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise TongbanError(Code.PEER_LOG_MALFORMED, line="1") from error
    if said[:2] != (FORMAT, VERSION) or not regions or not isinstance(head.key, str):
        raise TongbanError(Code.PEER_LOG_MALFORMED, line="1")
    return head


def prove(head: Head, lines: Iterable[bytes], key: LogKey | None = None) -> Iterator[Proven | int]:
    """Yield each entry that the checkpoint proves, or the number of a line that it does not prove.

    ``key`` is the log's, from a source one trusts; without it the file's own is taken, and the file
    proves nothing but that it agrees with itself. Raises TongbanError ``peer-log-malformed``, and
    ``note-untrusted``, ``note-malformed`` or ``log-key-malformed`` of the log.
    """
    checkpoint = open_note(head.note, key or key_from_text(head.key))
    seen: set[int] = set()
    for number, line in enumerate(lines, start=2):
        try:
            record = _record(line)
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise TongbanError(Code.PEER_LOG_MALFORMED, line=str(number)) from error
        if record.index in seen or not _holds(record, checkpoint):
            yield number
            continue
        seen.add(record.index)
        yield _proven(record)


def _holds(record: Record, checkpoint: Checkpoint) -> bool:
    size, root = checkpoint.size, checkpoint.root
    return verify_inclusion(record.leaf, record.index, size, record.proof, root)


def _record(line: bytes) -> Record:
    if len(line) > _LONGEST_LINE:
        raise ValueError("length")
    raw = json.loads(line)
    index, proof = raw["index"], tuple(_unb64(item) for item in raw["proof"])
    if not isinstance(index, int) or isinstance(index, bool) or len(proof) > 64:
        raise ValueError("index")
    if "entry" not in raw:
        leaf, kind = _unb64(raw["leaf"]), _text(raw["kind"])
        return Record(index, proof, leaf, kind, _text(raw["subject"]))
    body = _text(raw["entry"]).encode()
    said = json.loads(body)
    kind, subject = _text(said["kind"]), _text(said["subject"])
    _text(said["actor"]["id"])
    if not isinstance(said["data"], dict):
        raise TypeError("data")
    from_iso(said["at"])
    return Record(index, proof, leaf_hash(body), kind, subject, body)


def _proven(record: Record) -> Proven:
    said = json.loads(record.body) if record.body else None
    return Proven(
        leaf=_b64(record.leaf),
        kind=record.kind,
        subject=record.subject,
        actor=said["actor"]["id"] if said else "",
        at=from_iso(said["at"]) if said else None,
        data=said["data"] if said else {},
    )


def _line(row: Mapping[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _text(raw: Any) -> str:
    if not isinstance(raw, str):
        raise TypeError("text")
    raw.encode("utf-8")  # a lone surrogate is no text
    return raw


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _unb64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("Base64") from error
