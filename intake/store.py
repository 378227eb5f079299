"""Tables and statements of cases. What a person typed or a register said lies in sealed columns."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Row,
    Table,
    Text,
    delete,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)

from intake import packing
from intake.model import (
    Case,
    CaseState,
    FieldRecord,
    MaterialRecord,
    MaterialState,
    Party,
    StepRecord,
    StepState,
    WayKind,
)
from kernel.clock import from_iso, to_iso
from kernel.ids import CaseId, GrantId, HolderRef, RequestId
from kernel.ports import Digest, Tx, Vault
from storage.transactions import rows

METADATA = MetaData()

CASE = Table(
    "intake_case",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("journey", Text, nullable=False),
    Column("journey_digest", Text, nullable=False),
    Column("division", Text, nullable=False),
    Column("org", Text, nullable=False),
    Column("window", Text, nullable=False),
    Column("clerk", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("subject_ref", Text, nullable=False),
    Column("applicant_ref", Text, nullable=False),
    Column("parties", LargeBinary, nullable=False),
    Column("grants", Text, nullable=False, default="{}"),
    Column("opened_at", Text, nullable=False),
    Column("consented_at", Text, nullable=False, default=""),
    Index("intake_case_org", "org", "opened_at"),
    Index("intake_case_applicant", "applicant_ref", "opened_at"),
    Index("intake_case_subject", "subject_ref", "journey"),
)

STEP = Table(
    "intake_step",
    METADATA,
    Column("case_id", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("code", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("result", LargeBinary, nullable=True),
    Column("certificate_id", Text, nullable=False, server_default=""),
    Column("identifier", Text, nullable=False, server_default=""),
    Column("wait", Text, nullable=False, server_default=""),
    Column("at", Text, nullable=False, default=""),
    PrimaryKeyConstraint("case_id", "code"),
)

MATERIAL = Table(
    "intake_material",
    METADATA,
    Column("case_id", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("way", Text, nullable=False, default=""),
    Column("request_id", Text, nullable=False, default=""),
    Column("certificate_id", Text, nullable=False, default=""),
    Column("tried", Text, nullable=False, default="[]"),
    Column("digest", Text, nullable=False, default=""),
    Column("due_at", Text, nullable=False, default=""),
    Column("attempt", Integer, nullable=False, default=0),
    Column("contents", LargeBinary, nullable=True),
    Column("evidence", Text, nullable=False, server_default=""),
    PrimaryKeyConstraint("case_id", "step", "code"),
)

FIELD = Table(
    "intake_field",
    METADATA,
    Column("case_id", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("value", LargeBinary, nullable=False),
    PrimaryKeyConstraint("case_id", "step", "name"),
)


def insert_case(tx: Tx, vault: Vault, case: Case) -> None:
    """Write a new case with its steps and materials."""
    connection = rows(tx)
    connection.execute(
        insert(CASE),
        {
            "id": case.id,
            "journey": case.journey,
            "journey_digest": case.journey_digest,
            "division": case.division,
            "org": case.org,
            "window": case.window,
            "clerk": case.clerk,
            "state": case.state.value,
            "subject_ref": case.subject,
            "applicant_ref": case.applicant,
            "parties": vault.seal(
                "intake_case", case.id, "parties", packing.parties_text(case.parties)
            ),
            "opened_at": to_iso(case.opened_at),
        },
    )
    connection.execute(
        insert(STEP),
        [
            {"case_id": case.id, "position": no, "code": step.code, "state": step.state.value}
            for no, step in enumerate(case.steps)
        ],
    )
    connection.execute(
        insert(MATERIAL),
        [
            {
                "case_id": case.id,
                "step": item.step,
                "code": item.code,
                "position": no,
                "state": item.state.value,
            }
            for no, item in enumerate(case.materials)
        ],
    )


def find(tx: Tx, vault: Vault, key: CaseId) -> Case | None:
    """Return a case with everything in it, opened, or None."""
    row = rows(tx).execute(select(CASE).where(CASE.c.id == key)).first()
    return _case(tx, vault, row) if row else None


def open_case_of(tx: Tx, subject: HolderRef, journey: str) -> CaseId | None:
    """Return the open case of a subject in a journey, or None."""
    query = select(CASE.c.id).where(
        CASE.c.subject_ref == subject,
        CASE.c.journey == journey,
        CASE.c.state == CaseState.OPEN.value,
    )
    found = rows(tx).execute(query).first()
    return CaseId(found.id) if found else None


def ids(tx: Tx, *, org: str = "", person: HolderRef | None = None, limit: int = 50) -> list[CaseId]:
    """Return cases of an organisation or about a person, latest first."""
    query = select(CASE.c.id).order_by(CASE.c.opened_at.desc(), CASE.c.id.desc()).limit(limit)
    if org:
        query = query.where(CASE.c.org == org)
    if person:
        query = query.where(or_(CASE.c.applicant_ref == person, CASE.c.subject_ref == person))
    return [CaseId(row.id) for row in rows(tx).execute(query)]


_SUBMITTED = (
    select(STEP.c.case_id, CASE.c.journey, STEP.c.code, STEP.c.at)
    .join(CASE, CASE.c.id == STEP.c.case_id)
    .where(STEP.c.state == StepState.SUBMITTED.value, CASE.c.state == CaseState.OPEN.value)
    .order_by(STEP.c.at, STEP.c.case_id)
)


def submitted(
    tx: Tx, places: Sequence[tuple[str, str]], limit: int
) -> list[tuple[CaseId, str, str, datetime]]:
    """Return case, journey, step and time of what waits for a decision, the oldest first.

    ``places`` are pairs of journey and step.
    """
    wanted = tuple_(CASE.c.journey, STEP.c.code).in_(list(places))
    found = rows(tx).execute(_SUBMITTED.where(wanted).limit(limit))
    return [(CaseId(row.case_id), row.journey, row.code, from_iso(row.at)) for row in found]


def granted(tx: Tx, limit: int) -> list[tuple[CaseId, str]]:
    """Return case and step of what was granted and has no certificate yet, the oldest first."""
    query = (
        select(STEP.c.case_id, STEP.c.code)
        .where(STEP.c.state == StepState.GRANTED.value)
        .order_by(STEP.c.at, STEP.c.case_id)
        .limit(limit)
    )
    return [(CaseId(row.case_id), row.code) for row in rows(tx).execute(query)]


def met(tx: Tx) -> list[tuple[str, str, str, WayKind, int]]:
    """Return how many materials were met, by journey, step, material and way; no person."""
    place = (CASE.c.journey, MATERIAL.c.step, MATERIAL.c.code, MATERIAL.c.way)
    query = (
        select(*place, func.count().label("times"))
        .join(CASE, CASE.c.id == MATERIAL.c.case_id)
        .where(MATERIAL.c.state == MaterialState.MET.value)
        .group_by(*place)
    )
    return [
        (row.journey, row.step, row.code, WayKind(row.way), row.times)
        for row in rows(tx).execute(query)
    ]


def save_consent(tx: Tx, key: CaseId, grants: Mapping[str, GrantId], now: datetime) -> None:
    """Attach grants, by ``step/material``."""
    values = {"grants": json.dumps(dict(grants)), "consented_at": to_iso(now)}
    rows(tx).execute(update(CASE).where(CASE.c.id == key).values(**values))


def save_material(tx: Tx, vault: Vault, key: CaseId, item: MaterialRecord) -> None:
    """Write how a material stands."""
    place = f"{key}/{item.step}/{item.code}"
    text = json.dumps(dict(item.values), ensure_ascii=False)
    rows(tx).execute(
        update(MATERIAL)
        .where(
            MATERIAL.c.case_id == key, MATERIAL.c.step == item.step, MATERIAL.c.code == item.code
        )
        .values(
            state=item.state.value,
            way=item.way.value if item.way else "",
            request_id=item.request or "",
            certificate_id=item.certificate,
            tried=packing.tried_text(item.tried),
            digest=item.digest or "",
            due_at=to_iso(item.due_at) if item.due_at else "",
            attempt=item.attempt,
            contents=vault.seal("intake_material", place, "contents", text),
            evidence=packing.evidence_text(item.evidence) if item.evidence else "",
        )
    )


def save_fields(tx: Tx, vault: Vault, key: CaseId, fields: Sequence[FieldRecord]) -> None:
    """Write fields, replacing those of the same name."""
    for item in fields:
        where = (
            FIELD.c.case_id == key,
            FIELD.c.step == item.step,
            FIELD.c.name == item.name,
        )
        rows(tx).execute(delete(FIELD).where(*where))
        place = f"{key}/{item.step}/{item.name}"
        values = {
            "case_id": key,
            "step": item.step,
            "name": item.name,
            "origin": item.origin,
            "value": vault.seal("intake_field", place, "value", item.value),
        }
        rows(tx).execute(insert(FIELD), values)


def save_step(tx: Tx, vault: Vault, key: CaseId, step: StepRecord) -> None:
    """Write how a step stands."""
    place = f"{key}/{step.code}"
    result = vault.seal("intake_step", place, "result", step.result_no)
    rows(tx).execute(
        update(STEP)
        .where(STEP.c.case_id == key, STEP.c.code == step.code)
        .values(
            state=step.state.value,
            result=result,
            at=to_iso(step.at) if step.at else "",
            certificate_id=step.certificate,
            identifier=step.identifier,
            wait=step.wait,
        )
    )


def save_parties(tx: Tx, vault: Vault, key: CaseId, parties: Sequence[Party]) -> None:
    """Write the people of a case anew."""
    sealed = vault.seal("intake_case", key, "parties", packing.parties_text(parties))
    rows(tx).execute(update(CASE).where(CASE.c.id == key).values(parties=sealed))


def save_state(tx: Tx, key: CaseId, state: CaseState) -> None:
    """Write the state of a case."""
    rows(tx).execute(update(CASE).where(CASE.c.id == key).values(state=state.value))


def _case(tx: Tx, vault: Vault, row: Row[Any]) -> Case:
    key = CaseId(row.id)
    parties = vault.open("intake_case", key, "parties", row.parties)
    return Case(
        id=key,
        journey=row.journey,
        journey_digest=row.journey_digest,
        division=row.division,
        org=row.org,
        window=row.window,
        clerk=row.clerk,
        state=CaseState(row.state),
        subject=HolderRef(row.subject_ref),
        applicant=HolderRef(row.applicant_ref),
        opened_at=from_iso(row.opened_at),
        steps=tuple(_step(vault, key, item) for item in _of(tx, STEP, key)),
        materials=tuple(_material(vault, key, item) for item in _of(tx, MATERIAL, key)),
        fields=tuple(_field(vault, key, item) for item in _of(tx, FIELD, key)),
        parties=packing.parties(parties),
        grants={name: GrantId(grant) for name, grant in json.loads(row.grants).items()},
        consented_at=from_iso(row.consented_at) if row.consented_at else None,
    )


def _of(tx: Tx, table: Table, key: CaseId) -> Sequence[Row[Any]]:
    order = table.c.position if "position" in table.c else table.c.name
    return rows(tx).execute(select(table).where(table.c.case_id == key).order_by(order)).all()


def _step(vault: Vault, key: CaseId, row: Row[Any]) -> StepRecord:
    place = f"{key}/{row.code}"
    result = vault.open("intake_step", place, "result", row.result) if row.result else ""
    at = from_iso(row.at) if row.at else None
    return StepRecord(
        code=row.code,
        state=StepState(row.state),
        result_no=result,
        at=at,
        certificate=row.certificate_id,
        identifier=row.identifier,
        wait=row.wait,
    )


def _material(vault: Vault, key: CaseId, row: Row[Any]) -> MaterialRecord:
    place = f"{key}/{row.step}/{row.code}"
    text = "{}"
    if row.contents:
        text = vault.open("intake_material", place, "contents", row.contents)
    return MaterialRecord(
        step=row.step,
        code=row.code,
        state=MaterialState(row.state),
        way=WayKind(row.way) if row.way else None,
        request=RequestId(row.request_id) if row.request_id else None,
        certificate=row.certificate_id,
        tried=packing.tried(row.tried),
        digest=Digest(row.digest) if row.digest else None,
        due_at=from_iso(row.due_at) if row.due_at else None,
        attempt=row.attempt,
        values=json.loads(text),
        evidence=packing.evidence(row.evidence) if row.evidence else None,
    )


def _field(vault: Vault, key: CaseId, row: Row[Any]) -> FieldRecord:
    value = vault.open("intake_field", f"{key}/{row.step}/{row.name}", "value", row.value)
    return FieldRecord(row.step, row.name, value, row.origin)
