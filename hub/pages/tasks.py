"""待办: the steps that windows handed to a department, and the department's decision on each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from hub.caseview import task_view
from hub.errors import Code
from hub.notices import Notice, done, told
from hub.refusal import granted, released
from hub.views import render
from hub.visitor import OwnForm, SignedIn, Visitor, hub_of
from intake.model import StepState
from intake.uploads import SUFFIX, media_of
from kernel.errors import Refused
from kernel.ids import CaseId

router = APIRouter(tags=["pages"], include_in_schema=False)
DONE: Final = {
    "granted": ("已办结，窗口可以继续下一步。", "Granted. The window can go on."),
    "awaited": (
        "已准予。结果证照等登记数据送达后自动制发。",
        "Granted. The resulting certificate follows once the register has delivered.",
    ),
    "declined": ("已作出不予办理的决定，办件已结束。", "Declined. The case is closed."),
}
_DECISIONS: Final = {"granted": True, "declined": False}


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form for a decision held when it was refused."""

    decision: str = ""
    result_no: str = ""


@router.get("/tasks")
async def tasks(
    request: Request, visitor: SignedIn, did: Annotated[str, Query(alias="done")] = ""
) -> Response:
    """Lists what waits for the department's decision, the oldest first, without persons."""
    hub = hub_of(request)
    found = granted(await run_in_threadpool(hub.cases.tasks, visitor.actor))
    rows: list[dict[str, Any]] = []
    for item in found:
        journey = hub.journeys.journeys[item.journey]
        step = next(one for one in journey.steps if one.code == item.step)
        rows.append({"task": item, "journey": journey, "step": step})
    values = {"visitor": visitor, "rows": rows, "notice": done(DONE.get(did))}
    return render(request, "tasks.html", values)


@router.get("/tasks/{key}/{step}")
async def task(request: Request, visitor: SignedIn, key: str, step: str) -> Response:
    """Shows the department the step it decides on; other steps are not its to read."""
    return await _show(request, visitor, CaseId(key), step)


async def _show(
    request: Request,
    visitor: Visitor,
    key: CaseId,
    step: str,
    *,
    notice: Notice | None = None,
    typed: Typed | None = None,
) -> Response:
    hub = hub_of(request)
    case = released(await run_in_threadpool(hub.cases.task, visitor.actor, key, step))
    values = {
        "visitor": visitor,
        "case": case,
        "view": task_view(hub, case, step),
        "notice": notice,
        "typed": typed or Typed(),
    }
    return render(request, "task.html", values, notice.status if notice else 200)


@router.post("/tasks/{key}/{step}/scan")
async def scan(
    request: Request,
    visitor: OwnForm,
    key: str,
    step: str,
    material: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Gives the department a scan that it must look at itself; each reading is recorded."""
    verb = hub_of(request).cases.scan
    data = released(await run_in_threadpool(verb, visitor.actor, CaseId(key), step, material))
    media = media_of(data)
    headers = {
        "Cache-Control": "private, no-store",
        "Content-Disposition": f'attachment; filename="scan{SUFFIX.get(media, "")}"',
    }
    return Response(data, media_type=media, headers=headers)


@router.post("/tasks/{key}/{step}")
async def decide(
    *,
    request: Request,
    visitor: OwnForm,
    key: str,
    step: str,
    decision: Annotated[str, Form()] = "",
    result_no: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Records the decision; a grant needs the number of its result."""
    number, typed = CaseId(key), Typed(decision, result_no)
    if decision not in _DECISIONS:
        missing = told(request, Refused(Code.DECISION_MISSING))
        return await _show(request, visitor, number, step, notice=missing, typed=typed)
    made = await run_in_threadpool(
        hub_of(request).cases.conclude,
        visitor.actor,
        number,
        step,
        granted=_DECISIONS[decision],
        result_no=result_no,
    )
    if isinstance(made.value, Refused):
        return await _show(
            request, visitor, number, step, notice=told(request, made.value), typed=typed
        )
    held = made.value.step(step)
    waits = held is not None and held.state is StepState.GRANTED
    return RedirectResponse(f"/tasks?done={'awaited' if waits else decision}", 303)


@router.post("/tasks/{key}/{step}/produce")
async def produce(request: Request, visitor: OwnForm, key: str, step: str) -> Response:
    """Looks once more whether the register has delivered what the granted step waits for."""
    number = CaseId(key)
    made = await run_in_threadpool(hub_of(request).cases.produce, visitor.actor, number)
    if isinstance(made.value, Refused):
        return await _show(request, visitor, number, step, notice=told(request, made.value))
    return RedirectResponse(f"/tasks/{key}/{step}", 303)
