"""``/v1/verifications``: upload a sealed file, get the verdict of EN 319 102-1 and the status."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from hub import checking
from hub.errors import Code
from hub.refusal import Refusal, granted
from hub.verify_reports import MEDIA, ReportFormat
from hub.visitor import Caller, hub_of
from kernel.clock import from_iso, to_iso
from kernel.errors import Refused
from signing.reports import ReportKind

router = APIRouter(tags=["verifications"])
_DOCUMENTED: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The verdict with the status; or the report asked for, by Accept",
        "content": {"text/html": {}, "application/pdf": {}},
    }
}


@router.post("/v1/verifications", response_model=None, responses=_DOCUMENTED)
async def verify(
    *,
    request: Request,
    caller: Caller,
    file: Annotated[UploadFile | None, File()] = None,
    policy: Annotated[Literal["certificate", "archive"], Form()] = "certificate",
    at: Annotated[str, Form(description="judge as of this time (RFC 3339)")] = "",
    report: Annotated[ReportKind | None, Form(description="give this report instead")] = None,
) -> Response:
    """Judges an uploaded PDF or OFD of at most 30 MB, or reports on it; the file is not kept."""
    if file is None:
        raise Refusal(Refused(Code.FILE_MISSING))
    wanted = accepted(request.headers.get("accept", ""))
    if wanted is ReportFormat.PDF and caller.id == "public":
        raise Refusal(Refused(Code.BEARER_NEEDED))
    found = await checking.judged(request, caller, file, policy=policy, at=_moment(at))
    checked = granted(found)
    if report is None and wanted is ReportFormat.JSON:
        headers = {"Cache-Control": "no-store", "Vary": "Accept"}
        return JSONResponse(answer(checked), headers=headers)
    kind = report or ReportKind.SIMPLE
    return await run_in_threadpool(checking.download, hub_of(request), checked, kind, wanted)


def answer(checked: checking.Checked) -> dict[str, Any]:
    """Return the verdict with what register and log say."""
    joint, status = checked.joint, checked.joint.status
    verdict = joint.judgement.report
    told: dict[str, Any] = dict(verdict) if isinstance(verdict, dict) else {}
    told["holds"] = joint.holds
    told["kinship"] = joint.kinship.value
    told["receipt"] = joint.proof
    told["register"] = (
        {
            "identifier": status.identifier,
            "type": status.type,
            "issuer": status.issuer,
            "status": status.status.value,
            "checked_at": to_iso(status.checked_at),
        }
        if status
        else None
    )
    return told


def accepted(header: str) -> ReportFormat:
    """Return the most wanted of the three formats (RFC 9110 §12.5.1); JSON where none is named."""
    weights: dict[str, float] = {}
    for item in header.split(","):
        name, *parameters = (part.strip().lower() for part in item.split(";"))
        weight = next((part[2:] for part in parameters if part.startswith("q=")), "1")
        weights[name] = float(weight) if weight.replace(".", "", 1).isdecimal() else 0.0
    best = max(MEDIA, key=lambda item: weights.get(MEDIA[item], 0.0))
    return best if weights.get(MEDIA[best], 0.0) > 0 else ReportFormat.JSON


def _moment(text: str) -> datetime | None:
    try:
        return from_iso(text) if text else None
    except ValueError:
        raise Refusal(Refused(Code.MOMENT_MALFORMED)) from None
