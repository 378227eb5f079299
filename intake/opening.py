"""Opening a case: the right, the people, the conditions of entry."""

from __future__ import annotations

from intake.desk import Desk
from intake.errors import Code
from intake.model import (
    Case,
    CaseState,
    MaterialRecord,
    MaterialState,
    Opening,
    StepRecord,
    StepState,
)
from intake.parties import find_parties, fits, needed
from kernel.actors import Actor, Scope, authorise
from kernel.errors import Refused
from kernel.ids import CaseId, new_id

OPEN = "intake.open"


def draft(desk: Desk, actor: Actor, asked: Opening) -> Case | Refused:
    """Return a case that may be opened, not yet written. Refusals as for ``Cases.open``."""
    allowed = authorise(actor, OPEN, Scope(division=desk.division, org=actor.org))
    if isinstance(allowed, Refused):
        return allowed
    journey = desk.journeys.get(asked.journey)
    if journey is None:
        return Refused(Code.JOURNEY_UNKNOWN, {"journey": asked.journey[:40]})
    parties = find_parties(desk, journey, asked)
    if isinstance(parties, Refused):
        return parties
    people = {spec.kind: spec.name for spec in journey.parties}
    by_name = {item.name: item for item in parties}
    subject = by_name[people["subject"]]
    for column, allowed_values in journey.entry.items():
        if not fits(subject.values, {column: allowed_values}, parties):
            return Refused(Code.ENTRY_CONDITION, {"field": column})
    return Case(
        id=CaseId(new_id("case")),
        journey=journey.name,
        journey_digest=journey.digest,
        division=desk.division,
        org=actor.org,
        window=actor.window,
        clerk=actor.id,
        state=CaseState.OPEN,
        subject=subject.ref,
        applicant=by_name[people["applicant"]].ref,
        opened_at=desk.clock.now(),
        steps=tuple(
            StepRecord(step.code, StepState.WAITING if step.after else StepState.READY)
            for step in journey.steps
        ),
        materials=tuple(
            MaterialRecord(step.code, item.code, MaterialState.OPEN)
            for step in journey.steps
            for item in step.materials
            if needed(item, parties)
        ),
        fields=(),
        parties=parties,
    )
