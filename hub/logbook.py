"""What the log page and the audit interface read: the newest checkpoint, entries, receipts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from audit import store
from audit.model import Receipt, Signed
from kernel.actors import Actor, Allowed, authorise
from kernel.errors import Refused
from kernel.ids import JournalNo
from kernel.ports import Tx

if TYPE_CHECKING:
    from hub.wiring import Hub

READ = "audit.read"
CHECK = "audit.check"
LARGEST_NO = 2**63 - 1
_EXCHANGE = ("region", "code", "asked", "peer_entry", "peer_leaf")


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of the log as a list shows it. ``by`` is the id of the actor."""

    no: JournalNo
    index: int
    at: datetime
    kind: str
    subject: str
    by: str


def checkpoint(hub: Hub, actor: Actor) -> Signed | Refused | None:
    """Return the newest signed checkpoint, or None while the log is empty."""
    allowed = authorise(actor, READ)
    return allowed if isinstance(allowed, Refused) else hub.database.transactions.read(store.latest)


def latest(hub: Hub, actor: Actor, limit: int = 30) -> tuple[Line, ...] | Refused:
    """Return the newest entries, newest first; for auditors, because they tell who is busy."""
    allowed = authorise(actor, CHECK)
    if not isinstance(allowed, Allowed):
        return allowed

    def query(tx: Tx) -> tuple[Line, ...]:
        head = store.head(tx, hub.log.origin)
        found = store.entries(tx, max(head.size - limit, 0), limit)
        by_no = {row.no: row for row in hub.database.journal.among(tx, [one.no for one in found])}
        lines = (
            Line(one.no, one.index, row.at, row.kind, row.subject, _by(row.body))
            for one in reversed(found)
            if (row := by_no.get(one.no)) is not None
        )
        return tuple(lines)

    return hub.database.transactions.read(query)


def receipt(hub: Hub, actor: Actor, number: int) -> Receipt | Refused | None:
    """Return the receipt of a journal row, or None where there is no such row."""
    allowed = authorise(actor, READ)
    if isinstance(allowed, Refused):
        return allowed
    if not 0 < number <= LARGEST_NO:
        return None
    found = hub.database.transactions.read(lambda tx: hub.database.journal.among(tx, [number]))
    return hub.log.receipts.receipt(JournalNo(number), wait=0) if found else None


def named(hub: Hub, actor: Actor, number: int) -> dict[str, str] | Refused:
    """Return what an entry says of the exchange with another hub; empty for other entries."""
    allowed = authorise(actor, CHECK)
    if isinstance(allowed, Refused):
        return allowed
    found = hub.database.transactions.read(lambda tx: hub.database.journal.among(tx, [number]))
    if not found or not found[0].kind.startswith("certificates.exchange-"):
        return {}
    said = json.loads(found[0].body)["data"]
    return {name: said[name] for name in _EXCHANGE if isinstance(said.get(name), str)}


def about(hub: Hub, subject: str) -> tuple[Line, ...]:
    """Return the entries about one object, oldest first; the caller has authorised the object."""
    found = hub.database.transactions.read(lambda tx: hub.database.journal.about(tx, subject))
    return tuple(Line(row.no, -1, row.at, row.kind, row.subject, _by(row.body)) for row in found)


def _by(body: bytes) -> str:
    return str(json.loads(body)["actor"]["id"])
