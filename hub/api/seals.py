"""``/v1/seals``: the region's register of electronic seals, for other regions and anybody."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from hub.errors import Code
from hub.refusal import Refusal
from hub.visitor import hub_of
from kernel.canonical import canonical
from kernel.errors import Refused
from kernel.ports import Json
from signing.seal_register import MOST, SCHEMA

router = APIRouter(tags=["trust"])
_FRESH_SECONDS = 300
"""How long a cache may keep an answer: so much later at most does it learn of a revocation."""


@router.get("/v1/seals")
async def seals(
    request: Request,
    after: Annotated[str, Query(max_length=80)] = "",
    limit: Annotated[int, Query(ge=1, le=MOST)] = MOST,
    if_none_match: Annotated[str, Header()] = "",
) -> Response:
    """Lists the seals: owner, certificates, picture's digest, state with its history."""
    hub = hub_of(request)
    found = await run_in_threadpool(hub.seal_register.page, after, limit)
    last = found[-1]["seal"] if len(found) == limit else ""
    body: dict[str, Json] = {
        "schema": SCHEMA,
        "region": hub.settings.region,
        "seals": list(found),
        "after": last,
    }
    return _answer(body, if_none_match)


@router.get("/v1/seals/{seal}")
async def seal(
    request: Request,
    seal: Annotated[str, Path(max_length=80)],
    if_none_match: Annotated[str, Header()] = "",
) -> Response:
    """Gives one seal of the register."""
    hub = hub_of(request)
    found = await run_in_threadpool(hub.seal_register.one, seal)
    if found is None:
        raise Refusal(Refused(Code.PAGE_NOT_FOUND))
    head: dict[str, Json] = {"schema": SCHEMA, "region": hub.settings.region}
    return _answer({**head, **found}, if_none_match)


def _answer(body: dict[str, Json], known: str) -> Response:
    """Return canonical JSON whose tag is its digest, or 304 for who has it already."""
    data = canonical(body)
    tag = f'"{hashlib.sha256(data).hexdigest()}"'
    headers = {"Cache-Control": f"public, max-age={_FRESH_SECONDS}", "ETag": tag}
    if tag in {item.strip() for item in known.split(",")}:
        return Response(status_code=304, headers=headers)
    return Response(data, media_type="application/json", headers=headers)
