"""The form (一表申请): filled from data and certificates first; only the rest is typed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from intake.errors import Code
from intake.journey_model import (
    ChainedWay,
    FieldForm,
    Journey,
    MaterialSpec,
    StepSpec,
)
from intake.model import (
    AUTOMATIC,
    Case,
    FieldRecord,
    Gap,
    MaterialState,
    StepState,
    Try,
    WayKind,
)
from intake.parties import resolve
from kernel.errors import Refused

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

LIVE = frozenset({StepState.WAITING, StepState.READY})
"""Steps whose materials and fields still count."""


def prefill(case: Case, step: StepSpec) -> tuple[FieldRecord, ...]:
    """Return the fields of a step that data gives. What a person typed is left alone."""
    held = {item.name for item in case.fields if item.step == step.code and not item.origin}
    found: list[FieldRecord] = []
    for field in step.form:
        if field.name in held:
            continue
        for source in field.sources:
            value = sourced(case, source)
            if value:
                found.append(FieldRecord(step.code, field.name, value, source))
                break
    return tuple(found)


def sourced(case: Case, source: str) -> str:
    """Return the value of a source as in ``FieldForm.sources``; empty where there is none."""
    kind, _, rest = source.partition(":")
    if kind == "material":
        place, _, name = rest.partition(".")
        step, _, code = place.partition("/")
        record = case.material(step, code)
        return record.values.get(name, "") if record else ""
    if kind == "form":
        step, _, name = rest.partition(".")
        return next((x.value for x in case.fields if (x.step, x.name) == (step, name)), "")
    return resolve(source, case.parties)


def typed(
    case: Case, step: StepSpec, values: Mapping[str, str]
) -> tuple[FieldRecord, ...] | Refused:
    """Check what was typed. Refusals: ``field-unknown``, ``field-prefilled``, ``field-invalid``."""
    forms = {field.name: field for field in step.form}
    given = {item.name for item in case.fields if item.step == step.code and item.origin}
    made: list[FieldRecord] = []
    for name, value in values.items():
        form = forms.get(name)
        if form is None:
            return Refused(Code.FIELD_UNKNOWN, {"field": name[:40]})
        if name in given:
            return Refused(Code.FIELD_PREFILLED, {"field": form.title})
        text = value.strip()
        if not _acceptable(form, text):
            return Refused(Code.FIELD_INVALID, {"field": form.title})
        made.append(FieldRecord(step.code, name, text, ""))
    return tuple(made)


def _acceptable(form: FieldForm, text: str) -> bool:
    if not text:
        return not form.required
    if len(text) > form.max_length or _CONTROL.search(text):
        return False
    return not form.pattern or re.fullmatch(form.pattern, text) is not None


def gaps(case: Case, journey: Journey) -> tuple[Gap, ...]:
    """Return everything that is missing, over all steps at once (一次告知).

    What a waiting step will get from an earlier one is no gap.
    """
    return tuple(
        gap
        for step in journey.steps
        if (record := case.step(step.code)) and record.state in LIVE
        for gap in step_gaps(case, step)
    )


def step_gaps(case: Case, step: StepSpec) -> tuple[Gap, ...]:
    """Return what is missing in one step: materials first, then fields of the form."""
    found: list[Gap] = []
    for material in step.materials:
        record = case.material(step.code, material.code)
        if record is None or record.state is MaterialState.MET or _will_come(case, material):
            continue
        why = next((item for item in record.tried if item.code.startswith("peer-")), None)
        why = why or next(iter(record.tried), None)
        manual = tuple(way.kind for way in material.ways if way.kind not in AUTOMATIC)
        found.append(_open(step, material, manual, why))
    filled = {item.name for item in case.fields if item.step == step.code and item.value}
    found.extend(
        Gap(Code.FIELD_EMPTY, step.code, field.name)
        for field in step.form
        if field.required and field.name not in filled and not _will_be_copied(case, step, field)
    )
    return tuple(found)


def _open(
    step: StepSpec, material: MaterialSpec, manual: tuple[WayKind, ...], why: Try | None
) -> Gap:
    return Gap(
        code=Code.MATERIAL_OPEN,
        step=step.code,
        item=material.code,
        ways=manual,
        detail=why.code if why else "",
        params=why.params if why else {},
    )


def _will_come(case: Case, material: MaterialSpec) -> bool:
    chained = [way.step for way in material.ways if isinstance(way, ChainedWay)]
    earlier = (case.step(code) for code in chained)
    return any(
        item is not None and item.state not in {StepState.DONE, StepState.REJECTED}
        for item in earlier
    )


def _will_be_copied(case: Case, step: StepSpec, field: FieldForm) -> bool:
    """Tell whether an earlier step's form, or a material that will come, gives this field later."""
    for source in field.sources:
        kind, _, rest = source.partition(":")
        place = rest.partition(".")[0]
        earlier = case.step(place) if kind == "form" else None
        if earlier is not None and earlier.state in LIVE:
            return True
        material = step.material(place.partition("/")[2]) if kind == "material" else None
        if material is not None and _will_come(case, material):
            return True
    return False


def counts(fields: Sequence[FieldRecord]) -> tuple[int, int]:
    """Return how many fields were filled from data and how many were typed."""
    from_data = sum(bool(item.origin) for item in fields)
    return from_data, len(fields) - from_data
