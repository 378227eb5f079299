"""What a case spared people: papers not needed and why, fields not typed."""

from __future__ import annotations

from datetime import datetime, timedelta

from intake import store
from intake.filling import counts
from intake.journey_model import Journey
from intake.journeys import Journeybook
from intake.model import (
    AUTOMATIC,
    Case,
    MaterialRecord,
    MaterialState,
    Report,
    Saved,
    Spared,
    StepState,
    WayKind,
)
from kernel.clock import BEIJING, Workdays
from kernel.ports import Tx

_ENDED = frozenset({StepState.GRANTED, StepState.DONE})
"""States of a step that was granted."""


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
                saved.append(_saved(record, record.way))
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
        results=tuple(item for item in case.steps if item.state in _ENDED),
        spared=spared(case, journey),
    )


def _saved(record: MaterialRecord, way: WayKind) -> Saved:
    return Saved(
        step=record.step,
        material=record.code,
        way=way,
        request=record.request,
        certificate=record.certificate,
        evidence=record.evidence,
    )


def spared(case: Case, journey: Journey) -> Spared | None:
    """Compare the steps granted so far with the former way; None without figures of it.

    The former way goes to one office after the other, so its days add up. Now all steps share one
    visit, and the days run from the opening to the last decision. Weekends are left out; public
    holidays are not.
    """
    ended = [item for item in case.steps if item.state in _ENDED and item.at is not None]
    former = journey.former
    if former is None:
        return None
    specs = [spec for item in ended if (spec := journey.step(item.code))]
    last = max((item.at for item in ended if item.at), default=case.opened_at)
    return Spared(
        former_days=sum(spec.former_days for spec in specs),
        days=_workdays(case.opened_at, last),
        former_visits=sum(spec.former_visits for spec in specs),
        visits=1 if ended else 0,
        as_of=former.as_of,
        source=former.source,
        source_en=former.source_en,
        example=former.example,
    )


def _workdays(start: datetime, end: datetime) -> int:
    """Count the working days after the day of ``start`` up to that of ``end``, in Beijing."""
    first, last = (moment.astimezone(BEIJING).date() for moment in (start, end))
    week = Workdays()
    days = (first + timedelta(days=number + 1) for number in range((last - first).days))
    return sum(week.is_workday(day) for day in days)


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
