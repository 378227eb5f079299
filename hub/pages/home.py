"""The home page: search, the hub's numbers, what can be done."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from hub.figures import figures
from hub.refusal import granted
from hub.views import render
from hub.visitor import Visiting, hub_of

router = APIRouter(tags=["pages"], include_in_schema=False)
_SHOWN = 6


@router.get("/")
async def home(request: Request, visitor: Visiting) -> Response:
    """Greets with search, numbers and the first entries of the catalogue."""
    hub = hub_of(request)
    resources = granted(hub.catalog.resources(visitor.actor))
    numbers = await run_in_threadpool(figures, hub, resources)
    values = {"visitor": visitor, "resources": resources[:_SHOWN], "figures": numbers}
    return render(request, "home.html", values)


@router.get("/search")
async def search(request: Request, visitor: Visiting, q: str = "") -> Response:
    """Finds entries of the catalogue by words, pinyin initials or synonyms."""
    query = q.strip()[:100]
    catalog = hub_of(request).catalog
    hits = granted(catalog.search(visitor.actor, query)) if query else ()
    return render(request, "search.html", {"visitor": visitor, "query": query, "hits": hits})
