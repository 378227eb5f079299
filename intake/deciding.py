"""What a department sees of cases: the steps handed to it, and of each only what it decides on.

A right of its own, ``intake.decide``: whoever takes a case in does not decide it (审办分离).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from intake import store
from intake.desk import Desk
from intake.errors import Code
from intake.model import Case, StepState
from kernel.actors import Actor, Scope, authorise
from kernel.errors import Refused
from kernel.ids import CaseId
from kernel.ports import Digest, Event, Json, Recorded, Tx

DECIDE = "intake.decide"


@dataclass(frozen=True, slots=True)
class Task:
    """A step that waits for the department's decision (待办); no person in it."""

    case: CaseId
    journey: str
    step: str
    since: datetime


class Department:
    """The department's side of the cases of one hub."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def tasks(self, actor: Actor, limit: int) -> tuple[Task, ...] | Refused:
        """Return submitted steps of the actor's matters in open cases, the oldest first."""
        allowed = authorise(actor, DECIDE)
        if isinstance(allowed, Refused):
            return allowed
        places = tuple(
            (journey.name, step.code)
            for journey in self._desk.journeys
            for step in journey.steps
            if self._decides(actor, step.matter)
        )
        found = self._desk.transactions.read(lambda tx: store.submitted(tx, places, limit))
        return tuple(Task(*row) for row in found)

    def task(self, actor: Actor, key: CaseId, step: str) -> Recorded[Case | Refused]:
        """Return a case with this step alone, once it was handed in; else ``case-unknown``.

        Other steps' materials and forms are not the department's to read. The reading is recorded,
        for it opens personal data.
        """

        def work(tx: Tx) -> Case | Refused:
            case = store.find(tx, self._desk.vault, key)
            seen = self._cut(actor, case, step)
            if isinstance(seen, Refused):
                data: dict[str, Json] = {"code": seen.code}
                tx.record(Event("intake.read-refused", case.id if case else "unknown", actor, data))
            else:
                tx.record(Event("intake.task-read", key, actor, {"step": step}))
            return seen

        return self._desk.transactions.write(work)

    def scan(
        self, actor: Actor, key: CaseId, step: str, material: str
    ) -> Recorded[bytes | Refused]:
        """Return the scan that was brought for a material of a step handed to the department.

        Recorded. Refusals: ``case-unknown``, ``material-unknown`` where there is no scan.
        """

        def work(tx: Tx) -> Digest | Refused:
            case = store.find(tx, self._desk.vault, key)
            seen = self._cut(actor, case, step)
            digest = None
            if not isinstance(seen, Refused):
                record = seen.material(step, material)
                digest = record.digest if record else None
            if digest is None:
                refused = seen if isinstance(seen, Refused) else Refused(Code.MATERIAL_UNKNOWN)
                data: dict[str, Json] = {"code": refused.code}
                tx.record(Event("intake.read-refused", case.id if case else "unknown", actor, data))
                return refused
            data = {"step": step, "digest": digest}
            tx.record(Event("intake.scan-read", key, actor, data))
            return digest

        done = self._desk.transactions.write(work)
        if isinstance(done.value, Refused):
            return Recorded(done.value, done.journal)
        return Recorded(self._desk.objects.get(done.value), done.journal)

    def _cut(self, actor: Actor, case: Case | None, step: str) -> Case | Refused:
        journey = self._desk.journeys.get(case.journey) if case else None
        spec = journey.step(step) if journey else None
        held = case.step(step) if case else None
        handed = held is not None and held.state not in {StepState.WAITING, StepState.READY}
        if case is None or spec is None or not handed or not self._decides(actor, spec.matter):
            return Refused(Code.CASE_UNKNOWN)
        return replace(
            case,
            steps=tuple(item for item in case.steps if item.code == step),
            materials=tuple(item for item in case.materials if item.step == step),
            fields=tuple(item for item in case.fields if item.step == step),
            grants={},
        )

    def _decides(self, actor: Actor, name: str) -> bool:
        matter = self._desk.matters.get(name)
        scope = Scope(division=self._desk.division, org=matter.org if matter else "")
        return matter is not None and not isinstance(authorise(actor, DECIDE, scope), Refused)
