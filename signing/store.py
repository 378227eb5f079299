"""Tables of the room: seals, sealing intents, certificates of the regional CA."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    RowMapping,
    Select,
    Table,
    Text,
    bindparam,
    false,
    func,
    insert,
    select,
    update,
)

from kernel.clock import from_iso, to_iso
from kernel.ids import SealId
from kernel.ports import Digest, Tx
from signing.seal_model import (
    HOLD,
    IssuedCertificate,
    Role,
    Seal,
    SealApplication,
    SealingBatch,
    SealState,
    SealStep,
)
from signing.x509 import parse
from storage.transactions import rows

METADATA = MetaData()

SEALS = Table(
    "signing_seals",
    METADATA,
    Column("seal_id", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("org", Text, nullable=False),
    Column("org_name", Text, nullable=False),
    Column("division", Text, nullable=False),
    Column("second_line", Text, nullable=False),
    Column("types", Text, nullable=False),
    Column("diameter_mm", Integer, nullable=False),
    Column("valid_from", Text, nullable=False),
    Column("valid_to", Text, nullable=False),
    Column("applied_by", Text, nullable=False),
    Column("applied_at", Text, nullable=False),
    Column("approved_by", Text, nullable=False, default=""),
    Column("approved_at", Text),
    Column("reason", Text, nullable=False, default=""),
    Column("picture", Text),
    Column("seal_der", LargeBinary, nullable=False, default=b""),
    Column("personal", Boolean, nullable=False, default=False, server_default=false()),
    Column("person", LargeBinary),
    Column("users", Text, nullable=False, default="", server_default=""),
    Column("replaces", Text, nullable=False, default="", server_default=""),
    Column("replaced_by", Text, nullable=False, default="", server_default=""),
    Index("signing_seals_org", "org", "state"),
)

STEPS = Table(
    "signing_seal_steps",
    METADATA,
    Column("seal_id", Text, primary_key=True),
    Column("no", Integer, primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False, default=""),
)

INTENTS = Table(
    "signing_intents",
    METADATA,
    Column("approval", Text, primary_key=True),
    Column("seal_id", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("root", Text, nullable=False),
    Column("declared_by", Text, nullable=False),
    Column("declared_at", Text, nullable=False),
)

CERTIFICATES = Table(
    "signing_certificates",
    METADATA,
    Column("serial", Text, primary_key=True),
    Column("key", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("algorithm", Text, nullable=False),
    Column("org", Text, nullable=False),
    Column("der", LargeBinary, nullable=False),
    Column("issued_at", Text, nullable=False),
    Column("revoked_at", Text),
    Column("reason", Text, nullable=False, default=""),
    Index("signing_certificates_key", "key"),
)


def add_seal(tx: Tx, seal: Seal) -> None:
    """Insert a seal that was applied for."""
    wanted = seal.application
    rows(tx).execute(
        insert(SEALS).values(
            seal_id=seal.seal_id,
            state=seal.state.value,
            org=wanted.org,
            org_name=wanted.org_name,
            division=wanted.division,
            second_line=wanted.second_line,
            types=",".join(wanted.types),
            diameter_mm=wanted.diameter_mm,
            valid_from=to_iso(wanted.valid_from),
            valid_to=to_iso(wanted.valid_to),
            applied_by=seal.applied_by,
            applied_at=to_iso(seal.applied_at),
            personal=wanted.personal,
            person=seal.person_sealed or None,
            users=",".join(wanted.users),
            replaces=seal.replaces,
        )
    )


def add_step(tx: Tx, seal_id: str, step: SealStep) -> None:
    """Append a line to a seal's history."""
    connection = rows(tx)
    count = select(func.count()).select_from(STEPS).where(STEPS.c.seal_id == seal_id)
    connection.execute(
        insert(STEPS).values(
            seal_id=seal_id,
            no=connection.execute(count).scalar_one() + 1,
            state=step.state.value,
            at=to_iso(step.at),
            actor=step.by,
            reason=step.reason,
        )
    )


def steps(tx: Tx, seal_ids: Sequence[str]) -> dict[str, tuple[SealStep, ...]]:
    """Return the histories of seals, oldest line first."""
    found: dict[str, tuple[SealStep, ...]] = dict.fromkeys(seal_ids, ())
    query = select(STEPS).where(STEPS.c.seal_id.in_(seal_ids))
    for row in rows(tx).execute(query.order_by(STEPS.c.seal_id, STEPS.c.no)).mappings():
        line = SealStep(SealState(row["state"]), from_iso(row["at"]), row["actor"], row["reason"])
        found[row["seal_id"]] += (line,)
    return found


def successors(tx: Tx, seal_id: str) -> tuple[Seal, ...]:
    """Return the seals asked for in place of one, oldest first."""
    query = select(SEALS).where(SEALS.c.replaces == seal_id).order_by(SEALS.c.applied_at)
    return tuple(_seal(found) for found in rows(tx).execute(query).mappings())


def page(tx: Tx, states: Sequence[str], after: str, limit: int) -> tuple[Seal, ...]:
    """Return seals in some states by id, from the one that follows ``after``."""
    query = (
        select(SEALS)
        .where(SEALS.c.state.in_(states), SEALS.c.seal_id > after)
        .order_by(SEALS.c.seal_id)
        .limit(limit)
    )
    return tuple(_seal(found) for found in rows(tx).execute(query).mappings())


def save_seal(tx: Tx, seal: Seal, before: SealState) -> bool:
    """Write what a step may change; False when the seal is no longer in state ``before``."""
    changed = rows(tx).execute(
        update(SEALS)
        .where(SEALS.c.seal_id == seal.seal_id, SEALS.c.state == before.value)
        .values(
            state=seal.state.value,
            approved_by=seal.approved_by,
            approved_at=to_iso(seal.approved_at) if seal.approved_at else None,
            reason=seal.reason,
            picture=seal.picture,
            seal_der=seal.seal_der,
            replaced_by=seal.replaced_by,
        )
    )
    return changed.rowcount == 1


_BY_ID = select(SEALS).where(SEALS.c.seal_id == bindparam("seal"))


def seal_by_id(tx: Tx, seal_id: str) -> Seal | None:
    """Return one seal."""
    found = rows(tx).execute(_BY_ID, {"seal": seal_id}).mappings().first()
    return _seal(found) if found else None


@cache
def _seals_by(*columns: str) -> Select[Any]:
    query = select(SEALS).order_by(SEALS.c.applied_at, SEALS.c.seal_id)
    return query.where(*(SEALS.c[name] == bindparam(name) for name in columns))


def seals(tx: Tx, *, org: str = "", state: str = "") -> tuple[Seal, ...]:
    """Return seals by application time; empty arguments do not narrow."""
    given = {name: value for name, value in (("org", org), ("state", state)) if value}
    found = rows(tx).execute(_seals_by(*given), given).mappings()
    return tuple(_seal(row) for row in found)


_ADD_INTENT = insert(INTENTS)


def add_intents(
    tx: Tx, seal_id: str, batches: Mapping[str, SealingBatch], *, by: str, at: datetime
) -> None:
    """Insert sealing intents of one seal by their approvals."""
    shared = {"seal_id": seal_id, "declared_by": by, "declared_at": to_iso(at)}
    values = [
        {
            "approval": approval,
            "purpose": batch.purpose,
            "count": batch.count,
            "root": batch.root,
            **shared,
        }
        for approval, batch in batches.items()
    ]
    rows(tx).execute(_ADD_INTENT, values)


_INTENTS_OF = select(INTENTS).where(INTENTS.c.approval.in_(bindparam("approvals", expanding=True)))


def intents(tx: Tx, approvals: Collection[str]) -> dict[str, tuple[str, SealingBatch]]:
    """Return the seals and the batches that approvals stand for; unknown ones are left out."""
    found = rows(tx).execute(_INTENTS_OF, {"approvals": [*approvals]}).mappings()
    return {
        row["approval"]: (row["seal_id"], SealingBatch(row["purpose"], row["count"], row["root"]))
        for row in found
    }


def add_certificate(tx: Tx, issued: IssuedCertificate) -> None:
    """Insert a certificate."""
    rows(tx).execute(
        insert(CERTIFICATES).values(
            serial=f"{issued.cert.serial:x}",
            key=issued.key,
            role=issued.role.value,
            algorithm=issued.algorithm,
            org=issued.org,
            der=issued.cert.der,
            issued_at=to_iso(issued.issued_at),
        )
    )


def revoke_certificates(tx: Tx, keys: Sequence[str], at: datetime, reason: str) -> tuple[str, ...]:
    """Mark all certificates of these keys revoked; returns the serials newly marked.

    Those on hold stay listed from the time of the hold: what was sealed since may not count.
    """
    listed = CERTIFICATES.c.revoked_at
    chosen = CERTIFICATES.c.key.in_(keys) & (listed.is_(None) | (CERTIFICATES.c.reason == HOLD))
    connection = rows(tx)
    found = connection.execute(select(CERTIFICATES.c.serial).where(chosen)).scalars()
    serials = tuple(sorted(found))
    since = func.coalesce(listed, to_iso(at))
    connection.execute(update(CERTIFICATES).where(chosen).values(revoked_at=since, reason=reason))
    return serials


def hold_certificates(tx: Tx, keys: Sequence[str], at: datetime) -> None:
    """Put the certificates of these keys on hold."""
    chosen = CERTIFICATES.c.key.in_(keys) & CERTIFICATES.c.revoked_at.is_(None)
    rows(tx).execute(update(CERTIFICATES).where(chosen).values(revoked_at=to_iso(at), reason=HOLD))


def release_certificates(tx: Tx, keys: Sequence[str]) -> None:
    """End the hold on the certificates of these keys; what is revoked stays so."""
    chosen = CERTIFICATES.c.key.in_(keys) & (CERTIFICATES.c.reason == HOLD)
    rows(tx).execute(update(CERTIFICATES).where(chosen).values(revoked_at=None, reason=""))


_BY_AGE = select(CERTIFICATES).order_by(CERTIFICATES.c.issued_at, CERTIFICATES.c.serial)
_OF_KEYS = _BY_AGE.where(CERTIFICATES.c.key.in_(bindparam("keys", expanding=True)))


def certificates_of(tx: Tx, keys: Collection[str]) -> tuple[IssuedCertificate, ...]:
    """Return the certificates of some keys, oldest first."""
    found = rows(tx).execute(_OF_KEYS, {"keys": [*keys]}).mappings()
    return tuple(_issued(row) for row in found)


def certificates(tx: Tx, *, key: str = "", listed: bool = False) -> tuple[IssuedCertificate, ...]:
    """Return certificates, oldest first, ``listed``: those revoked or on hold.

    Empty arguments do not narrow.
    """
    query = _BY_AGE
    if key:
        query = query.where(CERTIFICATES.c.key == key)
    if listed:
        query = query.where(CERTIFICATES.c.revoked_at.is_not(None))
    return tuple(_issued(found) for found in rows(tx).execute(query).mappings())


def certificate_by_serial(tx: Tx, serial: int) -> IssuedCertificate | None:
    """Return the certificate of a serial number."""
    query = select(CERTIFICATES).where(CERTIFICATES.c.serial == f"{serial:x}")
    found = rows(tx).execute(query).mappings().first()
    return _issued(found) if found else None


def _issued(found: RowMapping) -> IssuedCertificate:
    revoked = found["revoked_at"]
    return IssuedCertificate(
        cert=parse(found["der"]),
        role=Role(found["role"]),
        algorithm=found["algorithm"],
        key=found["key"],
        org=found["org"],
        issued_at=from_iso(found["issued_at"]),
        revoked_at=from_iso(revoked) if revoked else None,
        reason=found["reason"],
    )


def _seal(found: RowMapping) -> Seal:
    approved = found["approved_at"]
    return Seal(
        seal_id=SealId(found["seal_id"]),
        state=SealState(found["state"]),
        application=SealApplication(
            org=found["org"],
            org_name=found["org_name"],
            division=found["division"],
            valid_from=from_iso(found["valid_from"]),
            valid_to=from_iso(found["valid_to"]),
            second_line=found["second_line"],
            types=tuple(item for item in found["types"].split(",") if item),
            diameter_mm=found["diameter_mm"],
            users=tuple(item for item in found["users"].split(",") if item),
            personal=bool(found["personal"]),
        ),
        applied_by=found["applied_by"],
        applied_at=from_iso(found["applied_at"]),
        approved_by=found["approved_by"],
        approved_at=from_iso(approved) if approved else None,
        reason=found["reason"],
        picture=Digest(found["picture"]) if found["picture"] else None,
        seal_der=found["seal_der"],
        person_sealed=found["person"] or b"",
        replaces=found["replaces"],
        replaced_by=found["replaced_by"],
    )
