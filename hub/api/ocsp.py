"""``/ocsp``: the regional CA's responder (RFC 6960), for verifiers anywhere."""

from __future__ import annotations

import base64
import binascii
import hashlib
from email.utils import format_datetime
from typing import Annotated
from urllib.parse import unquote_to_bytes

from fastapi import APIRouter, Path, Request, Response
from fastapi.concurrency import run_in_threadpool

from hub.errors import Code
from hub.refusal import Refusal
from hub.visitor import hub_of
from kernel.errors import Refused
from signing import ocsp
from signing.ocsp_model import ResponseStatus
from signing.ocsp_wire import ANSWER_TYPE, LARGEST_REQUEST, REQUEST_TYPE, failed

router = APIRouter(tags=["trust"])


@router.post("/ocsp")
async def ask(request: Request) -> Response:
    """Tells which certificates of the issuing CA are good: OCSPRequest in, OCSPResponse out."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != REQUEST_TYPE:
        raise Refusal(Refused(Code.REQUEST_MALFORMED, {"where": "content-type"}))
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_REQUEST:
            return _malformed()
    data = await run_in_threadpool(hub_of(request).responder.answer, bytes(body))
    return Response(data, media_type=ANSWER_TYPE, headers={"Cache-Control": "no-store"})


@router.get("/ocsp/{encoded:path}")
async def look_up(
    request: Request, encoded: Annotated[str, Path(max_length=2 * LARGEST_REQUEST)]
) -> Response:
    """Tells the same for a request in Base64 in the address, so that caches can answer."""
    try:
        asked = base64.b64decode(unquote_to_bytes(encoded), validate=True)
    except (binascii.Error, ValueError):
        return _malformed()
    data = await run_in_threadpool(hub_of(request).responder.answer, asked)
    return Response(data, media_type=ANSWER_TYPE, headers=_cached(data))


def _cached(data: bytes) -> dict[str, str]:
    """Return the headers of RFC 5019 §6.2; an answer to one asker's nonce is not for others."""
    found = ocsp.parse(data)
    if found is None or found.nonce:
        return {"Cache-Control": "no-store"}
    end = min((item.next_update for item in found.singles if item.next_update), default=None)
    if end is None:
        return {"Cache-Control": "no-store"}
    seconds = int((end - found.produced_at).total_seconds()) // 2
    return {
        "Cache-Control": f"public, max-age={seconds}, no-transform, must-revalidate",
        "ETag": f'"{hashlib.sha256(data).hexdigest()[:32]}"',
        "Last-Modified": format_datetime(found.produced_at, usegmt=True),
        "Expires": format_datetime(end, usegmt=True),
    }


def _malformed() -> Response:
    data = failed(ResponseStatus.MALFORMED_REQUEST)
    return Response(data, media_type=ANSWER_TYPE, headers={"Cache-Control": "no-store"})
