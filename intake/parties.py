"""The people of a case, found in published data and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from certificates.ports import SourceRecord
from certificates.subjects import holder_ref
from intake.desk import Desk
from intake.errors import Code
from intake.model import Journey, Opening, Party, PartyKind
from kernel.errors import Refused

CODE_TYPE = "111"
HEADS = frozenset({"01", "02"})
"""GB/T 4761 codes by which deliveries mark the head of a household (本人, 户主)."""


def find_parties(desk: Desk, journey: Journey, asked: Opening) -> tuple[Party, ...] | Refused:
    """Find everybody the journey speaks of.

    Refusals: ``subject-not-found``, ``subject-ambiguous``, ``applicant-not-guardian``.
    """
    subject = _one(desk, journey, asked.subject_code)
    if isinstance(subject, Refused):
        return subject
    applicant = _one(desk, journey, asked.applicant_code)
    if isinstance(applicant, Refused):
        return applicant
    guardians = [code.upper() for code in desk.guardianship.guardians(_clean(asked.subject_code))]
    if _clean(asked.applicant_code) not in guardians:
        return Refused(Code.APPLICANT_NOT_GUARDIAN)
    others = [code for code in guardians if code != _clean(asked.applicant_code)]
    found: dict[PartyKind, SourceRecord | None] = {
        "subject": subject,
        "applicant": applicant,
        "other-guardian": _first(desk, journey, "id_number", others[:1]),
        "household-head": _head(desk, journey, (subject, applicant)),
    }
    parties: list[Party] = []
    for spec in journey.parties:
        record = found[spec.kind]
        if record is not None:
            parties.append(_party(desk, spec.name, record))
        elif not spec.optional:
            return Refused(Code.SUBJECT_NOT_FOUND)
    return tuple(parties)


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


def _head(desk: Desk, journey: Journey, people: Sequence[SourceRecord]) -> SourceRecord | None:
    """Return the head of the household the child is to enter: its own, else the applicant's."""
    for person in people:
        number = person.values.get("household_number", "")
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
    )


def _clean(code: str) -> str:
    return code.strip().upper()
