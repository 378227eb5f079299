"""The demo's window case: a newborn is registered and insured, and nobody brings a paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from hub.demo.city import City
from hub.demo.summary import CaseFigures
from intake.model import AUTOMATIC, Case, CaseState, Opening, StepState
from kernel.actors import Actor, ActorKind, Reach
from kernel.errors import Refused, TongbanError
from kernel.ids import CaseId
from kernel.ports import Recorded

if TYPE_CHECKING:
    from hub.wiring import Hub

JOURNEY: Final = "newborn"
_TYPED: Final = {"relation_to_head": "子女", "guardian_phone": "100-0000-0000"}
"""What no data can know: typed at the window. The phone prefix 100 belongs to nobody."""
T = TypeVar("T")


def walk(hub: Hub, city: City) -> CaseFigures:
    """Open a case as the clerk, let the guardian consent, meet the materials, conclude all steps.

    A case that an earlier run finished is reported again.
    """
    clerk = hub.identity.actor_of_persona(hub.directory.personas["clerk"])
    holder = hub.identity.actor_of_persona(hub.directory.personas["holder"])
    case = _earlier(hub, clerk, city) or _open(hub, clerk, city)
    if case.state is CaseState.OPEN:
        if case.consented_at is None:
            _value(hub.cases.consent(holder, case.id))
        _value(hub.cases.meet(clerk, case.id))
        case = _steps(hub, clerk, case.id)
    return _figures(hub, clerk, case)


def _open(hub: Hub, clerk: Actor, city: City) -> Case:
    asked = Opening(JOURNEY, city.family.child.id_number, city.guardian.id_number)
    return _value(hub.cases.open(clerk, asked))


def _earlier(hub: Hub, clerk: Actor, city: City) -> Case | None:
    """Return a finished case of the same child, so that a second run opens no second one."""
    from identity.ports import holder_ref

    child = holder_ref(hub.vault, city.family.child.id_number)
    found = hub.cases.list(clerk)
    if isinstance(found, Refused):
        raise TongbanError(found.code, **found.params)
    return next((case for case in found if case.subject == child), None)


def _steps(hub: Hub, clerk: Actor, key: CaseId) -> Case:
    case = _read(hub, clerk, key)
    journey = hub.journeys.get(case.journey)
    for spec in journey.steps if journey else ():
        held = case.step(spec.code)
        if held is not None and held.state is StepState.READY:
            names = {field.name for field in spec.form if not field.sources}
            typed = {name: value for name, value in _TYPED.items() if name in names}
            if typed:
                _value(hub.cases.fill(clerk, key, spec.code, typed))
            _value(hub.cases.submit(clerk, key, spec.code))
        officer = _officer(hub, spec.matter)
        number = f"DEMO-{spec.code.upper()}-{str(key)[-6:]}"
        _value(hub.cases.conclude(officer, key, spec.code, granted=True, result_no=number))
        case = _read(hub, clerk, key)
        if case.state is CaseState.OPEN:
            case = _value(hub.cases.meet(clerk, key))
    return case


def _officer(hub: Hub, matter: str) -> Actor:
    """Return an officer of the department that decides the matter."""
    found = hub.matters.get(matter)
    org = found.org if found else ""
    rights = {"intake.decide": Reach.ORG}
    division = hub.settings.region
    return Actor(
        f"demo:officer:{matter}", ActorKind.STAFF, org=org, division=division, rights=rights
    )


def _figures(hub: Hub, clerk: Actor, case: Case) -> CaseFigures:
    report = hub.cases.report(clerk, case.id)
    if isinstance(report, Refused):
        raise TongbanError(report.code, **report.params)
    automatic = sum(item.way in AUTOMATIC for item in case.materials)
    return CaseFigures(
        case=case.id,
        materials=len(case.materials),
        papers_not_needed=len(report.saved),
        prefilled=report.prefilled,
        typed=report.typed,
        reconciled=case.state is CaseState.DONE
        and len(report.saved) == automatic == len(case.materials)
        and not report.open
        and not report.brought,
    )


def _read(hub: Hub, clerk: Actor, key: CaseId) -> Case:
    case = hub.cases.read(clerk, key)
    if isinstance(case, Refused):
        raise TongbanError(case.code, **case.params)
    return case


def _value(done: Recorded[T | Refused]) -> T:
    if isinstance(done.value, Refused):
        raise TongbanError(done.value.code, **done.value.params)
    return done.value
