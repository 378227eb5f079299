"""Asking for certificates: here first, then where the people of the case are registered (户籍地).

A request is named by case, material, attempt, ground, holder and region, so that a crash or a
repeated click repeats it and never doubles it. A question that a peer left without an answer keeps
its name in the next attempt.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from certificates.requests_model import CONSENT, CertificateAnswer, CertificateAsk
from intake.desk import Desk
from intake.errors import Code
from intake.journey_model import CertificateWay, ChainedWay, MaterialSpec, StepSpec
from intake.model import (
    Case,
    Evidence,
    MaterialRecord,
    MaterialState,
    Party,
    StepState,
    Try,
    WayKind,
)
from intake.parties import CODE_TYPE, fits
from intake.ports import Fetched
from kernel.actors import Actor
from kernel.errors import Refused
from kernel.ids import CertificateId, GrantId
from kernel.ports import Recorded

_LONGEST_KEY = 128
_UNANSWERED = "peer-"
"""How codes begin that tell of the line or the peer, and not of the certificate."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an attempt happens. ``down`` as in ``Meeting``."""

    desk: Desk
    actor: Actor
    case: Case
    step: StepSpec
    material: MaterialSpec
    record: MaterialRecord
    down: dict[str, Refused]


@dataclass(frozen=True, slots=True)
class _Use:
    """One use of a certificate, as far as all its requests agree."""

    kind: WayKind
    type: str
    purpose: str
    fields: tuple[str, ...]
    expect: Mapping[str, tuple[str, ...]]
    way: int
    """Position of the way among those of its material."""
    region: str
    attempt: int


def by_certificate(
    place: Place, way: CertificateWay, number: int
) -> MaterialRecord | tuple[Try, ...]:
    """Ask the own register, then the regions the way names; what failed is told region by region.

    ``number`` is the position of the way among those of its material.
    """
    tried: list[Try] = []
    for region in _regions(place, way):
        if not region:
            tried.append(Try(WayKind.CERTIFICATE, Code.REGION_UNSAID))
            continue
        use = _Use(
            kind=WayKind.CERTIFICATE,
            type=way.type,
            purpose=way.purpose,
            fields=way.fields,
            expect=way.expect,
            way=number,
            region=region,
            attempt=_attempt(place, WayKind.CERTIFICATE, region),
        )
        found = place.down.get(region) or _in_region(place, way, use)
        if isinstance(found, MaterialRecord):
            return replace(found, tried=tuple(tried))
        tried.append(_failed(use, found))
    return tuple(tried)


def by_result(place: Place, way: ChainedWay, number: int) -> MaterialRecord | tuple[Try, ...]:
    """Take the result of an earlier step; with fields, use the certificate it ended with."""
    earlier, desk = place.case.step(way.step), place.desk
    if earlier is None or earlier.state is not StepState.DONE:
        code = earlier.wait if earlier and earlier.wait else Code.STEP_NOT_DONE
        return (Try(WayKind.CHAINED, code),)
    values = {"result_no": earlier.result_no}
    if not way.fields or not earlier.certificate:
        return MaterialRecord(
            step=place.step.code,
            code=place.material.code,
            state=MaterialState.MET,
            way=WayKind.CHAINED,
            certificate=earlier.certificate,
            values=values,
            evidence=Evidence(desk.division, desk.clock.now(), "", earlier.identifier),
        )
    use = _Use(
        kind=WayKind.CHAINED,
        type=way.type,
        purpose=way.purpose,
        fields=way.fields,
        expect=way.expect,
        way=number,
        region=desk.division,
        attempt=place.record.attempt,
    )
    found = Refused(Code.NO_RECORD)
    for ground in way.basis:
        ask = replace(
            _ask(place, use, ground, way.step), certificate=CertificateId(earlier.certificate)
        )
        met = _fetched(place, use, ask)
        if isinstance(met, MaterialRecord):
            return replace(met, values={**met.values, **values})
        found = met
    return (_failed(use, found),)


def _regions(place: Place, way: CertificateWay) -> Iterator[str]:
    """Yield the own region, then those of the parties the way names; empty: not known.

    Without a ground here, or there, the region is left out.
    """
    own = place.desk.division
    named = [item.region for name in way.regions if (item := _party(place.case, name))]
    for region in dict.fromkeys((own, *named)):
        if way.basis if region == own else way.abroad:
            yield region


def _in_region(place: Place, way: CertificateWay, use: _Use) -> MaterialRecord | Refused:
    """Ask one region about each holder on each ground; another one only about its own people."""
    own = use.region == place.desk.division
    refused = Refused(Code.NO_RECORD)
    for name in way.holders:
        holder = _party(place.case, name)
        if holder is None or not (own or holder.region == use.region):
            continue
        for ground in way.basis if own else way.abroad:
            ask = _of_holder(place, use, holder, ground)
            met = ask if isinstance(ask, Refused) else _fetched(place, use, ask)
            if isinstance(met, MaterialRecord):
                return met
            if met.code != Code.CONSENT_NEEDED or refused.code == Code.NO_RECORD:
                refused = met  # what a register answered says more than a consent nobody gave
            if not own and met.code.startswith(_UNANSWERED):
                place.down[use.region] = met
                return met
    return refused


def _of_holder(place: Place, use: _Use, holder: Party, ground: str) -> CertificateAsk | Refused:
    """Return the request for a person's certificate. A consent given here counts here alone."""
    grant: GrantId | None = None
    if ground == CONSENT:
        given = place.case.grants.get(f"{place.step.code}/{place.material.code}")
        grant = given if holder.ref == place.case.applicant else None
        if grant is None:
            return Refused(Code.CONSENT_NEEDED)
    return replace(
        _ask(place, use, ground, holder.name),
        grant=grant,
        holder_code=holder.code,
        holder_code_type=CODE_TYPE,
    )


def _ask(place: Place, use: _Use, ground: str, whose: str) -> CertificateAsk:
    case, step, material = place.case.id, place.step.code, place.material.code
    parts = [case, step, material, str(use.attempt), ground, whose]
    if use.way:
        parts.append(str(use.way))
    if use.region != place.desk.division:
        parts.append(use.region)
    key = ".".join(parts)
    if len(key) > _LONGEST_KEY:
        key = f"{case}.{hashlib.sha256(key.encode()).hexdigest()}"
    return CertificateAsk(
        idempotency_key=key,
        matter=place.step.matter,
        case_no=case,
        purpose=use.purpose,
        type=use.type,
        basis=ground,
        fields=use.fields,
    )


def _fetched(place: Place, use: _Use, ask: CertificateAsk) -> MaterialRecord | Refused:
    done = place.desk.fetch.fetch(place.actor, ask, use.region)
    if isinstance(done.value, Refused):
        return done.value
    answer, parties = done.value.answer, place.case.parties
    if not _agrees(answer, use.expect, parties):
        return Refused(Code.VALUES_DIFFER)
    return _met(place, use, ask, done, done.value)


def _met(
    place: Place, use: _Use, ask: CertificateAsk, done: Recorded[Fetched | Refused], found: Fetched
) -> MaterialRecord:
    answer = found.answer
    return MaterialRecord(
        step=place.step.code,
        code=place.material.code,
        state=MaterialState.MET,
        way=use.kind,
        request=answer.request,
        certificate=answer.status.certificate,
        values={**answer.fields, **_of_rows(answer, use.expect, place.case.parties)},
        evidence=Evidence(
            region=use.region,
            at=answer.served_at,
            basis=ask.basis,
            identifier=answer.status.identifier,
            journal=done.journal[-1] if done.journal else None,
            peer=found.peer,
        ),
    )


def _agrees(
    answer: CertificateAnswer, expect: Mapping[str, tuple[str, ...]], parties: Sequence[Party]
) -> bool:
    plain = {name: refs for name, refs in expect.items() if "." not in name}
    tables = [name for name in expect if "." in name]
    return fits(answer.fields, plain, parties) and all(
        _row(answer, name, expect[name], parties) is not None for name in tables
    )


def _row(
    answer: CertificateAnswer, name: str, refs: tuple[str, ...], parties: Sequence[Party]
) -> Mapping[str, str] | None:
    """Return the first row of a table whose column equals one of the references."""
    table, _, column = name.partition(".")
    rows = answer.rows.get(table, ())
    return next((row for row in rows if fits(row, {column: refs}, parties)), None)


def _of_rows(
    answer: CertificateAnswer, expect: Mapping[str, tuple[str, ...]], parties: Sequence[Party]
) -> dict[str, str]:
    """Return the columns of the rows that were looked for, as ``table.column``."""
    found: dict[str, str] = {}
    for name, refs in expect.items():
        row = _row(answer, name, refs, parties) if "." in name else None
        table = name.partition(".")[0]
        found |= {f"{table}.{column}": value for column, value in (row or {}).items()}
    return found


def _attempt(place: Place, kind: WayKind, region: str) -> int:
    """Return the number under which a region is asked; see ``Try.attempt``."""
    for item in place.record.tried:
        if (item.way, item.region) == (kind, region) and item.code.startswith(_UNANSWERED):
            return item.attempt
    return place.record.attempt


def _failed(use: _Use, refused: Refused) -> Try:
    return Try(use.kind, refused.code, use.region, dict(refused.params), use.attempt)


def _party(case: Case, name: str) -> Party | None:
    return next((item for item in case.parties if item.name == name), None)
