"""The people of a case, found in published data and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from certificates.ports import SourceRecord
from certificates.subjects import holder_ref
from intake.desk import Desk
from intake.errors import Code
from intake.journey_model import Journey, MaterialSpec, PartyKind
from intake.model import Opening, Party
from kernel.errors import Refused

CODE_TYPE = "111"
HEADS = frozenset({"01", "02"})
"""GB/T 4761 codes by which deliveries mark the head of a household (本人, 户主)."""
_MOVABLE: frozenset[PartyKind] = frozenset({"applicant", "other-guardian"})
"""People who may be registered in another region. The subject is the own register's."""


def find_parties(desk: Desk, journey: Journey, asked: Opening) -> tuple[Party, ...] | Refused:
    """Find everybody the journey speaks of.

    Whoever is in the own region's data is registered here; for the others the opening says where.
    Refusals: ``region-unknown``, ``subject-not-found``, ``subject-ambiguous``,
    ``applicant-not-guardian``.
    """
    wrong = _wrong_region(desk, journey, asked)
    if wrong:
        return wrong
    names = {spec.kind: spec.name for spec in journey.parties}
    subject = _one(desk, journey, asked.subject_code)
    if isinstance(subject, Refused):
        return subject
    code = _clean(asked.applicant_code)
    applicant = _one(desk, journey, code)
    elsewhere = asked.regions.get(names["applicant"], desk.division) != desk.division
    if isinstance(applicant, Refused) and not (
        elsewhere and applicant.code == Code.SUBJECT_NOT_FOUND
    ):
        return applicant
    guardians = [item.upper() for item in desk.guardianship.guardians(_clean(asked.subject_code))]
    if code not in guardians:
        return Refused(Code.APPLICANT_NOT_GUARDIAN)
    others = [item for item in guardians if item != code][:1]
    first = None if isinstance(applicant, Refused) else applicant
    second = _first(desk, journey, "id_number", others)
    found: dict[PartyKind, SourceRecord | None] = {
        "subject": subject,
        "applicant": first,
        "other-guardian": second,
        "household-head": _head(desk, journey, (subject, first)),
        "applicant-head": _head(desk, journey, (first,)),
        "other-head": _head(desk, journey, (second,)),
    }
    strangers: dict[PartyKind, str] = {"applicant": code, "other-guardian": "".join(others)}
    parties: list[Party] = []
    for spec in journey.parties:
        record, known = found[spec.kind], strangers.get(spec.kind, "")
        if record is not None:
            parties.append(_party(desk, spec.name, record))
        elif known:
            parties.append(_stranger(desk, spec.name, known, asked.regions.get(spec.name, "")))
        elif not spec.optional:
            return Refused(Code.SUBJECT_NOT_FOUND)
    return tuple(parties)


def moved(parties: Sequence[Party], regions: Mapping[str, str]) -> tuple[Party, ...]:
    """Return the parties with the regions said of those whom the own data do not know."""
    return tuple(
        replace(item, region=regions.get(item.name, item.region)) if not item.version else item
        for item in parties
    )


def needed(material: MaterialSpec, parties: Sequence[Party]) -> bool:
    """Tell whether a case with these people needs the material."""
    if material.when and all(item.name != material.when for item in parties):
        return False
    same = [
        resolve(left, parties) in {resolve(item, parties) for item in allowed} - {""}
        for left, allowed in material.unless.items()
    ]
    return not (same and all(same))


def resolve(
    reference: str, parties: Sequence[Party], extra: Mapping[str, str] | None = None
) -> str:
    """Return the value of ``party.column`` or of a literal ``=x``; empty where there is none."""
    if reference.startswith("="):
        return reference[1:]
    if extra and reference in extra:
        return extra[reference]
    name, _, column = reference.partition(".")
    return next((item.values.get(column, "") for item in parties if item.name == name), "")


def fits(
    values: Mapping[str, str], expect: Mapping[str, tuple[str, ...]], parties: Sequence[Party]
) -> bool:
    """Tell whether each expected column equals one of its references. Empty values fit nothing."""
    return all(
        values.get(column, "") in {resolve(item, parties) for item in allowed} - {""}
        for column, allowed in expect.items()
    )


def _one(desk: Desk, journey: Journey, code: str) -> SourceRecord | Refused:
    found = desk.source.lookup(journey.resource, "id_number", [_clean(code)]) if code else ()
    if not found:
        return Refused(Code.SUBJECT_NOT_FOUND)
    return found[0] if len(found) == 1 else Refused(Code.SUBJECT_AMBIGUOUS)


def _first(desk: Desk, journey: Journey, column: str, values: Sequence[str]) -> SourceRecord | None:
    found = desk.source.lookup(journey.resource, column, values) if values else ()
    return found[0] if len(found) == 1 else None


def _head(
    desk: Desk, journey: Journey, people: Sequence[SourceRecord | None]
) -> SourceRecord | None:
    """Return the head of the first household of these people that has one."""
    for person in people:
        number = person.values.get("household_number", "") if person else ""
        members = desk.source.lookup(
            journey.resource, "household_number", [number] if number else []
        )
        heads = [item for item in members if item.values.get("relation", "") in HEADS]
        if heads:
            return heads[0]
    return None


def _party(desk: Desk, name: str, record: SourceRecord) -> Party:
    code = record.values.get("id_number", "")
    return Party(
        name=name,
        ref=holder_ref(desk.vault, CODE_TYPE, code),
        code=code,
        values=dict(record.values),
        version=record.version,
        row_key=record.row_key,
        region=desk.division,
    )


def _stranger(desk: Desk, name: str, code: str, region: str) -> Party:
    """Return a person whom the own data do not know; its code comes from the subject's row."""
    ref = holder_ref(desk.vault, CODE_TYPE, code)
    return Party(name, ref, code, {"id_number": code}, "", "", region)


def _wrong_region(desk: Desk, journey: Journey, asked: Opening) -> Refused | None:
    movable = {item.name for item in journey.parties if item.kind in _MOVABLE}
    known = {desk.division, *desk.regions.known()} if asked.regions else set()
    for name, region in asked.regions.items():
        if name not in movable or region not in known:
            return Refused(Code.REGION_UNKNOWN, {"region": region[:12]})
    return None


def _clean(code: str) -> str:
    return code.strip().upper()
