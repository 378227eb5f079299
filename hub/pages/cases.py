"""The window's pages: the list of cases, one case with its materials, form, gaps and consent."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import UploadFile

from hub.caseview import case_row, case_view
from hub.errors import Code
from hub.pages.me import FORMATS, field_titles, org_name
from hub.problems import message
from hub.refusal import Refusal, granted, released
from hub.views import render
from hub.visitor import OwnForm, SignedIn, Visitor, hub_of
from intake.errors import Code as IntakeCode
from intake.model import Case, Opening
from kernel.errors import Refused
from kernel.ids import CaseId
from kernel.ports import Recorded

router = APIRouter(tags=["pages"], include_in_schema=False)
DONE: Final = {
    "opened": (
        "已受理。请先取得申请人同意，再核验材料。",
        "Opened. Get the applicant's consent first.",
    ),
    "consented": ("已同意。现在可以调用证照。", "Agreed. Certificates can be used now."),
    "met": ("已用证照和数据核验材料。", "Materials were checked by certificates and data."),
    "promised": ("已接受承诺。", "The promise was taken."),
    "uploaded": ("扫描件已保存。", "The scan was kept."),
    "filled": ("表单已保存。", "The form was saved."),
    "submitted": ("已提交给部门。", "Handed to the department."),
}
_FIELD: Final = "field."


@router.get("/cases")
async def cases(request: Request, visitor: SignedIn) -> Response:
    """Lists the cases of the window, or a person's own, latest first."""
    hub = hub_of(request)
    found = granted(await run_in_threadpool(hub.cases.list, visitor.actor))
    values = {
        "visitor": visitor,
        "cases": [case_row(hub, case) for case in found],
        "journeys": tuple(hub.journeys),
        "may_open": visitor.may("intake.open"),
    }
    return render(request, "cases.html", values)


@router.post("/cases")
async def open_case(
    *,
    request: Request,
    visitor: OwnForm,
    journey: Annotated[str, Form()] = "",
    subject: Annotated[str, Form()] = "",
    applicant: Annotated[str, Form()] = "",
) -> Response:
    """Opens a case; guardianship is proven by data, not by paper."""
    asked = Opening(journey, subject.strip(), applicant.strip())
    verb = hub_of(request).cases.open
    case = released(await run_in_threadpool(verb, visitor.actor, asked))
    return RedirectResponse(f"/cases/{case.id}?done=opened", 303)


@router.get("/cases/{key}")
async def case_page(request: Request, visitor: SignedIn, key: str, done: str = "") -> Response:
    """Shows a case to its window and to the people it is about."""
    notice = None
    if done in DONE:
        zh, en = DONE[done]
        notice = {"tone": "good", "zh": zh, "en": en, "next": "", "next_en": ""}
    return await _show(request, visitor, CaseId(key), notice, 200)


async def _show(
    request: Request, visitor: Visitor, key: CaseId, notice: dict[str, str] | None, status: int
) -> Response:
    hub, actor = hub_of(request), visitor.actor
    case = granted(await run_in_threadpool(hub.cases.read, actor, key))
    view = case_view(
        hub,
        visitor,
        case,
        gaps=granted(hub.cases.gaps(actor, key)),
        report=granted(hub.cases.report(actor, key)),
    )
    view["offers"] = _offers(request, visitor, case) if view["may_consent"] else []
    values = {
        "visitor": visitor,
        "case": case,
        "view": view,
        "notice": notice,
    }
    return render(request, "case.html", values, status)


def _offers(request: Request, visitor: Visitor, case: Case) -> list[dict[str, Any]]:
    """Return what consent would allow, in words, so that the person reads it first."""
    hub = hub_of(request)
    offers = granted(hub.cases.offers(visitor.actor, case.id))
    rows = []
    for offer in offers.values():
        kind = hub.typebook.types.get(offer.type)
        rows.append(
            {
                "type": kind.title if kind else offer.type,
                "fields": field_titles(kind, offer.fields),
                "requester": org_name(hub, offer.requester),
                "formats": [FORMATS[item] for item in offer.formats],
            }
        )
    return rows


async def _after(
    request: Request, visitor: Visitor, key: str, recorded: Recorded[Case | Refused], done: str
) -> Response:
    """Go back to the case; a refusal is told on its page, where it can be mended."""
    refused = recorded.value
    if not isinstance(refused, Refused):
        return RedirectResponse(f"/cases/{key}?done={done}", 303)
    if refused.code in {IntakeCode.CASE_UNKNOWN, "not-permitted"}:
        raise Refusal(refused)
    words = message(refused.code)
    notice = {
        "tone": "bad",
        "zh": words.text(refused.params),
        "en": words.text(refused.params, english=True),
        "next": words.next_step(refused.params),
        "next_en": words.next_step(refused.params, english=True),
    }
    return await _show(request, visitor, CaseId(key), notice, words.status)


@router.post("/cases/{key}/consent")
async def consent(
    request: Request, visitor: OwnForm, key: str, confirm: Annotated[str, Form()] = ""
) -> Response:
    """The applicant allows, in one act, the uses that the page listed."""
    if confirm != "yes":
        raise Refusal(Refused(Code.CONFIRMATION_MISSING))
    verb = hub_of(request).cases.consent
    done = await run_in_threadpool(verb, visitor.actor, CaseId(key))
    return await _after(request, visitor, key, done, "consented")


@router.post("/cases/{key}/meet")
async def meet(request: Request, visitor: OwnForm, key: str) -> Response:
    """Tries the automatic ways of every open material and prefills the forms."""
    verb = hub_of(request).cases.meet
    done = await run_in_threadpool(verb, visitor.actor, CaseId(key))
    return await _after(request, visitor, key, done, "met")


@router.post("/cases/{key}/promise")
async def promise(
    request: Request,
    visitor: OwnForm,
    key: str,
    step: Annotated[str, Form()] = "",
    material: Annotated[str, Form()] = "",
) -> Response:
    """Takes the applicant's promise in place of a material that data could not meet."""
    verb = hub_of(request).cases.promise
    done = await run_in_threadpool(
        verb, visitor.actor, CaseId(key), step=step, material=material, accepted=True
    )
    return await _after(request, visitor, key, done, "promised")


@router.post("/cases/{key}/upload")
async def upload(
    request: Request,
    visitor: OwnForm,
    key: str,
    step: Annotated[str, Form()] = "",
    material: Annotated[str, Form()] = "",
) -> Response:
    """Keeps a scan of a paper that nothing else could replace."""
    file = (await request.form()).get("file")
    if not isinstance(file, UploadFile):
        raise Refusal(Refused(Code.FILE_MISSING))
    data = await file.read()
    done = await run_in_threadpool(
        hub_of(request).cases.upload,
        visitor.actor,
        CaseId(key),
        step=step,
        material=material,
        media=file.content_type or "",
        data=data,
    )
    return await _after(request, visitor, key, done, "uploaded")


@router.post("/cases/{key}/fill")
async def fill(
    request: Request, visitor: OwnForm, key: str, step: Annotated[str, Form()] = ""
) -> Response:
    """Takes what the applicant typed; fields that data gave are not sent."""
    form = await request.form()
    values = {
        name.removeprefix(_FIELD): value
        for name, value in form.items()
        if name.startswith(_FIELD) and isinstance(value, str)
    }
    verb = hub_of(request).cases.fill
    done = await run_in_threadpool(verb, visitor.actor, CaseId(key), step, values)
    return await _after(request, visitor, key, done, "filled")


@router.post("/cases/{key}/submit")
async def submit(
    request: Request, visitor: OwnForm, key: str, step: Annotated[str, Form()] = ""
) -> Response:
    """Hands a complete step to its department."""
    verb = hub_of(request).cases.submit
    done = await run_in_threadpool(verb, visitor.actor, CaseId(key), step)
    return await _after(request, visitor, key, done, "submitted")
