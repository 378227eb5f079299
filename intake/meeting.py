"""Meeting a material without paper: its automatic ways, tried in the order the journey lists them.

Nothing here changes the case: certificates are fetched through ``certificates`` (which records each
use), data is looked up, and the caller writes what came of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from certificates.ports import SourceRecord
from certificates.requests_model import CONSENT, CertificateAnswer, CertificateAsk
from intake.desk import Desk
from intake.errors import Code
from intake.model import (
    Case,
    CertificateWay,
    ChainedWay,
    DataWay,
    MaterialRecord,
    MaterialSpec,
    MaterialState,
    Party,
    StepSpec,
    StepState,
    WayKind,
)
from intake.parties import CODE_TYPE, fits, resolve
from kernel.actors import Actor
from kernel.errors import Refused
from kernel.ids import GrantId
from kernel.ports import Event, Json


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of the automatic ways of one material, and the data checks to record."""

    record: MaterialRecord
    checks: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an attempt happens."""

    actor: Actor
    case: Case
    step: StepSpec
    material: MaterialSpec
    record: MaterialRecord


def attempt(
    desk: Desk,
    actor: Actor,
    *,
    case: Case,
    step: StepSpec,
    material: MaterialSpec,
    record: MaterialRecord,
) -> Attempt:
    """Try the automatic ways; the record says which one met it, or why each did not."""
    place = _Place(actor, case, step, material, record)
    tried: list[tuple[WayKind, str]] = []
    checks: list[Event] = []
    for way in material.ways:
        met: MaterialRecord | Refused
        if isinstance(way, CertificateWay):
            met = _by_certificate(desk, place, way)
        elif isinstance(way, DataWay):
            met = _by_data(desk, place, way)
            checks.append(_check(place, way, met))
        elif isinstance(way, ChainedWay):
            met = _by_result(place, way)
        else:
            continue
        if isinstance(met, MaterialRecord):
            met = replace(met, tried=tuple(tried), attempt=record.attempt + 1)
            return Attempt(met, tuple(checks))
        tried.append((way.kind, met.code))
    missed = replace(record, tried=tuple(tried), attempt=record.attempt + 1)
    return Attempt(missed, tuple(checks))


def _by_certificate(desk: Desk, place: _Place, way: CertificateWay) -> MaterialRecord | Refused:
    refused = Refused(Code.NO_RECORD)
    for name in way.holders:
        holder = next((item for item in place.case.parties if item.name == name), None)
        if holder is None:
            continue
        for ground in way.basis:
            ask = _ask(place, way, holder, ground)
            if isinstance(ask, Refused):
                refused = ask
                continue
            answer = desk.fetch.fetch(place.actor, ask).value
            if isinstance(answer, Refused):
                refused = answer
            elif _agrees(answer, way, place.case.parties):
                return _met(place, WayKind.CERTIFICATE, answer.fields, answer)
            else:
                refused = Refused(Code.VALUES_DIFFER)
    return refused


def _ask(
    place: _Place, way: CertificateWay, holder: Party, ground: str
) -> CertificateAsk | Refused:
    """Return the request. Its key names the attempt, so that a crash repeats and never doubles."""
    case, step, material = place.case, place.step.code, place.material.code
    grant: GrantId | None = None
    if ground == CONSENT:
        grant = case.grants.get(f"{step}/{material}") if holder.ref == case.applicant else None
        if grant is None:
            return Refused(Code.CONSENT_NEEDED)
    return CertificateAsk(
        idempotency_key=".".join(
            (case.id, step, material, str(place.record.attempt), ground, holder.name)
        ),
        matter=place.step.matter,
        case_no=case.id,
        purpose=way.purpose,
        type=way.type,
        basis=ground,
        fields=way.fields,
        grant=grant,
        holder_code=holder.code,
        holder_code_type=CODE_TYPE,
    )


def _agrees(answer: CertificateAnswer, way: CertificateWay, parties: Sequence[Party]) -> bool:
    plain = {name: refs for name, refs in way.expect.items() if "." not in name}
    if not fits(answer.fields, plain, parties):
        return False
    for name, refs in way.expect.items():
        table, _, column = name.partition(".")
        rows = answer.rows.get(table, ())
        if column and not any(fits(row, {column: refs}, parties) for row in rows):
            return False
    return True


def _by_data(desk: Desk, place: _Place, way: DataWay) -> MaterialRecord | Refused:
    parties = place.case.parties
    wanted = [value for item in way.of if (value := resolve(item, parties))]
    if not wanted:
        return Refused(Code.NO_RECORD)
    found = desk.source.lookup(way.resource, way.column, wanted)
    good = [record for record in found if fits(record.values, way.expect, parties)]
    covered = {record.values.get(way.column, "") for record in good}
    enough = bool(covered) if way.any_of else covered >= set(wanted)
    if not enough:
        return Refused(Code.VALUES_DIFFER if found else Code.NO_RECORD)
    values = {name: _value(good, wanted, way, name) for name in way.fields}
    return _met(place, WayKind.DATA, values, None)


def _value(good: Sequence[SourceRecord], wanted: Sequence[str], way: DataWay, name: str) -> str:
    """Return a value of the row of the first reference that has one."""
    for value in wanted:
        for record in good:
            if record.values.get(way.column, "") == value:
                return record.values.get(name, "")
    return ""


def _by_result(place: _Place, way: ChainedWay) -> MaterialRecord | Refused:
    earlier = place.case.step(way.step)
    if earlier is None or earlier.state is not StepState.DONE:
        return Refused(Code.STEP_NOT_DONE)
    return _met(place, WayKind.CHAINED, {"result_no": earlier.result_no}, None)


def _met(
    place: _Place, way: WayKind, values: Mapping[str, str], answer: CertificateAnswer | None
) -> MaterialRecord:
    return MaterialRecord(
        step=place.step.code,
        code=place.material.code,
        state=MaterialState.MET,
        way=way,
        request=answer.request if answer else None,
        certificate=answer.status.certificate if answer else "",
        values=dict(values),
    )


def _check(place: _Place, way: DataWay, met: MaterialRecord | Refused) -> Event:
    data: dict[str, Json] = {
        "step": place.step.code,
        "material": place.material.code,
        "matter": place.step.matter,
        "resource": way.resource,
        "fields": list(way.fields),
        "outcome": met.code if isinstance(met, Refused) else "met",
    }
    return Event("intake.data-checked", place.case.id, place.actor, data)
