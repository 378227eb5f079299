"""``/v1/verifications``: upload a sealed file, get the verdict of EN 319 102-1 and the status."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, File, Form, Request, Response, UploadFile

from hub import checking
from hub.errors import Code
from hub.refusal import Refusal, granted
from hub.visitor import Caller
from kernel.clock import to_iso
from kernel.errors import Refused

router = APIRouter(tags=["verifications"])


@router.post("/v1/verifications")
async def verify(
    *,
    request: Request,
    response: Response,
    caller: Caller,
    file: Annotated[UploadFile | None, File()] = None,
    policy: Annotated[Literal["certificate", "archive"], Form()] = "certificate",
) -> dict[str, Any]:
    """Judges an uploaded PDF or OFD of at most 30 MB; the file is not kept."""
    if file is None:
        raise Refusal(Refused(Code.FILE_MISSING))
    checked = granted(await checking.judged(request, caller, file, policy=policy))
    response.headers["Cache-Control"] = "no-store"
    verdict = checked.judgement.report
    answer: dict[str, Any] = dict(verdict) if isinstance(verdict, dict) else {}
    status = checked.status
    answer["holds"] = checked.holds
    answer["kinship"] = checked.kinship.value
    answer["receipt"] = checked.proof
    answer["register"] = (
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
    return answer
