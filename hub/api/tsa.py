"""``/tsa``: the region's time-stamp authority (RFC 3161 clause 3.4; GB/T 20520 by SM3 and SM2)."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from hub.errors import Code
from hub.refusal import Refusal
from hub.stampdesk import LARGEST
from hub.visitor import hub_of
from kernel.errors import Refused
from signing.time import wire
from signing.time.model import Failure

router = APIRouter(tags=["trust"])
_MINUTE = "60"


@router.post("/tsa")
async def stamp(request: Request) -> Response:
    """Stamps a digest of SHA-256 or SM3; a request that is none gets an answer that says so.

    There is no such service (404) where TONGBAN_TIME_STAMPS is not `own`; over the limit of a
    minute the answer is 503 with Retry-After.
    """
    desk = hub_of(request).stamp_desk
    if desk is None:
        raise Refusal(Refused(Code.PAGE_NOT_FOUND))
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST:
            return _reply(wire.refused(Failure.BAD_DATA_FORMAT, f"over {LARGEST} bytes"))
    if request.headers.get("content-type", "").partition(";")[0].strip() != wire.REQUEST_TYPE:
        return _reply(wire.refused(Failure.BAD_REQUEST, f"send {wire.REQUEST_TYPE}"))
    answer = await run_in_threadpool(desk.answer, body)
    if answer is None:
        late = wire.refused(Failure.SYSTEM_FAILURE, "too many requests in this minute")
        return _reply(late, 503, {"Retry-After": _MINUTE})
    return _reply(answer)


def _reply(data: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(
        data,
        status,
        media_type=wire.ANSWER_TYPE,
        headers={"Cache-Control": "no-store", **(headers or {})},
    )
