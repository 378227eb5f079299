"""What a case spared people: papers not needed and why, fields not typed."""

from __future__ import annotations

from datetime import datetime

from intake import store
from intake.filling import counts
from intake.journey_model import Journey
from intake.journeys import Journeybook
from intake.model import (
    AUTOMATIC,
    Case,
    MaterialState,
    Report,
    Saved,
    WayKind,
)
from kernel.ports import Tx


def report(case: Case, journey: Journey, now: datetime) -> Report:
    """Count over all steps. A material that was never a paper of its own saves none."""
    saved: list[Saved] = []
    brought: list[str] = []
    promised: list[str] = []
    missing: list[str] = []
    for step in journey.steps:
        for material in step.materials:
            record = case.material(step.code, material.code)
            place = f"{step.code}/{material.code}"
            if record is None:
                continue  # nobody needs it in this case
            if record.state is MaterialState.OPEN or record.way is None:
                missing.append(place)
            elif record.way in AUTOMATIC and material.paper:
                saved.append(Saved(step.code, material.code, record.way, record.request))
            elif record.way is WayKind.PROMISE:
                promised.append(place)
            elif record.way is WayKind.UPLOAD:
                brought.append(place)
    prefilled, typed = counts(case.fields)
    return Report(
        case=case.id,
        saved=tuple(saved),
        brought=tuple(brought),
        promised=tuple(promised),
        open=tuple(missing),
        prefilled=prefilled,
        typed=typed,
        elapsed=now - case.opened_at,
    )


def papers_spared(tx: Tx, journeys: Journeybook) -> int:
    """Return how many papers all cases together did not ask for, by the same rule as ``report``."""
    total = 0
    for name, step, code, way, times in store.met(tx):
        journey = journeys.get(name)
        spec = journey.step(step) if journey else None
        material = spec.material(code) if spec else None
        if way in AUTOMATIC and material is not None and material.paper:
            total += times
    return total
