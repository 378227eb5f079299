"""``/v1/peer-requests``: the door for hubs of other regions. Signed questions, signed answers."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from certificates.exchange.message import Message
from certificates.exchange.model import PATH
from hub.refusal import Refusal
from hub.visitor import hub_of
from kernel.errors import Refused

router = APIRouter(tags=["exchange"])


@router.post(PATH)
async def peer_request(request: Request) -> Response:
    """Answers a signed question of another region's hub (RFC 9421), whatever it is, signed."""
    hub = hub_of(request)
    names = [name.lower() for name in request.headers]
    # A field given twice would be read differently by signer and verifier; none of ours may be.
    headers = {name: request.headers[name] for name in names if names.count(name) == 1}
    # The target is this hub's own name: what a caller writes into Host proves nothing.
    url = hub.settings.address + PATH
    message = Message(headers, await request.body(), method=request.method, url=url)
    answer = await run_in_threadpool(hub.home_desk.answer, message)
    if isinstance(answer, Refused):
        raise Refusal(answer)
    fields = {**answer.headers, "cache-control": "no-store"}
    return Response(answer.body, answer.status, fields)
