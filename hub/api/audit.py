"""``/v1/audit``: checkpoint, tiles (C2SP tlog-tiles) and receipts, to check the log offline."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from audit.errors import Code
from audit.receipts import to_json, to_text
from audit.tiles import place_of
from hub import logbook
from hub.errors import Code as DoorCode
from hub.refusal import Refusal, granted
from hub.visitor import Caller, hub_of
from kernel.actors import Actor, authorise
from kernel.errors import Refused

router = APIRouter(tags=["audit"])


@router.get("/v1/audit/checkpoint")
async def checkpoint(request: Request, caller: Caller) -> Response:
    """Gives the newest signed checkpoint as a C2SP signed note."""
    found = granted(logbook.checkpoint(hub_of(request), caller))
    if found is None:
        raise Refusal(Refused(Code.LOG_EMPTY))
    headers = {"Cache-Control": "no-cache"}
    return Response(found.note, media_type="text/plain; charset=utf-8", headers=headers)


@router.get("/v1/audit/tile/{path:path}")
async def tile(request: Request, caller: Caller, path: str) -> Response:
    """Gives a tile of hashes; bundles of entries are for auditors, as they tell who is busy."""
    place = place_of(f"tile/{path}")
    if place is None:
        raise Refusal(Refused(DoorCode.PAGE_NOT_FOUND))
    _may_read(caller, entries=place.level < 0)
    data = hub_of(request).log.receipts.files.read(place.path)
    if data is None:
        raise Refusal(Refused(DoorCode.PAGE_NOT_FOUND))
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    if place.level < 0:
        headers["Cache-Control"] = "private, no-store"
    return Response(data, media_type="application/octet-stream", headers=headers)


def _may_read(caller: Actor, *, entries: bool) -> None:
    granted(authorise(caller, logbook.CHECK if entries else logbook.READ))


@router.get("/v1/audit/receipts/{number}")
async def receipt(
    request: Request,
    caller: Caller,
    number: Annotated[int, Path(ge=1, le=logbook.LARGEST_NO)],
) -> dict[str, Any]:
    """Gives the receipt of an entry: its index, and the proof once a checkpoint covers it."""
    found = granted(logbook.receipt(hub_of(request), caller, number))
    if found is None:
        raise Refusal(Refused(Code.ENTRY_UNKNOWN, {"index": str(number)}))
    return dict(to_json(found))


@router.get("/v1/audit/receipts/{number}/proof")
async def proof(
    request: Request,
    caller: Caller,
    number: Annotated[int, Path(ge=1, le=logbook.LARGEST_NO)],
) -> Response:
    """Gives a proven receipt as a C2SP tlog-proof file, to be kept and checked offline."""
    found = granted(logbook.receipt(hub_of(request), caller, number))
    if found is None or not found.checkpoint:
        raise Refusal(Refused(Code.ENTRY_UNKNOWN, {"index": str(number)}))
    headers = {"Content-Disposition": f'attachment; filename="{number}.tlog-proof"'}
    return Response(to_text(found), media_type="text/plain; charset=utf-8", headers=headers)
