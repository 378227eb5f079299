"""Statements on certificates, their holders, origins and files."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import Row, bindparam, func, insert, select, update

from certificates import slot_store
from certificates.model import CertificateStatus, Format
from certificates.register_model import Certificate, Origin, Step, StoredFile
from certificates.store import CERTIFICATE, FILE, HOLDER, ORIGIN, SLOT, in_parts, insert_once
from kernel.clock import from_iso, to_iso
from kernel.ids import CertificateId, HolderRef
from kernel.ports import Digest, Tx
from storage.transactions import rows

UNSEALED = "unsealed"
ORIGINAL = "original"


@dataclass(frozen=True, slots=True)
class Draft:
    """A certificate under way, or issued, with its sealed contents. ``approvals`` are those of the
    seals' use, by format, once the intent is declared.
    """

    certificate: Certificate
    contents: bytes
    approvals: Mapping[str, str] = field(default_factory=dict)


# Statements are built once: building one costs more than running it.
_ADD_HOLDERS, _ADD_ORIGINS, _ADD_FILES = insert(HOLDER), insert(ORIGIN), insert(FILE)


def insert_draft(
    tx: Tx,
    draft: Draft,
    *,
    holders: Sequence[tuple[HolderRef, str]],
    slots: Iterable[str],
    origins: Iterable[Origin],
    now: datetime,
) -> None:
    """Write a reserved certificate; ``holders`` are references with code types, in face order."""
    connection = rows(tx)
    one = draft.certificate
    values = {**_values(draft), "touched_at": to_iso(now)}
    insert_once(connection, CERTIFICATE, values)
    connection.execute(
        _ADD_HOLDERS,
        [
            {
                "certificate_id": one.id,
                "position": position,
                "holder_ref": ref,
                "type": one.type,
                "code_type": code_type,
            }
            for position, (ref, code_type) in enumerate(holders)
        ],
    )
    taken = [{"type": one.type, "slot": slot, "certificate_id": one.id} for slot in slots]
    if taken:
        insert_once(connection, SLOT, *taken)
    lineage = [
        {
            "certificate_id": one.id,
            "resource": item.resource,
            "row_key": item.row_key,
            "version": item.version,
            "fields": ",".join(item.fields),
        }
        for item in origins
    ]
    if lineage:
        connection.execute(_ADD_ORIGINS, lineage)


_AT_STEP = select(CERTIFICATE.c.id).where(
    CERTIFICATE.c.id.in_(bindparam("ids", expanding=True)),
    CERTIFICATE.c.step.in_(bindparam("steps", expanding=True)),
)


def at_step(tx: Tx, ids: Collection[CertificateId], *steps: Step) -> set[CertificateId]:
    """Return those certificates that stand at one of the steps now."""
    found: set[CertificateId] = set()
    for part in in_parts(ids):
        given = {"ids": part, "steps": [step.value for step in steps]}
        found.update(map(CertificateId, rows(tx).execute(_AT_STEP, given).scalars()))
    return found


def advance(
    tx: Tx,
    ids: Collection[CertificateId],
    before: Step,
    after: Step,
    now: datetime,
    *,
    approvals: Mapping[str, str] | None = None,
) -> set[CertificateId]:
    """Move those that stand at ``before`` to ``after`` and return them; ISSUED puts them in force.

    ``approvals`` are those under which they are to be sealed.
    """
    given: dict[str, object] = {
        "from_step": before.value,
        "to_step": after.value,
        "at": to_iso(now),
        "approved": None if approvals is None else json.dumps(dict(approvals), sort_keys=True),
    }
    query = _advance(in_force=after is Step.ISSUED, approved=approvals is not None)
    found: set[CertificateId] = set()
    for part in in_parts(ids):
        done = rows(tx).execute(query, {**given, "ids": part}).scalars()
        found.update(map(CertificateId, done))
    return found


@cache
def _advance(*, in_force: bool, approved: bool) -> Any:
    values: dict[str, Any] = {"step": bindparam("to_step"), "touched_at": bindparam("at")}
    if in_force:
        values["status"] = CertificateStatus.ISSUED.value
    if approved:
        values["approvals"] = bindparam("approved")
    chosen = CERTIFICATE.c.id.in_(bindparam("ids", expanding=True))
    there = CERTIFICATE.c.step == bindparam("from_step")
    return update(CERTIFICATE).where(chosen, there).values(values).returning(CERTIFICATE.c.id)


def void(tx: Tx, certificate: CertificateId, reason: str, now: datetime) -> None:
    """Give an unfinished issue up."""
    rows(tx).execute(
        update(CERTIFICATE)
        .where(CERTIFICATE.c.id == certificate)
        .values(step=Step.VOID.value, reason=reason, touched_at=to_iso(now))
    )
    slot_store.free_slots(tx, certificate)


def set_status(
    tx: Tx,
    certificate: CertificateId,
    status: CertificateStatus,
    *,
    reason: str,
    now: datetime,
    superseded_by: CertificateId | None = None,
) -> None:
    """Write a status and its reason."""
    rows(tx).execute(
        update(CERTIFICATE)
        .where(CERTIFICATE.c.id == certificate)
        .values(
            status=status.value,
            reason=reason,
            superseded_by=superseded_by or "",
            touched_at=to_iso(now),
        )
    )


def insert_files(tx: Tx, role: str, files: Iterable[tuple[CertificateId, StoredFile]]) -> None:
    """Write where the files of certificates are."""
    values = [
        {
            "certificate_id": certificate,
            "format": item.format,
            "role": role,
            "digest": item.digest,
            "size": item.size,
        }
        for certificate, item in files
    ]
    if values:
        rows(tx).execute(_ADD_FILES, values)


def files(
    tx: Tx, ids: Collection[CertificateId], role: str
) -> dict[CertificateId, tuple[StoredFile, ...]]:
    """Return the files of one role by certificate."""
    found: dict[CertificateId, tuple[StoredFile, ...]] = {}
    for part in in_parts(ids):
        query = (
            select(FILE)
            .where(FILE.c.certificate_id.in_(part), FILE.c.role == role)
            .order_by(FILE.c.certificate_id, FILE.c.format)
        )
        for row in _all(tx, query):
            file_format: Format = "pdf" if row.format == "pdf" else "ofd"
            item = StoredFile(file_format, Digest(row.digest), row.size)
            key = CertificateId(row.certificate_id)
            found[key] = (*found.get(key, ()), item)
    return found


def find(tx: Tx, ids: Collection[CertificateId]) -> list[Draft]:
    """Return certificates by id, in the order of their ids."""
    found: list[Draft] = []
    for part in in_parts(ids):
        query = select(CERTIFICATE).where(CERTIFICATE.c.id.in_(part)).order_by(CERTIFICATE.c.id)
        found.extend(_drafts(tx, _all(tx, query)))
    return found


def find_identifier(tx: Tx, identifier: str) -> Draft | None:
    """Return the certificate with this 电子证照标识, or None."""
    query = select(CERTIFICATE).where(CERTIFICATE.c.identifier == identifier)
    found = _drafts(tx, _all(tx, query))
    return found[0] if found else None


_HELD = (
    select(CERTIFICATE)
    .join(HOLDER, HOLDER.c.certificate_id == CERTIFICATE.c.id)
    .where(
        HOLDER.c.holder_ref == bindparam("holder"),
        CERTIFICATE.c.step == Step.ISSUED.value,
    )
    .order_by(CERTIFICATE.c.issued_at.desc(), CERTIFICATE.c.version.desc())
)
_HELD_OF_TYPE = _HELD.where(HOLDER.c.type == bindparam("kind"))


def held(tx: Tx, holder: HolderRef, kind: str = "", *, others: bool = True) -> list[Draft]:
    """Return issued certificates of a holder, latest first, of every status.

    Without ``others`` the further holders of each are left out, which spares a statement.
    """
    if kind:
        found = rows(tx).execute(_HELD_OF_TYPE, {"holder": holder, "kind": kind}).all()
    else:
        found = rows(tx).execute(_HELD, {"holder": holder}).all()
    if others:
        return _drafts(tx, found)
    return [_draft(row, frozenset({holder})) for row in found]


def unfinished(tx: Tx, before: datetime, limit: int) -> list[Draft]:
    """Return certificates under way that nobody touched since ``before``, oldest first."""
    query = (
        select(CERTIFICATE)
        .where(
            CERTIFICATE.c.step.not_in((Step.ISSUED.value, Step.VOID.value)),
            CERTIFICATE.c.touched_at <= to_iso(before),
        )
        .order_by(CERTIFICATE.c.touched_at, CERTIFICATE.c.id)
        .limit(limit)
    )
    return _drafts(tx, _all(tx, query))


def last_version(tx: Tx, one: Certificate) -> int:
    """Return the highest version ever reserved under the serial of a certificate."""
    query = select(func.max(CERTIFICATE.c.version)).where(
        CERTIFICATE.c.type_code == one.type_code,
        CERTIFICATE.c.issuer == one.issuer,
        CERTIFICATE.c.serial == one.serial,
    )
    return int(rows(tx).execute(query).scalar_one())


def under_way(tx: Tx, supersedes: CertificateId) -> bool:
    """Tell whether a successor of a certificate is being made."""
    return successor_under_way(tx, supersedes) is not None


def successor_under_way(tx: Tx, supersedes: CertificateId) -> CertificateId | None:
    """Return the next version of a certificate that is being made, or None."""
    query = select(CERTIFICATE.c.id).where(
        CERTIFICATE.c.supersedes == supersedes,
        CERTIFICATE.c.step.not_in((Step.ISSUED.value, Step.VOID.value)),
    )
    found = rows(tx).execute(query).first()
    return CertificateId(found.id) if found else None


def origins(tx: Tx, certificate: CertificateId) -> list[Origin]:
    """Return the lineage of a certificate."""
    query = select(ORIGIN).where(ORIGIN.c.certificate_id == certificate).order_by(ORIGIN.c.row_key)
    return [
        Origin(row.resource, row.version, row.row_key, tuple(row.fields.split(",")))
        for row in _all(tx, query)
    ]


def issued_page(tx: Tx, *, kind: str, issuer: str, after: str, limit: int) -> list[Draft]:
    """Return issued certificates by id, of one type or one issuer where these are given."""
    query = select(CERTIFICATE).where(
        CERTIFICATE.c.step == Step.ISSUED.value, CERTIFICATE.c.id > after
    )
    if kind:
        query = query.where(CERTIFICATE.c.type == kind)
    if issuer:
        query = query.where(CERTIFICATE.c.issuer == issuer)
    return _drafts(tx, _all(tx, query.order_by(CERTIFICATE.c.id).limit(limit)))


def counts(tx: Tx) -> dict[tuple[str, Step], int]:
    """Return the number of certificates per type and step."""
    query = select(CERTIFICATE.c.type, CERTIFICATE.c.step, func.count().label("total")).group_by(
        CERTIFICATE.c.type, CERTIFICATE.c.step
    )
    return {(row.type, Step(row.step)): int(row.total) for row in _all(tx, query)}


def _drafts(tx: Tx, found: Sequence[Row[Any]]) -> list[Draft]:
    if not found:
        return []
    holders: dict[str, set[HolderRef]] = {}
    for part in in_parts([row.id for row in found]):
        query = select(HOLDER.c.certificate_id, HOLDER.c.holder_ref).where(
            HOLDER.c.certificate_id.in_(part)
        )
        for row in _all(tx, query):
            holders.setdefault(row.certificate_id, set()).add(HolderRef(row.holder_ref))
    return [_draft(row, frozenset(holders.get(row.id, ()))) for row in found]


def _draft(row: Row[Any], holders: frozenset[HolderRef]) -> Draft:
    one = Certificate(
        id=CertificateId(row.id),
        type=row.type,
        type_code=row.type_code,
        type_digest=row.type_digest,
        identifier=row.identifier,
        issuer=row.issuer,
        division=row.division,
        serial=row.serial,
        version=row.version,
        step=Step(row.step),
        status=CertificateStatus(row.status),
        reason=row.reason,
        issued_at=from_iso(row.issued_at),
        valid_from=date.fromisoformat(row.valid_from),
        valid_to=date.fromisoformat(row.valid_to) if row.valid_to else None,
        holders=holders,
        batch=row.batch,
        supersedes=CertificateId(row.supersedes) if row.supersedes else None,
        superseded_by=CertificateId(row.superseded_by) if row.superseded_by else None,
    )
    return Draft(one, bytes(row.contents), json.loads(row.approvals))


def _values(draft: Draft) -> dict[str, object]:
    one = draft.certificate
    return {
        "id": one.id,
        "type": one.type,
        "type_code": one.type_code,
        "type_digest": one.type_digest,
        "identifier": one.identifier,
        "issuer": one.issuer,
        "division": one.division,
        "serial": one.serial,
        "version": one.version,
        "contents": draft.contents,
        "step": one.step.value,
        "status": one.status.value,
        "reason": one.reason,
        "issued_at": to_iso(one.issued_at),
        "valid_from": one.valid_from.isoformat(),
        "valid_to": one.valid_to.isoformat() if one.valid_to else "",
        "batch": one.batch,
        "supersedes": one.supersedes or "",
        "superseded_by": one.superseded_by or "",
    }


def _all(tx: Tx, query: Any) -> Sequence[Row[Any]]:
    return rows(tx).execute(query).all()
