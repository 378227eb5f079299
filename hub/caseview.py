"""A case in words: what a window, an applicant or a subject is shown of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from hub.casepapers import Regions, papers, regions, residence, result, source, tries
from hub.problems import message
from hub.visitor import Visitor
from hub.words import Pair
from intake.journey_model import (
    Journey,
    MaterialSpec,
    PartySpec,
    PromiseWay,
    StepSpec,
    UploadWay,
)
from intake.model import (
    Case,
    CaseState,
    FieldRecord,
    Gap,
    MaterialState,
    Party,
    Report,
    StepState,
    WayKind,
)
from kernel.actors import Scope, authorise
from kernel.errors import Refused

if TYPE_CHECKING:
    from hub.wiring import Hub

STATES: Final[Mapping[CaseState, tuple[Pair, str]]] = {
    CaseState.OPEN: (("办理中", "open"), "blue"),
    CaseState.DONE: (("已办结", "done"), "good"),
    CaseState.REJECTED: (("不予办理", "rejected"), "bad"),
}
STEPS: Final[Mapping[StepState, tuple[Pair, str]]] = {
    StepState.WAITING: (("等待前一步", "waits for the step before"), ""),
    StepState.READY: (("可办理", "ready"), "blue"),
    StepState.SUBMITTED: (("已提交，部门办理中", "with the department"), "warn"),
    StepState.GRANTED: (
        ("已准予，等待登记数据", "granted; the register has not delivered yet"),
        "warn",
    ),
    StepState.DONE: (("已办结", "done"), "good"),
    StepState.REJECTED: (("不予办理", "rejected"), "bad"),
}
WAYS: Final[Mapping[WayKind, Pair]] = {
    WayKind.CERTIFICATE: ("调用电子证照，免提交", "by an electronic certificate; not needed"),
    WayKind.DATA: ("数据核验通过，免提交", "checked against data; not needed"),
    WayKind.CHAINED: ("使用前一步的结果，免提交", "the result of an earlier step; not needed"),
    WayKind.PROMISE: ("告知承诺，限期补交", "promised, to be brought in time"),
    WayKind.UPLOAD: ("已上传扫描件", "a scan was uploaded"),
}
_OPEN: Final = ("待核验", "not met yet")


def case_row(hub: Hub, case: Case) -> dict[str, Any]:
    """Return what a list shows of a case: no person."""
    journey = hub.journeys.get(case.journey)
    state, tone = STATES[case.state]
    return {
        "id": case.id,
        "title": journey.title if journey else case.journey,
        "title_en": journey.title_en if journey else case.journey,
        "state": state,
        "tone": tone,
        "opened_at": case.opened_at,
    }


def case_view(
    hub: Hub,
    visitor: Visitor,
    case: Case,
    *,
    gaps: tuple[Gap, ...],
    report: Report,
    typed: Mapping[str, str],
) -> dict[str, Any]:
    """Return everything the case page shows."""
    journey = hub.journeys.journeys[case.journey]
    mine = visitor.actor.holder == case.applicant
    scope = Scope(division=case.division, org=case.org)
    fulfil = not isinstance(authorise(visitor.actor, "intake.fulfil", scope), Refused)
    found = regions(hub)
    steps = [_step(hub, case, step, found) for step in journey.steps]
    for step in steps:
        for field in step["fields"]:
            field["value"] = typed.get(f"{step['code']}.{field['name']}", field["value"])
    may_meet = fulfil and case.state is CaseState.OPEN and _waits(case)
    return case_row(hub, case) | {
        "saved": [
            row | {"how": WAYS[row["way"]][0], "how_en": WAYS[row["way"]][1]}
            for row in papers(hub, journey, found, report)
        ],
        "spared": report.spared,
        "prefilled": report.prefilled,
        "typed": _to_type(case, journey),
        "gaps": [_gap(journey, gap) for gap in gaps],
        "parties": _parties(case, journey, found),
        "regions": found,
        "steps": steps,
        "may_consent": mine and case.state is CaseState.OPEN,
        "may_fulfil": fulfil and case.state is CaseState.OPEN,
        "may_meet": may_meet,
        "may_produce": fulfil and any(step["awaited"] for step in steps),
        "goes_on": _goes_on(case, journey) if may_meet else None,
    }


def task_view(hub: Hub, case: Case, code: str) -> dict[str, Any]:
    """Return what a department is shown of the step handed to it, and nothing of other steps."""
    journey = hub.journeys.journeys[case.journey]
    spec = next(step for step in journey.steps if step.code == code)
    record, found = case.step(code), regions(hub)
    return case_row(hub, case) | {
        "parties": _parties(case, journey, found),
        "step": _step(hub, case, spec, found),
        "handed_at": record.at if record else None,
        "waits": record is not None and record.state is StepState.SUBMITTED,
    }


def _goes_on(case: Case, journey: Journey) -> Pair | None:
    """Return the step that an earlier result made ready and whose materials are still open."""
    for step in journey.steps:
        record = case.step(step.code)
        ready = record is not None and record.state is StepState.READY and bool(step.after)
        lacking = any(
            item.step == step.code and item.state is MaterialState.OPEN for item in case.materials
        )
        if ready and lacking:
            return step.title, step.title_en
    return None


def _waits(case: Case) -> bool:
    """Tell whether a step that is not handed in yet has an open material."""
    live = {item.code for item in case.steps if item.state in {StepState.READY, StepState.WAITING}}
    return any(item.state is MaterialState.OPEN and item.step in live for item in case.materials)


def _material_spec(journey: Journey, step: str, code: str) -> MaterialSpec | None:
    found = journey.step(step)
    return found.material(code) if found else None


def _to_type(case: Case, journey: Journey) -> int:
    """Count the fields that no data gave."""
    given = {(item.step, item.name) for item in case.fields if item.origin}
    return sum(
        (step.code, field.name) not in given for step in journey.steps for field in step.form
    )


def _gap(journey: Journey, gap: Gap) -> dict[str, str]:
    step = journey.step(gap.step)
    item = _material_spec(journey, gap.step, gap.item)
    field = next((one for one in step.form if one.name == gap.item), None) if step else None
    found, why = item or field, message(gap.detail or gap.code)
    words = message(gap.code)
    return {
        "title": found.title if found else gap.item,
        "title_en": found.title_en if found else gap.item,
        "zh": why.text(gap.params),
        "en": why.text(gap.params, english=True),
        "next": words.next_step({}),
        "next_en": words.next_step({}, english=True),
    }


def _parties(case: Case, journey: Journey, found: Regions) -> list[dict[str, Any]]:
    specs = {spec.name: spec for spec in journey.parties}
    return [
        {
            "code": party.name,
            "title": specs[party.name].title,
            "title_en": specs[party.name].title_en,
            "name": party.values.get("name", ""),
            "masked": masked(party.code),
            "movable": not party.version,
            "region": party.region,
            "residence": residence(found, party.region),
        }
        for party in case.parties
        if party.name in specs and not _told(case, specs[party.name], party)
    ]


def _told(case: Case, spec: PartySpec, party: Party) -> bool:
    """Tell whether a head of a household is shown already, in another part."""
    others = (item for item in case.parties if item.name != party.name)
    own_head = spec.kind in {"applicant-head", "other-head"}
    return own_head and any(item.ref == party.ref for item in others)


def masked(code: str) -> str:
    """Return an id number with its middle hidden."""
    return (
        f"{code[:3]}{'*' * max(len(code) - 7, 0)}{code[-4:]}" if len(code) > 7 else "*" * len(code)
    )


def _step(hub: Hub, case: Case, step: StepSpec, found: Regions) -> dict[str, Any]:
    record = case.step(step.code)
    state = record.state if record else StepState.WAITING
    words, tone = STEPS[state]
    ready = state is StepState.READY
    return {
        "code": step.code,
        "title": step.title,
        "title_en": step.title_en,
        "state": words,
        "tone": tone,
        "result": result(hub, step, record),
        "grant": (step.result, step.result_en),
        "produces": bool(step.produces),
        "awaited": state is StepState.GRANTED,
        "open": state in {StepState.READY, StepState.SUBMITTED},
        "met": sum(
            item.step == step.code and item.state is MaterialState.MET for item in case.materials
        ),
        "editable": ready,
        "submittable": ready,
        "materials": [
            _material(hub, case, step, item, found)
            for item in step.materials
            if case.material(step.code, item.code)
        ],
        "fields": _fields(hub, case, step),
    }


def _material(
    hub: Hub, case: Case, step: StepSpec, spec: MaterialSpec, found: Regions
) -> dict[str, Any]:
    record = case.material(step.code, spec.code)
    met = record is not None and record.state is MaterialState.MET
    way = record.way if record and met else None
    how = WAYS[way] if way else _OPEN
    state, tried = case.step(step.code), tries(found, record)
    by_hand = bool(
        record and not met and record.attempt and state and state.state is StepState.READY
    )
    return {
        "code": spec.code,
        "title": spec.title,
        "title_en": spec.title_en,
        "state": ("已满足", "met") if met else ("未满足", "open"),
        "tone": "good" if met else "warn",
        "how": how[0],
        "how_en": how[1],
        "request": record.request if record else None,
        "scan": bool(record and record.digest),
        "source": source(hub, found, step, record) if record and met else None,
        "tried": tried,
        "retry": not met and any(item["failed"] for item in tried),
        "promise": next((x for x in spec.ways if by_hand and isinstance(x, PromiseWay)), None),
        "upload": next((x for x in spec.ways if by_hand and isinstance(x, UploadWay)), None),
    }


def _fields(hub: Hub, case: Case, step: StepSpec) -> list[dict[str, Any]]:
    held = {item.name: item for item in case.fields if item.step == step.code}
    rows = []
    for form in step.form:
        record = held.get(form.name)
        value = record.value if record else ""
        shown = hub.tools.codes.text(form.codes, value) if form.codes and value else value
        rows.append(
            {
                "name": form.name,
                "title": form.title,
                "title_en": form.title_en,
                "required": form.required,
                "max_length": form.max_length,
                "hint": form.hint,
                "hint_en": form.hint_en,
                "value": shown,
                "origin": _origin(hub, case, record) if record and record.origin else None,
            }
        )
    return rows


def _origin(hub: Hub, case: Case, record: FieldRecord) -> Pair:
    """Return where a value came from: a person's data, a material, or an earlier form."""
    journey = hub.journeys.journeys[case.journey]
    kind, colon, rest = record.origin.partition(":")
    if not colon:
        party = next((x for x in journey.parties if x.name == kind.partition(".")[0]), None)
        return (
            (f"人口数据·{party.title}", f"data of: {party.title_en}") if party else ("数据", "data")
        )
    step, _, code = rest.partition(".")[0].partition("/")
    if kind == "material":
        spec = _material_spec(journey, step, code)
        return (spec.title, spec.title_en) if spec else ("材料", "a material")
    earlier = journey.step(rest.partition(".")[0])
    return (earlier.title, earlier.title_en) if earlier else ("前一步", "an earlier step")
