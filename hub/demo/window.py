"""The demo's window case: a newborn is registered and insured, and nobody brings a paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from hub.demo.city import City
from hub.demo.summary import CaseFigures
from intake.model import AUTOMATIC, Case, CaseState, MaterialState, Opening, StepState
from kernel.actors import Actor, ActorKind, Reach, system
from kernel.errors import Refused, TongbanError
from kernel.ids import CaseId
from kernel.ports import Recorded

if TYPE_CHECKING:
    from hub.wiring import Hub

JOURNEY: Final = "newborn"
_TYPED: Final = {
    "relation_to_head": "子女",
    "guardian_phone": "100-0000-0000",
    "bank_account": "1000000000000000",
}
"""What no data can know: typed at the window. The phone prefix 100 belongs to nobody, nor does an
account that begins so."""
_TIMES = 4
"""Most times that a material is looked for: a peer's hub may be slow on a machine that is busy."""
_PASSING: Final = frozenset({"peer-slow", "peer-unreachable", "peer-answer-incomplete"})
T = TypeVar("T")


def walk(hub: Hub, city: City) -> CaseFigures:
    """Open a case as the clerk, let the guardian consent, meet the materials, conclude all steps.

    After the police decided, their next delivery enters the child into its household; only then
    can the household's book be re-issued and the later steps go on. A case that an earlier run
    finished is reported again.
    """
    clerk = hub.identity.actor_of_persona(hub.directory.personas["clerk"])
    holder = hub.identity.actor_of_persona(hub.directory.personas["holder"])
    case = _earlier(hub, clerk, city) or _open(hub, clerk, city)
    if case.state is CaseState.OPEN:
        if case.consented_at is None:
            _value(hub.cases.consent(holder, case.id))
        case = _steps(hub, clerk, case.id)
    if case.state is CaseState.OPEN and _waits(case):
        _enter(hub, city)
        _value(hub.cases.produce(clerk, case.id))
        case = _steps(hub, clerk, case.id)
    return _figures(hub, clerk, case, city)


def _open(hub: Hub, clerk: Actor, city: City) -> Case:
    family, own = city.family, hub.settings.region
    regions = {"other": family.mother_region} if family.mother_region != own else {}
    asked = Opening(JOURNEY, family.child.id_number, city.guardian.id_number, regions)
    return _value(hub.cases.open(clerk, asked))


def _earlier(hub: Hub, clerk: Actor, city: City) -> Case | None:
    """Return a case of the same child, so that a second run opens no second one."""
    from identity.ports import holder_ref

    child = holder_ref(hub.vault, city.family.child.id_number)
    found = hub.cases.list(clerk)
    if isinstance(found, Refused):
        raise TongbanError(found.code, **found.params)
    return next((case for case in found if case.subject == child), None)


def _steps(hub: Hub, clerk: Actor, key: CaseId) -> Case:
    """Fill, hand in and grant every step that is ready, until nothing moves any more."""
    case = _met(hub, clerk, key)
    while case.state is CaseState.OPEN:
        ready = [item.code for item in case.steps if item.state is StepState.READY]
        if not ready:
            break
        for code in ready:
            _granted(hub, clerk, case, code)
        case = _met(hub, clerk, key)
    return case


def _granted(hub: Hub, clerk: Actor, case: Case, code: str) -> None:
    journey = hub.journeys.get(case.journey)
    spec = journey.step(code) if journey else None
    if spec is None:
        raise TongbanError("demo-step-failed", step=code)
    names = {field.name for field in spec.form if not field.sources}
    typed = {name: value for name, value in _TYPED.items() if name in names}
    if typed:
        _value(hub.cases.fill(clerk, case.id, code, typed))
    _value(hub.cases.submit(clerk, case.id, code))
    number = "" if spec.produces else f"DEMO-{code.upper()}-{str(case.id)[-6:]}"
    officer = _officer(hub, spec.matter)
    _value(hub.cases.conclude(officer, case.id, code, granted=True, result_no=number))


def _met(hub: Hub, clerk: Actor, key: CaseId) -> Case:
    """Look for the materials; once more where a hub elsewhere did not answer in time."""
    case = _read(hub, clerk, key)
    for _ in range(_TIMES):
        if case.state is not CaseState.OPEN:
            break
        case = _value(hub.cases.meet(clerk, key))
        open_ones = (item for item in case.materials if item.state is MaterialState.OPEN)
        if not any(tried.code in _PASSING for item in open_ones for tried in item.tried):
            break
    return case


def _waits(case: Case) -> bool:
    return any(item.state is StepState.GRANTED for item in case.steps)


def _enter(hub: Hub, city: City) -> None:
    """Take in the delivery in which the police entered the child."""
    from examples.world.entered import entered
    from examples.world.model import POPULATION

    entered(hub.settings.root, [city.family.child.id_number])
    rights = ("catalog.ingest", "catalog.publish")
    done = hub.ingest.run(system("demo-ingest", hub.settings.region, rights), POPULATION)
    if isinstance(done, Refused):
        raise TongbanError(done.code, **done.params)


def _officer(hub: Hub, matter: str) -> Actor:
    """Return an officer of the department that decides the matter."""
    found = hub.matters.get(matter)
    org = found.org if found else ""
    rights = {"intake.decide": Reach.ORG}
    division = hub.settings.region
    return Actor(
        f"demo:officer:{matter}", ActorKind.STAFF, org=org, division=division, rights=rights
    )


def _figures(hub: Hub, clerk: Actor, case: Case, city: City) -> CaseFigures:
    report = hub.cases.report(clerk, case.id)
    if isinstance(report, Refused):
        raise TongbanError(report.code, **report.params)
    family, own = city.family, hub.settings.region
    automatic = sum(item.way in AUTOMATIC for item in case.materials)
    proofs = [item.evidence for item in case.materials if item.evidence]
    abroad = sum(proof.region not in {"", own} for proof in proofs)
    spared = report.spared
    return CaseFigures(
        case=case.id,
        materials=len(case.materials),
        papers_not_needed=len(report.saved),
        from_other_cities=abroad,
        prefilled=report.prefilled,
        typed=report.typed,
        results=sum(bool(item.certificate) for item in report.results),
        days_saved=spared.days_saved if spared else 0,
        visits_saved=spared.visits_saved if spared else 0,
        reconciled=case.state is CaseState.DONE
        and automatic == len(case.materials)
        and len(report.saved) > 0
        and (abroad > 0) == (family.mother_region != own)
        and not report.open
        and not report.brought
        and not report.promised,
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
