"""Tables of ``identity``: sessions, tokens and used assertions by digest, client suspensions.

No personal data: whoever signed in is named by persona or client id.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import (
    Column,
    Index,
    MetaData,
    String,
    Table,
    bindparam,
    delete,
    select,
    update,
)

from identity.model import ClientStatus, Session
from kernel.clock import from_iso, to_iso
from kernel.ports import Tx
from storage.transactions import rows
from storage.writing import insert_if_absent

METADATA: Final = MetaData()

_SESSION: Final = Table(
    "identity_session",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("persona", String(64), nullable=False),
    Column("started", String(24), nullable=False),
    Column("expires", String(24), nullable=False),
)
_TOKEN: Final = Table(
    "identity_token",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("client", String(64), nullable=False),
    Column("expires", String(24), nullable=False),
)
_ASSERTION: Final = Table(
    "identity_assertion",
    METADATA,
    Column("client", String(64), primary_key=True),
    Column("jti", String(128), primary_key=True),
    Column("expires", String(24), nullable=False),
)
_CLIENT: Final = Table(
    "identity_client",
    METADATA,
    Column("client", String(64), primary_key=True),
    Column("status", String(16), nullable=False),
    Column("since", String(24), nullable=False),
)
_TICKET: Final = Table(
    "identity_ticket",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("actor", String(96), nullable=False),
    Column("subject", String(160), nullable=False),
    Column("expires", String(24), nullable=False),
)
Index("identity_session_expires", _SESSION.c.expires)
Index("identity_token_expires", _TOKEN.c.expires)
Index("identity_assertion_expires", _ASSERTION.c.expires)
Index("identity_ticket_expires", _TICKET.c.expires)


def add_session(tx: Tx, session: Session) -> None:
    """Remember a session by the digest of its token."""
    rows(tx).execute(
        _SESSION.insert().values(
            digest=session.digest,
            persona=session.persona,
            started=to_iso(session.started),
            expires=to_iso(session.expires),
        )
    )


_FIND_SESSION: Final = select(_SESSION).where(_SESSION.c.digest == bindparam("digest"))


def find_session(tx: Tx, digest: str) -> Session | None:
    """Return the session with this token digest; the caller judges its expiry."""
    row = rows(tx).execute(_FIND_SESSION, {"digest": digest}).first()
    if row is None:
        return None
    return Session(row.digest, row.persona, from_iso(row.started), from_iso(row.expires))


def end_session(tx: Tx, digest: str) -> bool:
    """Forget a session; tells whether there was one."""
    done = rows(tx).execute(delete(_SESSION).where(_SESSION.c.digest == digest))
    return bool(done.rowcount == 1)


def add_token(tx: Tx, digest: str, client: str, expires: datetime) -> None:
    """Remember an access token by its digest."""
    rows(tx).execute(_TOKEN.insert().values(digest=digest, client=client, expires=to_iso(expires)))


_FIND_TOKEN: Final = (
    select(_TOKEN.c.client, _TOKEN.c.expires, _CLIENT.c.status)
    .outerjoin(_CLIENT, _CLIENT.c.client == _TOKEN.c.client)
    .where(_TOKEN.c.digest == bindparam("digest"))
)
"""Built once: every call of an agency runs it."""


def find_token(tx: Tx, digest: str) -> tuple[str, datetime, ClientStatus | None] | None:
    """Return client, expiry and the client's status where an administrator set one."""
    row = rows(tx).execute(_FIND_TOKEN, {"digest": digest}).first()
    if row is None:
        return None
    return row.client, from_iso(row.expires), ClientStatus(row.status) if row.status else None


def spend_assertion(tx: Tx, client: str, jti: str, expires: datetime) -> bool:
    """Use up a ``jti``; False when it was used before. The primary key decides a race."""
    values = {"client": client, "jti": jti, "expires": to_iso(expires)}
    return insert_if_absent(tx, _ASSERTION, values)


def add_ticket(tx: Tx, digest: str, actor: str, subject: str, expires: datetime) -> None:
    """Remember a single-use ticket by its digest."""
    values = {"digest": digest, "actor": actor, "subject": subject, "expires": to_iso(expires)}
    rows(tx).execute(_TICKET.insert().values(values))


def spend_ticket(tx: Tx, digest: str, actor: str, now: datetime) -> str | None:
    """Use up a live ticket of this actor and return its subject; None for any other."""
    mine = (_TICKET.c.digest == digest) & (_TICKET.c.actor == actor)
    query = delete(_TICKET).where(mine).returning(_TICKET.c.subject, _TICKET.c.expires)
    row = rows(tx).execute(query).first()
    return row.subject if row is not None and from_iso(row.expires) > now else None


def client_status(tx: Tx, client: str) -> ClientStatus | None:
    """Return the status an administrator set, which wins over the registry's; None if none."""
    found = rows(tx).execute(select(_CLIENT.c.status).where(_CLIENT.c.client == client)).scalar()
    return ClientStatus(found) if found else None


def set_client_status(tx: Tx, client: str, status: ClientStatus, now: datetime) -> None:
    """Set the status of a client from now on."""
    connection = rows(tx)
    values = {"status": status.value, "since": to_iso(now)}
    changed = connection.execute(update(_CLIENT).where(_CLIENT.c.client == client).values(values))
    if changed.rowcount == 0:
        connection.execute(_CLIENT.insert().values(client=client, **values))


def forget_expired(tx: Tx, now: datetime) -> None:
    """Drop what can no longer be used, so that the tables stay as small as the last hours."""
    limit = to_iso(now)
    for table in (_SESSION, _TOKEN, _ASSERTION, _TICKET):
        rows(tx).execute(delete(table).where(table.c.expires < limit))
