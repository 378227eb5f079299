"""The window's pages: the list of cases, one case with its materials, form, gaps and consent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Form, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import UploadFile

from hub.casepapers import regions
from hub.caseview import case_row, case_view
from hub.errors import Code
from hub.notices import Notice, done, told
from hub.pages.me import FORMATS, field_titles, org_name
from hub.refusal import granted, released
from hub.views import render
from hub.visitor import OwnForm, SignedIn, Visitor, hub_of
from intake.model import Case, Opening
from kernel.errors import Refused
from kernel.ids import CaseId
from kernel.ports import Recorded

if TYPE_CHECKING:
    from hub.wiring import Hub

router = APIRouter(tags=["pages"], include_in_schema=False)
DONE: Final = {
    "opened": (
        "已受理。请先取得申请人同意，再核验材料。",
        "Opened. Get the applicant's consent first.",
    ),
    "consented": ("已同意。现在可以调用证照。", "Agreed. Certificates can be used now."),
    "met": ("已用证照和数据核验材料。", "Materials were checked by certificates and data."),
    "settled": (
        "户籍地已登记。请重新核验材料，系统将向该地调用证照。",
        "The region is noted. Check the materials again: its certificates will be asked for.",
    ),
    "produced": ("已再次查询登记数据。", "The register was looked up once more."),
    "promised": ("已接受承诺。", "The promise was taken."),
    "uploaded": ("扫描件已保存。", "The scan was kept."),
    "filled": ("表单已保存。", "The form was saved."),
    "submitted": ("已提交给部门。", "Handed to the department."),
}
_FIELD: Final = "field."


@router.get("/cases")
async def cases(request: Request, visitor: SignedIn) -> Response:
    """Lists the cases of the window, or a person's own, latest first."""
    return await _list(request, visitor, Opening("", "", ""), {}, None)


async def _list(
    request: Request,
    visitor: Visitor,
    typed: Opening,
    said: Mapping[str, str],
    notice: Notice | None,
) -> Response:
    hub = hub_of(request)
    found = granted(await run_in_threadpool(hub.cases.list, visitor.actor))
    values = {
        "visitor": visitor,
        "cases": [case_row(hub, case) for case in found],
        "journeys": tuple(hub.journeys),
        "may_open": visitor.may("intake.open"),
        "regions": regions(hub),
        "typed": typed,
        "typed_regions": said,
        "notice": notice,
    }
    return render(request, "cases.html", values, notice.status if notice else 200)


@router.post("/cases")
async def open_case(
    *,
    request: Request,
    visitor: OwnForm,
    journey: Annotated[str, Form()] = "",
    subject: Annotated[str, Form()] = "",
    applicant: Annotated[str, Form()] = "",
    applicant_region: Annotated[str, Form(max_length=12)] = "",
    other_region: Annotated[str, Form(max_length=12)] = "",
) -> Response:
    """Opens a case; guardianship is proven by data, not by paper."""
    said = {"applicant": applicant_region, "other-guardian": other_region}
    asked = Opening(
        journey, subject.strip(), applicant.strip(), _said(hub_of(request), journey, said)
    )
    verb = hub_of(request).cases.open
    opened = (await run_in_threadpool(verb, visitor.actor, asked)).value
    if isinstance(opened, Refused):
        return await _list(request, visitor, asked, said, told(request, opened))
    return RedirectResponse(f"/cases/{opened.id}?done=opened", 303)


def _said(hub: Hub, name: str, said: Mapping[str, str]) -> dict[str, str]:
    """Turn regions by the sort of party into regions by party; the own region needs no word."""
    journey, own = hub.journeys.get(name), hub.settings.region
    return {
        spec.name: region
        for spec in (journey.parties if journey else ())
        if (region := said.get(spec.kind, "").strip()) not in {"", own}
    }


@router.get("/cases/{key}")
async def case_page(
    request: Request, visitor: SignedIn, key: str, did: Annotated[str, Query(alias="done")] = ""
) -> Response:
    """Shows a case to its window and to the people it is about."""
    return await _show(request, visitor, CaseId(key), done(DONE.get(did)))


async def _show(
    request: Request,
    visitor: Visitor,
    key: CaseId,
    notice: Notice | None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    """``typed`` maps ``step.field`` to what a refused form held, so that nothing is typed twice."""
    hub, actor = hub_of(request), visitor.actor
    case = released(await run_in_threadpool(hub.cases.look, actor, key))
    view = case_view(
        hub,
        visitor,
        case,
        gaps=granted(hub.cases.gaps(actor, key)),
        report=granted(hub.cases.report(actor, key)),
        typed=typed or {},
    )
    view["offers"] = _offers(request, visitor, case) if view["may_consent"] else []
    values = {
        "visitor": visitor,
        "case": case,
        "view": view,
        "notice": notice,
    }
    return render(request, "case.html", values, notice.status if notice else 200)


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
    request: Request, visitor: Visitor, key: str, recorded: Recorded[Case | Refused], did: str
) -> Response:
    """Go back to the case; a refusal is told on its page, where it can be mended."""
    if isinstance(recorded.value, Refused):
        return await _show(request, visitor, CaseId(key), told(request, recorded.value))
    return RedirectResponse(f"/cases/{key}?done={did}", 303)


@router.post("/cases/{key}/consent")
async def consent(
    request: Request, visitor: OwnForm, key: str, confirm: Annotated[str, Form()] = ""
) -> Response:
    """The applicant allows, in one act, the uses that the page listed."""
    if confirm != "yes":
        return await _show(
            request, visitor, CaseId(key), told(request, Refused(Code.CONFIRMATION_MISSING))
        )
    verb = hub_of(request).cases.consent
    given = await run_in_threadpool(verb, visitor.actor, CaseId(key))
    return await _after(request, visitor, key, given, "consented")


@router.post("/cases/{key}/meet")
async def meet(request: Request, visitor: OwnForm, key: str) -> Response:
    """Tries the automatic ways of every open material and prefills the forms."""
    verb = hub_of(request).cases.meet
    made = await run_in_threadpool(verb, visitor.actor, CaseId(key))
    return await _after(request, visitor, key, made, "met")


@router.post("/cases/{key}/regions")
async def settle(
    request: Request,
    visitor: OwnForm,
    key: str,
    party: Annotated[str, Form(max_length=40)] = "",
    region: Annotated[str, Form(max_length=12)] = "",
) -> Response:
    """Notes where a person is registered whom this city's data do not know."""
    verb = hub_of(request).cases.settle
    made = await run_in_threadpool(verb, visitor.actor, CaseId(key), {party: region.strip()})
    return await _after(request, visitor, key, made, "settled")


@router.post("/cases/{key}/produce")
async def produce(request: Request, visitor: OwnForm, key: str) -> Response:
    """Looks once more whether the register has delivered what a granted step waits for."""
    verb = hub_of(request).cases.produce
    made = await run_in_threadpool(verb, visitor.actor, CaseId(key))
    return await _after(request, visitor, key, made, "produced")


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
    made = await run_in_threadpool(
        verb, visitor.actor, CaseId(key), step=step, material=material, accepted=True
    )
    return await _after(request, visitor, key, made, "promised")


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
        return await _show(request, visitor, CaseId(key), told(request, Refused(Code.FILE_MISSING)))
    async with request.app.state.judging:
        made = await run_in_threadpool(
            hub_of(request).cases.upload,
            visitor.actor,
            CaseId(key),
            step=step,
            material=material,
            media=file.content_type or "",
            data=await file.read(),
        )
    return await _after(request, visitor, key, made, "uploaded")


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
    made = await run_in_threadpool(verb, visitor.actor, CaseId(key), step, values)
    if isinstance(made.value, Refused):
        typed = {f"{step}.{name}": value for name, value in values.items()}
        return await _show(request, visitor, CaseId(key), told(request, made.value), typed)
    return await _after(request, visitor, key, made, "filled")


@router.post("/cases/{key}/submit")
async def submit(
    request: Request, visitor: OwnForm, key: str, step: Annotated[str, Form()] = ""
) -> Response:
    """Hands a complete step to its department."""
    verb = hub_of(request).cases.submit
    made = await run_in_threadpool(verb, visitor.actor, CaseId(key), step)
    return await _after(request, visitor, key, made, "submitted")
