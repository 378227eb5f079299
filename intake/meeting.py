"""Meeting a material without paper: its automatic ways, tried in the order the journey lists them.

Nothing here changes the case: certificates are fetched through ``certificates`` (which records each
use), data is looked up, and the caller writes what came of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from certificates.ports import SourceRecord
from intake.asking import Place, by_certificate, by_result
from intake.desk import Desk
from intake.errors import Code
from intake.journey_model import CertificateWay, ChainedWay, DataWay, MaterialSpec, StepSpec
from intake.model import Case, Evidence, MaterialRecord, MaterialState, Try, WayKind
from intake.parties import fits, resolve
from kernel.actors import Actor
from kernel.errors import Refused
from kernel.ports import Event, Json


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of the automatic ways of one material, and the data checks to record."""

    record: MaterialRecord
    checks: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Meeting:
    """One round over the open materials of a case.

    ``down`` keeps the regions that left a question without an answer: they are not asked again in
    this round, so that one dead line costs its time limit once.
    """

    desk: Desk
    actor: Actor
    case: Case
    down: dict[str, Refused] = field(default_factory=dict)

    def attempt(self, step: StepSpec, material: MaterialSpec, record: MaterialRecord) -> Attempt:
        """Try the automatic ways; the record says which one met it, or why each did not."""
        place = Place(self.desk, self.actor, self.case, step, material, record, self.down)
        tried: list[Try] = []
        checks: list[Event] = []
        for number, way in enumerate(material.ways):
            met: MaterialRecord | tuple[Try, ...]
            if isinstance(way, CertificateWay):
                met = by_certificate(place, way, number)
            elif isinstance(way, DataWay):
                met = _by_data(place, way)
                checks.append(_check(place, way, met))
            elif isinstance(way, ChainedWay):
                met = by_result(place, way, number)
            else:
                continue
            if isinstance(met, MaterialRecord):
                every = (*tried, *met.tried)
                met = replace(met, tried=every, attempt=record.attempt + 1)
                return Attempt(met, tuple(checks))
            tried.extend(met)
        missed = replace(record, tried=tuple(tried), attempt=record.attempt + 1)
        return Attempt(missed, tuple(checks))


def _by_data(place: Place, way: DataWay) -> MaterialRecord | tuple[Try, ...]:
    parties = place.case.parties
    wanted = [value for item in way.of if (value := resolve(item, parties))]
    if not wanted:
        return (Try(WayKind.DATA, Code.NO_RECORD),)
    found = place.desk.source.lookup(way.resource, way.column, wanted)
    good = [record for record in found if fits(record.values, way.expect, parties)]
    covered = {record.values.get(way.column, "") for record in good}
    enough = bool(covered) if way.any_of else covered >= set(wanted)
    if not enough:
        return (Try(WayKind.DATA, Code.VALUES_DIFFER if found else Code.NO_RECORD),)
    return MaterialRecord(
        step=place.step.code,
        code=place.material.code,
        state=MaterialState.MET,
        way=WayKind.DATA,
        values={name: _value(good, wanted, way, name) for name in way.fields},
        evidence=Evidence(place.desk.division, place.desk.clock.now()),
    )


def _value(good: Sequence[SourceRecord], wanted: Sequence[str], way: DataWay, name: str) -> str:
    """Return a value of the row of the first reference that has one."""
    for value in wanted:
        for record in good:
            if record.values.get(way.column, "") == value:
                return record.values.get(name, "")
    return ""


def _check(place: Place, way: DataWay, met: MaterialRecord | tuple[Try, ...]) -> Event:
    data: Mapping[str, Json] = {
        "step": place.step.code,
        "material": place.material.code,
        "matter": place.step.matter,
        "resource": way.resource,
        "fields": list(way.fields),
        "outcome": "met" if isinstance(met, MaterialRecord) else met[-1].code,
    }
    return Event("intake.data-checked", place.case.id, place.actor, data)
