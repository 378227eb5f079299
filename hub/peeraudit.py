"""What an auditor does with two logs: export ours about a peer, match it with the peer's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, Final

from audit import store
from audit.errors import Code as LogCode
from audit.model import Numbered, Signed
from audit.note import LogKey, key_from_text
from audit.tiles import nodes
from audit.tree import inclusion_proof
from certificates.errors import Code
from certificates.exchange import peerlog
from certificates.exchange.matching import Matching, Side, match
from certificates.exchange.peerlog import Head, Record
from hub import logbook
from kernel.actors import Actor, authorise
from kernel.errors import Refused, TongbanError
from kernel.ids import JournalNo
from kernel.ports import Event, JournalRow

if TYPE_CHECKING:
    from hub.wiring import Hub

_BLOCK: Final = 2000
_FEW: Final = 400
LARGEST: Final = 64 * 1024 * 1024
"""Of a file given to the page; the command line takes any size."""


def export(hub: Hub, actor: Actor, peer: str) -> tuple[Head, Iterator[Record]] | Refused:
    """Return what this hub's log holds about a peer, up to its newest checkpoint; recorded.

    Raises TongbanError ``log-empty``.
    """
    allowed = authorise(actor, logbook.CHECK)
    if isinstance(allowed, Refused):
        return allowed
    known = hub.peer(peer) if peer.isascii() and peer.isdecimal() and len(peer) == 6 else None
    if known is None:
        return Refused(Code.PEER_UNKNOWN, {"region": peer[:12]})
    signed = logbook.checkpoint(hub, actor)
    if isinstance(signed, Refused):
        return signed
    if signed is None:
        raise TongbanError(LogCode.LOG_EMPTY)
    event = Event("certificates.peer-log-exported", peer, actor, {"size": signed.size})
    hub.database.transactions.write(lambda tx: tx.record(event))
    head = Head(
        region=hub.settings.region,
        peer=peer,
        made=hub.clock.now(),
        note=signed.note,
        key=hub.log.key.to_text(),
    )
    return head, _records(hub, peer, signed)


def lines(hub: Hub, actor: Actor, peer: str) -> Iterator[bytes] | Refused:
    """Return the file of ``export``, line by line."""
    found = export(hub, actor, peer)
    return found if isinstance(found, Refused) else peerlog.write(*found)


def compare(
    hub: Hub, actor: Actor, theirs: BinaryIO, key: LogKey | None = None
) -> Matching | Refused:
    """Match the peer's file with this hub's own log; ``key`` is the peer's log key.

    Raises as ``peerlog.read_head`` and ``peerlog.prove`` do, and ``peer-log-other`` where the file
    is not about this hub.
    """
    allowed = authorise(actor, logbook.CHECK)
    if isinstance(allowed, Refused):
        return allowed
    head = peerlog.read_head(theirs.readline())
    if head.peer != hub.settings.region:
        raise TongbanError(Code.PEER_LOG_OTHER, region=head.region, peer=head.peer)
    # Theirs first: what they have by now is in ours too.
    there = Side.of(head.region, head.made, peerlog.prove(head, theirs, key))
    own = lines(hub, actor, head.region)
    if isinstance(own, Refused):
        return own
    mine = peerlog.read_head(next(own))
    here = Side.of(mine.region, mine.made, peerlog.prove(mine, own, hub.log.key))
    return match(here, there)


def compare_files(
    ours: BinaryIO, theirs: BinaryIO, key: LogKey | None, own_key: LogKey | None
) -> Matching:
    """Match two files without any hub; raises as ``compare`` does."""
    sides = []
    heads = [peerlog.read_head(file.readline()) for file in (ours, theirs)]
    if (heads[0].region, heads[0].peer) != (heads[1].peer, heads[1].region):
        raise TongbanError(Code.PEER_LOG_OTHER, region=heads[1].region, peer=heads[1].peer)
    for head, file, one in zip(heads, (ours, theirs), (own_key, key), strict=True):
        sides.append(Side.of(head.region, head.made, peerlog.prove(head, file, one)))
    return match(*sides)


def key_of(text: str) -> LogKey | None:
    """Read a log key that somebody typed, or None for none; raises ``log-key-malformed``."""
    return key_from_text(text) if text.strip() else None


def _records(hub: Hub, peer: str, signed: Signed) -> Iterator[Record]:
    """Walk the whole journal in blocks; entries beyond the checkpoint are left out."""
    node = nodes(hub.log.files, signed.size)
    for block in _blocks(hub):
        rows = {row.no: row for row in block if _is_about(row, peer)}
        for entry in _numbered(hub, sorted(rows)):
            if entry.index < signed.size:
                row, proof = rows[entry.no], inclusion_proof(entry.index, signed.size, node)
                yield peerlog.record_of(entry, proof, row.kind, row.subject, row.body)


def _is_about(row: JournalRow, peer: str) -> bool:
    ours = row.kind.startswith((peerlog.EXCHANGE, peerlog.ANSWER))
    return ours and peerlog.is_about(row.kind, json.loads(row.body), peer)


def _blocks(hub: Hub) -> Iterator[list[JournalRow]]:
    database, last = hub.database, 0
    while True:
        query = partial(database.journal.after, no=last, limit=_BLOCK)
        block = database.transactions.read(query)
        if block:
            yield block
        if len(block) < _BLOCK:
            return
        last = block[-1].no


def _numbered(hub: Hub, numbers: list[JournalNo]) -> Iterator[Numbered]:
    """Return the log's entries of some rows, a few hundred at a time."""
    for start in range(0, len(numbers), _FEW):
        few = numbers[start : start + _FEW]
        yield from hub.database.transactions.read(partial(store.entries_of, numbers=few))
