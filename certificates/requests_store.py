"""Statements on grants and on certificate requests."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, case, func, insert, or_, select, update

from certificates.grants_model import Capacity, Grant
from certificates.requests_model import Copy, Use
from certificates.store import GRANT, GRANT_USE, HOLDER, REQUEST, insert_once
from kernel.clock import from_iso, to_iso
from kernel.ids import CertificateId, GrantId, HolderRef, RequestId
from kernel.ports import Digest, Tx
from storage.transactions import rows


@dataclass(frozen=True, slots=True)
class RequestRow:
    """One kept request, with everything needed to give its answer again."""

    use: Use
    actor: str
    idempotency_key: str
    body_ref: str
    type: str
    grant: GrantId | None
    copies: tuple[Copy, ...]


def insert_grants(tx: Tx, grants: Sequence[Grant]) -> None:
    """Write new grants."""
    rows(tx).execute(
        insert(GRANT),
        [
            {
                "id": item.id,
                "holder_ref": item.holder,
                "granted_by": item.granted_by,
                "capacity": item.capacity.value,
                "requester": item.requester,
                "matter": item.matter,
                "case_no": item.case_no,
                "purpose": item.purpose,
                "type": item.type,
                "fields": ",".join(item.fields),
                "formats": ",".join(item.formats),
                "created_at": to_iso(item.created_at),
                "expires_at": to_iso(item.expires_at),
            }
            for item in grants
        ],
    )


_GRANTS = select(GRANT, GRANT_USE.c.used_at).outerjoin(
    GRANT_USE, GRANT_USE.c.grant_id == GRANT.c.id
)
_GRANT = _GRANTS.where(GRANT.c.id == bindparam("grant"))


def grant(tx: Tx, key: GrantId) -> Grant | None:
    """Return a grant with its use, or None."""
    row = rows(tx).execute(_GRANT, {"grant": key}).first()
    return _grant(row) if row else None


def grants_of(tx: Tx, person: HolderRef, limit: int = 200) -> list[Grant]:
    """Return grants a person gave or that concern its certificates, latest first."""
    query = _GRANTS.where(or_(GRANT.c.holder_ref == person, GRANT.c.granted_by == person))
    found = rows(tx).execute(query.order_by(GRANT.c.created_at.desc(), GRANT.c.id).limit(limit))
    return [_grant(row) for row in found]


def withdraw_grant(tx: Tx, key: GrantId, now: datetime) -> None:
    """Mark a grant as withdrawn."""
    rows(tx).execute(update(GRANT).where(GRANT.c.id == key).values(withdrawn_at=to_iso(now)))


def use_grant(tx: Tx, key: GrantId, request: RequestId, now: datetime) -> None:
    """Use a grant up. Its primary key admits one use; the caller has looked before."""
    values = {"grant_id": key, "request_id": request, "used_at": to_iso(now)}
    insert_once(rows(tx), GRANT_USE, values)


_BY_KEY = select(REQUEST).where(
    REQUEST.c.requester == bindparam("requester"),
    REQUEST.c.idempotency_key == bindparam("key"),
)


def request_by_key(tx: Tx, requester: str, key: str) -> RequestRow | None:
    """Return the request that an idempotency key stands for, or None."""
    row = rows(tx).execute(_BY_KEY, {"requester": requester, "key": key}).first()
    return _request(row) if row else None


def request(tx: Tx, key: RequestId) -> RequestRow | None:
    """Return a request by id, or None."""
    row = rows(tx).execute(select(REQUEST).where(REQUEST.c.id == key)).first()
    return _request(row) if row else None


_OUTCOMES = select(
    func.count().label("all"),
    func.sum(case((REQUEST.c.outcome == "served", 1), else_=0)).label("served"),
)


def outcomes(tx: Tx) -> tuple[int, int]:
    """Return how many requests were served and how many were refused."""
    row = rows(tx).execute(_OUTCOMES).one()
    served = int(row.served or 0)
    return served, int(row[0]) - served


def insert_request(tx: Tx, row: RequestRow) -> None:
    """Keep a request with its outcome."""
    use = row.use
    insert_once(
        rows(tx),
        REQUEST,
        {
            "id": use.request,
            "requester": use.requester,
            "actor": row.actor,
            "idempotency_key": row.idempotency_key,
            "body_ref": row.body_ref,
            "matter": use.matter,
            "case_no": use.case_no,
            "purpose": use.purpose,
            "basis": use.basis,
            "type": row.type,
            "fields": ",".join(use.fields),
            "formats": ",".join(use.formats),
            "grant_id": row.grant or "",
            "certificate_id": use.certificate or "",
            "outcome": use.outcome,
            "params": json.dumps(dict(use.details), ensure_ascii=False),
            "copies": json.dumps([_copy_json(item) for item in row.copies]),
            "at": to_iso(use.at),
        },
    )


def uses_of_holder(tx: Tx, holder: HolderRef, limit: int = 200) -> list[Use]:
    """Return uses of all certificates of a holder, refused ones included, latest first."""
    query = (
        select(REQUEST)
        .join(HOLDER, HOLDER.c.certificate_id == REQUEST.c.certificate_id)
        .where(HOLDER.c.holder_ref == holder)
        .order_by(REQUEST.c.at.desc(), REQUEST.c.id)
        .limit(limit)
    )
    return [_use(row) for row in rows(tx).execute(query)]


def copies_of(tx: Tx, certificate: CertificateId) -> dict[Digest, datetime]:
    """Return the digests of all copies made of one certificate, and until when each may be used."""
    query = select(REQUEST.c.copies).where(
        REQUEST.c.certificate_id == certificate, REQUEST.c.copies != "[]"
    )
    made = (_copy(item) for text in rows(tx).execute(query).scalars() for item in json.loads(text))
    return {item.digest: item.expires_at for item in made}


def _grant(row: Row[Any]) -> Grant:
    return Grant(
        id=GrantId(row.id),
        holder=HolderRef(row.holder_ref),
        granted_by=HolderRef(row.granted_by),
        capacity=Capacity(row.capacity),
        requester=row.requester,
        matter=row.matter,
        case_no=row.case_no,
        purpose=row.purpose,
        type=row.type,
        fields=_split(row.fields),
        formats=_split(row.formats),
        created_at=from_iso(row.created_at),
        expires_at=from_iso(row.expires_at),
        withdrawn_at=from_iso(row.withdrawn_at) if row.withdrawn_at else None,
        used_at=from_iso(row.used_at) if row.used_at else None,
    )


def _request(row: Row[Any]) -> RequestRow:
    return RequestRow(
        use=_use(row),
        actor=row.actor,
        idempotency_key=row.idempotency_key,
        body_ref=row.body_ref,
        type=row.type,
        grant=GrantId(row.grant_id) if row.grant_id else None,
        copies=tuple(_copy(item) for item in json.loads(row.copies)),
    )


def _use(row: Row[Any]) -> Use:
    return Use(
        request=RequestId(row.id),
        certificate=CertificateId(row.certificate_id) if row.certificate_id else None,
        requester=row.requester,
        matter=row.matter,
        case_no=row.case_no,
        purpose=row.purpose,
        basis=row.basis,
        fields=_split(row.fields),
        formats=_split(row.formats),
        outcome=row.outcome,
        at=from_iso(row.at),
        details=json.loads(row.params),
    )


def _copy_json(copy: Copy) -> Mapping[str, object]:
    return {
        "format": copy.format,
        "digest": copy.digest,
        "size": copy.size,
        "expires_at": to_iso(copy.expires_at),
    }


def _copy(item: Mapping[str, Any]) -> Copy:
    return Copy(
        item["format"], Digest(item["digest"]), int(item["size"]), from_iso(item["expires_at"])
    )


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()
