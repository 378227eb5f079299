"""``/v1/certificates``: the status of one certificate, at this moment."""

from __future__ import annotations

from datetime import date, datetime

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from certificates.model import CertificateStatus
from hub.refusal import granted
from hub.visitor import Caller, hub_of

router = APIRouter(tags=["certificates"])


class StatusAnswer(BaseModel):
    """Status without any personal value."""

    identifier: str
    type: str
    issuer: str
    status: CertificateStatus
    reason: str
    checked_at: datetime
    valid_from: date
    valid_to: date | None


@router.get("/v1/certificates/{identifier}/status")
async def status(
    request: Request, response: Response, caller: Caller, identifier: str
) -> StatusAnswer:
    """Tells whether a certificate is in force, by its identifier (电子证照标识)."""
    hub = hub_of(request)
    hub.checks.count()
    found = granted(hub.register.status(caller, identifier))
    response.headers["Cache-Control"] = "no-store"
    return StatusAnswer(
        identifier=found.identifier,
        type=found.type,
        issuer=found.issuer,
        status=found.status,
        reason=found.reason,
        checked_at=found.checked_at,
        valid_from=found.valid_from,
        valid_to=found.valid_to,
    )
