"""Statements on nonces, cut-off peers and exchanges."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import delete, insert, select, update

from certificates.exchange.model import State
from certificates.matters_model import CopyFormat
from certificates.requests_model import Copy
from certificates.store import EXCHANGE, PEER_CUT, PEER_NONCE, insert_once
from kernel.clock import from_iso, to_iso
from kernel.ports import Digest, Tx
from storage.transactions import rows

KEPT = timedelta(hours=1)
"""How long nonces stay: far longer than any signature lives on any clock that is accepted."""
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ExchangeRow:
    """One exchange as the requester's hub keeps it; ``code`` is set once it was refused."""

    id: str
    requester: str
    key: str
    body_ref: str
    region: str
    state: State
    code: str
    copies: tuple[Copy, ...]
    at: datetime


def full_for(tx: Tx, region: str, now: datetime, per_minute: int) -> int:
    """Return for how many seconds a peer's minute is still full; 0 where there is room."""
    taken = PEER_NONCE.c.region == region, PEER_NONCE.c.at > to_iso(now - _MINUTE)
    newest = select(PEER_NONCE.c.at).where(*taken).order_by(PEER_NONCE.c.at.desc())
    last = rows(tx).execute(newest.offset(per_minute - 1).limit(1)).scalar()
    if last is None:
        return 0
    return max(1, math.ceil((from_iso(last) + _MINUTE - now).total_seconds()))


def take_nonce(tx: Tx, region: str, nonce: str, now: datetime) -> bool:
    """Keep a nonce; False where it was taken before. Forgets those that can prove nothing now."""
    connection = rows(tx)
    connection.execute(delete(PEER_NONCE).where(PEER_NONCE.c.at < to_iso(now - KEPT)))
    same = (PEER_NONCE.c.region == region, PEER_NONCE.c.nonce == nonce)
    if connection.execute(select(PEER_NONCE.c.at).where(*same)).first():
        return False
    values = {"region": region, "nonce": nonce, "at": to_iso(now)}
    insert_once(connection, PEER_NONCE, values)
    return True


def is_cut(tx: Tx, region: str) -> bool:
    """Tell whether somebody cut the peer off."""
    query = select(PEER_CUT.c.at).where(PEER_CUT.c.region == region)
    return rows(tx).execute(query).first() is not None


def cut(tx: Tx, region: str, reason: str, now: datetime) -> bool:
    """Cut a peer off; False where it was."""
    if is_cut(tx, region):
        return False
    values = {"region": region, "at": to_iso(now), "reason": reason}
    insert_once(rows(tx), PEER_CUT, values)
    return True


def admit(tx: Tx, region: str) -> bool:
    """Take a peer back; False where it was not cut off."""
    done = rows(tx).execute(delete(PEER_CUT).where(PEER_CUT.c.region == region))
    return bool(done.rowcount)


def by_key(tx: Tx, requester: str, key: str) -> ExchangeRow | None:
    """Return the exchange that an idempotency key stands for, or None."""
    query = select(EXCHANGE).where(
        EXCHANGE.c.requester == requester, EXCHANGE.c.idempotency_key == key
    )
    row = rows(tx).execute(query).first()
    return _row(row) if row else None


def find(tx: Tx, key: str) -> ExchangeRow | None:
    """Return an exchange, or None."""
    row = rows(tx).execute(select(EXCHANGE).where(EXCHANGE.c.id == key)).first()
    return _row(row) if row else None


def begin(tx: Tx, row: ExchangeRow) -> None:
    """Keep a new exchange."""
    values = {
        "id": row.id,
        "requester": row.requester,
        "idempotency_key": row.key,
        "body_ref": row.body_ref,
        "region": row.region,
        "state": row.state.value,
        "at": to_iso(row.at),
    }
    rows(tx).execute(insert(EXCHANGE).values(values))


def end(tx: Tx, key: str, state: State, code: str = "", copies: tuple[Copy, ...] = ()) -> None:
    """Keep how an exchange ended."""
    shown = [[one.format, one.digest, one.size, to_iso(one.expires_at)] for one in copies]
    values = {"state": state.value, "code": code, "copies": json.dumps(shown)}
    rows(tx).execute(update(EXCHANGE).where(EXCHANGE.c.id == key).values(values))


def _row(row: object) -> ExchangeRow:
    found = row._mapping  # type: ignore[attr-defined]  # noqa: SLF001 - SQLAlchemy's public name
    copies = tuple(
        Copy(cast("CopyFormat", form), Digest(digest), size, from_iso(until))
        for form, digest, size, until in json.loads(found["copies"])
    )
    return ExchangeRow(
        id=found["id"],
        requester=found["requester"],
        key=found["idempotency_key"],
        body_ref=found["body_ref"],
        region=found["region"],
        state=State(found["state"]),
        code=found["code"],
        copies=copies,
        at=from_iso(found["at"]),
    )
