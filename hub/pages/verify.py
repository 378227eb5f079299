"""The verify page: upload a sealed file and read who, when, unchanged, still valid, and why."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from hub import checking
from hub.errors import Code
from hub.notices import told
from hub.refusal import granted
from hub.views import render
from hub.visitor import Visiting, hub_of, same_origin
from kernel.errors import Refused

router = APIRouter(tags=["pages"], include_in_schema=False)
POLICIES: Final = frozenset({"certificate", "archive"})


@router.get("/verify")
async def verify_page(
    request: Request, visitor: Visiting, number: Annotated[str, Query(alias="id")] = ""
) -> Response:
    """Offers the upload; reached from a QR code it shows what the register says."""
    hub, wanted = hub_of(request), number.strip()[:100]
    values: dict[str, Any] = {"visitor": visitor, "report": None, "asked": wanted, "register": ()}
    values |= {"policy": "certificate", "notice": None}
    if wanted:
        hub.checks.count()
        found = hub.register.status(visitor.actor, wanted)
        if not isinstance(found, Refused):
            values["register"] = checking.register_rows(hub, found)
    return render(request, "verify.html", values)


@router.post("/verify", dependencies=[Depends(same_origin)])
async def verify(request: Request, visitor: Visiting) -> Response:
    """Judges the uploaded file and explains the verdict; the file is not kept."""
    form = await request.form(max_files=1, max_fields=10)
    file, policy = form.get("file"), form.get("policy")
    rules = policy if isinstance(policy, str) and policy in POLICIES else "certificate"
    nothing: dict[str, Any] = {"visitor": visitor, "asked": "", "register": (), "policy": rules}
    if not isinstance(file, UploadFile) or not file.filename:
        notice = told(request, Refused(Code.FILE_MISSING))
        values = nothing | {"report": None, "notice": notice}
        return render(request, "verify.html", values, notice.status)
    checked = granted(await checking.judged(request, visitor.actor, file, policy=rules))
    values = nothing | {"report": checking.report(hub_of(request), checked), "notice": None}
    return render(request, "verify.html", values)
