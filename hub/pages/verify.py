"""The verify page: upload a sealed file and read who, when, unchanged, still valid, and why.

The file is not kept. The answer carries its evidence, sealed, in a hidden field: posted back, it is
judged again or written down as a report (see ``hub.verify_ticket``).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from hub import checking, verify_ticket
from hub.errors import Code
from hub.notices import Notice, told
from hub.refusal import Refusal, granted
from hub.verify_reports import ReportFormat
from hub.views import render
from hub.visitor import Visiting, Visitor, hub_of, same_origin
from kernel.clock import BEIJING, from_iso
from kernel.errors import Refused, TongbanError
from signing.reports import ReportKind

if TYPE_CHECKING:
    from hub.wiring import Hub

router = APIRouter(tags=["pages"], include_in_schema=False)
POLICIES: Final = frozenset({"certificate", "archive"})


@router.get("/verify")
async def verify_page(
    request: Request, visitor: Visiting, number: Annotated[str, Query(alias="id")] = ""
) -> Response:
    """Offers the upload; reached from a QR code it shows what the register says."""
    hub, wanted = hub_of(request), number.strip()[:100]
    register: Any = ()
    if wanted:
        hub.checks.count()
        found = hub.register.status(visitor.actor, wanted)
        if not isinstance(found, Refused):
            register = checking.register_rows(hub, found)
    return _page(request, visitor, asked=wanted, register=register)


@router.post("/verify", dependencies=[Depends(same_origin)])
async def verify(request: Request, visitor: Visiting) -> Response:
    """Judges the uploaded file and explains the verdict; the file is not kept."""
    form = await request.form(max_files=1, max_fields=10)
    file, rules = form.get("file"), _policy(form.get("policy"))
    if not isinstance(file, UploadFile) or not file.filename:
        notice = told(request, Refused(Code.FILE_MISSING))
        return _page(request, visitor, policy=rules, notice=notice)
    found = await checking.judged(request, visitor.actor, file, policy=rules, pictures=True)
    return _shown(request, visitor, granted(found))


@router.post("/verify/replay", dependencies=[Depends(same_origin)])
async def replay(
    request: Request,
    visitor: Visiting,
    *,
    ticket: Annotated[str, Form()] = "",
    policy: Annotated[str, Form()] = "",
    at: Annotated[str, Form()] = "",
) -> Response:
    """Judges the saved evidence again, under another policy or as of another time."""
    hub, rules = hub_of(request), _policy(policy)
    held = verify_ticket.unseal(hub.vault, visitor.actor, ticket, hub.clock.now())
    if isinstance(held, Refused):
        return _page(request, visitor, policy=rules, notice=told(request, held))
    moment = _moment(at) if at.strip() else hub.clock.now()
    if moment is None:
        notice = told(request, Refused(Code.MOMENT_MALFORMED))
        found = await _weighed(request, visitor, (held, rules, hub.clock.now()))
        return _shown(request, visitor, found, notice=notice, replayed=True)
    return _shown(
        request, visitor, await _weighed(request, visitor, (held, rules, moment)), replayed=True
    )


@router.post("/verify/report", dependencies=[Depends(same_origin)])
async def report(
    request: Request,
    visitor: Visiting,
    *,
    ticket: Annotated[str, Form()] = "",
    shown_policy: Annotated[str, Form()] = "",
    shown_at: Annotated[str, Form()] = "",
    kind: Annotated[str, Form()] = "",
    form: Annotated[str, Form(alias="format")] = "",
) -> Response:
    """Gives the report on the verdict that is shown, as JSON, HTML or sealed PDF."""
    hub, rules = hub_of(request), _policy(shown_policy)
    held = verify_ticket.unseal(hub.vault, visitor.actor, ticket, hub.clock.now())
    if isinstance(held, Refused):
        return _page(request, visitor, policy=rules, notice=told(request, held))
    try:
        moment, wanted, what = from_iso(shown_at), ReportFormat(form), ReportKind(kind)
    except ValueError:
        raise Refusal(Refused(Code.REQUEST_MALFORMED)) from None
    if wanted is ReportFormat.PDF and visitor.persona is None:
        raise Refusal(Refused(Code.SIGN_IN_NEEDED))
    found = await _weighed(request, visitor, (held, rules, moment))
    try:
        return await run_in_threadpool(checking.download, hub, found, what, wanted)
    except TongbanError as error:
        if error.code != Code.REPORT_SEAL_MISSING:
            raise
        notice = told(request, Refused(Code.REPORT_SEAL_MISSING))
        return _shown(request, visitor, found, notice=notice, replayed=True)


async def _weighed(
    request: Request, visitor: Visitor, asked: tuple[verify_ticket.Ticket, str, datetime]
) -> checking.Checked:
    hub: Hub = hub_of(request)
    async with request.app.state.judging:
        hub.checks.count()
        found = await run_in_threadpool(checking.weigh, hub, visitor.actor, *asked)
    return granted(found)


def _shown(
    request: Request,
    visitor: Visitor,
    checked: checking.Checked,
    *,
    notice: Notice | None = None,
    replayed: bool = False,
) -> Response:
    found = checking.whole(hub_of(request), visitor.actor, checked)
    return _page(
        request,
        visitor,
        report=found | {"replayed": replayed},
        policy=checked.policy.name,
        notice=notice,
    )


def _page(
    request: Request, visitor: Visitor, *, notice: Notice | None = None, **values: Any
) -> Response:
    base: dict[str, Any] = {"visitor": visitor, "report": None, "asked": "", "register": ()}
    base |= {"policy": "certificate", "notice": notice}
    return render(request, "verify.html", base | values, notice.status if notice else 200)


def _policy(value: object) -> str:
    return value if isinstance(value, str) and value in POLICIES else "certificate"


def _moment(text: str) -> datetime | None:
    """Return what a form's field says: Beijing time unless it names a zone."""
    try:
        found = datetime.fromisoformat(text.strip())
        local = found if found.tzinfo else found.replace(tzinfo=BEIJING)
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
