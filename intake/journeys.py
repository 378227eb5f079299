"""The book of journeys (一件事): reads ``intake/journeys/*.toml`` and the hub's overlay, strictly.

A journey that asks a matter for more than it may use, or names an unknown party, does not load.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from certificates.matters import Matterbook, covered
from certificates.model import CertificateType
from certificates.requests_model import CONSENT
from certificates.strict import Reader
from certificates.typebook import Typebook
from intake.errors import Code
from intake.journey_model import (
    CertificateWay,
    ChainedWay,
    DataWay,
    FieldForm,
    Former,
    Journey,
    MaterialSpec,
    PartySpec,
    PromiseWay,
    StepSpec,
    UploadWay,
    Way,
)
from kernel import registry
from kernel.errors import TongbanError

WAYS: Mapping[str, type[Way]] = {
    "certificate": CertificateWay,
    "data": DataWay,
    "chained": ChainedWay,
    "promise": PromiseWay,
    "upload": UploadWay,
}
"""``kind`` of a way in a file and what it becomes."""


@dataclass(frozen=True, slots=True)
class Journeybook:
    """All journeys a hub knows. ``digest`` covers every file."""

    journeys: Mapping[str, Journey]
    digest: str

    def get(self, name: str) -> Journey | None:
        """Return a journey by name, or None."""
        return self.journeys.get(name)

    def __iter__(self) -> Iterator[Journey]:
        """Iterate over the journeys by name."""
        return iter(self.journeys.values())


def load(matters: Matterbook, types: Typebook, home: Path | None = None) -> Journeybook:
    """Read and check all journeys; raises TongbanError ``journey-invalid``."""
    found = registry.load("intake", "journeys", ".toml", home)
    journeys = {name: read(member, matters, types) for name, member in found.members.items()}
    return Journeybook(journeys, found.digest)


def read(member: registry.Member, matters: Matterbook, types: Typebook) -> Journey:
    """Turn one file into a journey; raises TongbanError ``journey-invalid`` with the reason."""
    try:
        reader = Reader(member.name, member.toml())
        journey = reader.build(
            Journey,
            name=member.name,
            digest=member.digest,
            parties=tuple(part.build(PartySpec) for part in reader.tables("parties")),
            steps=tuple(_step(part) for part in reader.tables("steps")),
            former=_former(reader),
        )
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _invalid(member.name, str(error)) from None
    except TongbanError as error:
        reason = f"{error.params.get('key', '')}: {error.params.get('reason', error.code)}"
        raise _invalid(member.name, reason) from None
    for reason in mistakes(journey, matters, types):
        raise _invalid(journey.name, reason)
    return journey


def _former(reader: Reader) -> Former | None:
    return reader.table("former").build(Former) if reader.has("former") else None


def _step(reader: Reader) -> StepSpec:
    materials = tuple(_material(part) for part in reader.tables("materials"))
    form = tuple(part.build(FieldForm) for part in reader.tables("form"))
    return reader.build(StepSpec, materials=materials, form=form)


def _material(reader: Reader) -> MaterialSpec:
    ways = tuple(_way(part) for part in reader.tables("ways"))
    return reader.build(MaterialSpec, ways=ways)


def _way(reader: Reader) -> Way:
    kind = WAYS.get(reader.text("kind"))
    if kind is None:
        raise reader.error("kind", f"one of {', '.join(WAYS)}")
    way: Way = reader.build(kind)
    return way


def mistakes(journey: Journey, matters: Matterbook, types: Typebook) -> Iterator[str]:
    """Yield every mistake that the shape of a file does not show."""
    kinds = [party.kind for party in journey.parties]
    for kind in ("subject", "applicant"):
        if kinds.count(kind) != 1:
            yield f"parties: exactly one {kind} is needed"
    names = {party.name for party in journey.parties}
    seen: dict[str, StepSpec] = {}
    for step in journey.steps:
        yield from (
            f"steps.{step.code}.after: no earlier step {x}" for x in {*step.after} - {*seen}
        )
        if step.code in seen:
            yield f"steps.{step.code}: named twice"
        if matters.get(step.matter) is None:
            yield f"steps.{step.code}.matter: no matter {step.matter}"
        for material in step.materials:
            where = f"steps.{step.code}.{material.code}"
            yield from _conditions(where, material, names)
            for way in material.ways:
                yield from _way_mistakes(where, way, names, seen)
                if isinstance(way, CertificateWay) or (isinstance(way, ChainedWay) and way.fields):
                    yield from _needs(where, step.matter, way, matters, types)
        yield from _source_mistakes(step, names, {*seen})
        yield from _result_mistakes(step, names, matters, types)
        if journey.former is None and (step.former_days or step.former_visits):
            yield f"steps.{step.code}.former_days: the journey names no source in former"
        seen[step.code] = step


def _conditions(where: str, material: MaterialSpec, names: set[str]) -> Iterator[str]:
    """Yield parties that ``when`` or ``unless`` speak of and the journey does not."""
    found = [*([material.when] if material.when else [])]
    found += [item for left, right in material.unless.items() for item in (left, *right)]
    yield from _strangers(where, found, names)


def _strangers(where: str, references: Iterable[str], names: set[str]) -> Iterator[str]:
    for reference in references:
        if not reference.startswith("=") and reference.partition(".")[0] not in names:
            yield f"{where}: no party {reference}"


def _result_mistakes(
    step: StepSpec, names: set[str], matters: Matterbook, types: Typebook
) -> Iterator[str]:
    """Yield what is wrong with the certificate a step ends with."""
    where = f"steps.{step.code}"
    if not step.produces:
        if step.key or step.shows:
            yield f"{where}.key: only for a step that issues or reissues"
        return
    kind, matter = types.types.get(step.produces), matters.get(step.matter)
    if step.issues and step.reissues:
        yield f"{where}: either issues or reissues"
    if kind is None or matter is None or matter.org != kind.issuing_code:
        yield f"{where}: the department does not issue {step.produces}"
    if not step.key:
        yield f"{where}.key: is missing"
    references = [item for group in step.shows.values() for item in group]
    yield from _strangers(f"{where}.shows", references, names)


def _way_mistakes(
    where: str, way: Way, names: set[str], seen: Mapping[str, StepSpec]
) -> Iterator[str]:
    if isinstance(way, ChainedWay):
        earlier = seen.get(way.step)
        if earlier is None:
            yield f"{where}: no earlier step {way.step}"
        elif way.fields and earlier.produces != way.type:
            yield f"{where}: {way.step} does not end with {way.type}"
    if not isinstance(way, CertificateWay | ChainedWay | DataWay):
        return
    references = [*(item for group in way.expect.values() for item in group)]
    if isinstance(way, DataWay):
        references += way.of
    elif isinstance(way, CertificateWay):
        references += [f"{name}." for name in (*way.holders, *way.regions)]
    yield from _strangers(where, references, names)


def _needs(
    where: str,
    matter_name: str,
    way: CertificateWay | ChainedWay,
    matters: Matterbook,
    types: Typebook,
) -> Iterator[str]:
    matter = matters.get(matter_name)
    need = matter.need(way.type) if matter else None
    kind = types.types.get(way.type)
    if matter is None or need is None or kind is None:
        yield f"{where}: {matter_name} does not use {way.type}"
        return
    if matter.purpose(way.purpose) is None:
        yield f"{where}: no purpose {way.purpose}"
    yield from (f"{where}: {way.type}.{x} not needed" for x in _outside(way, need.fields, kind))
    yield from (f"{where}: no basis {x}" for x in way.basis if x not in need.basis)
    if isinstance(way, ChainedWay):
        if not way.basis or CONSENT in way.basis:
            yield f"{where}: an earlier result is used on a legal basis"
        return
    between = {*need.basis, *need.abroad} - {CONSENT}
    yield from (f"{where}: no basis {x} between regions" for x in way.abroad if x not in between)
    if bool(way.regions) != bool(way.abroad):
        yield f"{where}: regions and abroad belong together"
    if not (way.basis or way.abroad) or (CONSENT in way.basis and way.basis[0] != CONSENT):
        yield f"{where}: consent comes before a legal basis"


def _outside(
    way: CertificateWay | ChainedWay, allowed: Iterable[str], kind: CertificateType
) -> list[str]:
    return [name for name in way.fields if not covered(kind, allowed, name)]


def _source_mistakes(step: StepSpec, names: set[str], seen: set[str]) -> Iterator[str]:
    codes = {f"{step.code}/{material.code}" for material in step.materials}
    named = [(f"form.{field.name}", source) for field in step.form for source in field.sources]
    for where, source in [*named, *([("key", step.key)] if step.key else [])]:
        kind, _, rest = source.partition(":")
        owner = (rest or source).partition(".")[0]
        known = {
            "material": owner in codes or owner.partition("/")[0] in seen,
            "form": owner in seen,
        }.get(kind, owner in names)
        if not known:
            yield f"steps.{step.code}.{where}: no source {source}"


def _invalid(name: str, reason: str) -> TongbanError:
    return TongbanError(Code.JOURNEY_INVALID, journey=name, reason=reason)
