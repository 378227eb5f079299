"""For auditors: this log's entries about another region, exported; the region's file, matched."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response, StreamingResponse
from starlette.datastructures import UploadFile

from certificates.exchange.matching import FAULTS, Matching
from certificates.exchange.words import MATCHES, WHY
from hub import abroad, logbook, peeraudit
from hub.errors import Code
from hub.notices import Notice, told
from hub.problems import message
from hub.refusal import granted
from hub.views import render
from hub.visitor import OwnForm, SignedIn, Visitor, hub_of
from kernel.actors import authorise
from kernel.errors import Refused, TongbanError

router = APIRouter(tags=["pages"], include_in_schema=False)
_LINES: Final = 200


@router.get("/log/peers")
async def peers(request: Request, visitor: SignedIn) -> Response:
    """Offers the export for each registered region, and the match with a file of one."""
    granted(authorise(visitor.actor, logbook.CHECK))
    return _page(request, visitor)


@router.post("/log/peers/export")
async def export(
    request: Request, visitor: OwnForm, region: Annotated[str, Form(max_length=6)] = ""
) -> Response:
    """Gives the file for the auditor of the other region; recorded."""
    work = peeraudit.lines
    lines = granted(await run_in_threadpool(work, hub_of(request), visitor.actor, region))
    name = f"log-{hub_of(request).settings.region}-{region}.jsonl"
    headers = {
        "Cache-Control": "private, no-store",
        "Content-Disposition": f'attachment; filename="{name}"',
    }
    return StreamingResponse(lines, media_type="application/jsonl", headers=headers)


@router.post("/log/peers")
async def compare(request: Request, visitor: OwnForm) -> Response:
    """Matches an uploaded file with this hub's log; the file is not kept."""
    granted(authorise(visitor.actor, logbook.CHECK))
    form = await request.form(max_files=1, max_fields=10)
    file, key = form.get("file"), form.get("key")
    typed = key.strip()[:500] if isinstance(key, str) else ""
    if not isinstance(file, UploadFile) or not file.filename:
        return _page(request, visitor, typed, told(request, Refused(Code.FILE_MISSING)))
    hub = hub_of(request)

    def work() -> Matching | Refused:
        return peeraudit.compare(hub, visitor.actor, file.file, peeraudit.key_of(typed))

    try:
        found = granted(await run_in_threadpool(work))
    except TongbanError as error:
        if message(error.code).status >= 500:
            raise
        refused = Refused(error.code, error.params)
        return _page(request, visitor, typed, told(request, refused))
    return _page(request, visitor, typed, report=_shown(found, trusted=bool(typed)))


def _page(
    request: Request,
    visitor: Visitor,
    key: str = "",
    notice: Notice | None = None,
    report: dict[str, Any] | None = None,
) -> Response:
    hub = hub_of(request)
    values = {
        "visitor": visitor,
        "regions": abroad.regions(hub),
        "own": hub.settings.region,
        "own_key": hub.log.key.to_text(),
        "key": key,
        "notice": notice,
        "report": report,
    }
    return render(request, "log_peers.html", values, notice.status if notice else 200)


def _shown(found: Matching, *, trusted: bool) -> dict[str, Any]:
    return {
        "ok": found.ok,
        "trusted": trusted,
        "there": found.there,
        "counts": [
            (pair, found.counts.get(outcome, 0), outcome in FAULTS)
            for outcome, pair in MATCHES.items()
        ],
        "unproven": len(found.unproven_here) + len(found.unproven_there),
        "more": max(0, len(found.listed) - _LINES),
        "listed": [
            {
                "asker": item.asker,
                "exchange": item.exchange,
                "outcome": MATCHES[item.outcome],
                "bad": item.outcome in FAULTS,
                "why": WHY.get(item.why, (item.why, item.why)),
                "leaf": item.leaf,
            }
            for item in found.listed[:_LINES]
        ],
    }
