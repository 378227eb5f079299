"""``/v1/crls``: the region's certificate revocation lists (RFC 5280), for verifiers anywhere."""

from __future__ import annotations

import hashlib
from email.utils import format_datetime
from typing import Annotated

from fastapi import APIRouter, Header, Path, Request, Response
from fastapi.concurrency import run_in_threadpool

from hub.errors import Code
from hub.refusal import Refusal
from hub.visitor import hub_of
from kernel.errors import Refused
from signing import crl

router = APIRouter(tags=["trust"])
_FRESH_SECONDS = 300
"""How long a cache may keep a list: so much later at most does it learn of a revocation."""


@router.get("/v1/crls/{name}")
async def revocation_list(
    request: Request,
    name: Annotated[str, Path(max_length=80)],
    if_none_match: Annotated[str, Header()] = "",
) -> Response:
    """Gives a revocation list in DER, by region, rank and algorithm: 410100-root-sm2_sm3.crl."""
    data = await run_in_threadpool(hub_of(request).revocation.own, name)
    found = crl.parse(data) if data is not None else None
    if data is None or found is None:
        raise Refusal(Refused(Code.PAGE_NOT_FOUND))
    tag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    headers = {
        "Cache-Control": f"public, max-age={_FRESH_SECONDS}",
        "ETag": tag,
        "Last-Modified": format_datetime(found.this_update, usegmt=True),
    }
    if tag in {item.strip() for item in if_none_match.split(",")}:
        return Response(status_code=304, headers=headers)
    return Response(data, media_type="application/pkix-crl", headers=headers)
