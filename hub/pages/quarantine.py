"""The quarantine of a resource: rows that failed, with rule, column, masked value, position."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from catalog.model import QuarantinePage
from hub.refusal import granted
from hub.views import render
from hub.visitor import SignedIn, hub_of
from hub.words import rule_words

router = APIRouter(tags=["pages"], include_in_schema=False)
PAGE: Final = 50


@router.get("/resources/{resource}/quarantine")
async def quarantine(
    request: Request,
    visitor: SignedIn,
    resource: str,
    rule: str = "",
    offset: Annotated[int, Query(ge=0, le=100_000_000)] = 0,
) -> Response:
    """Lists the findings of the current version, filtered by rule, fifty at a time."""
    hub = hub_of(request)
    entry = granted(hub.catalog.resource(visitor.actor, resource))
    found, titles = QuarantinePage(0, 0, (), {}), dict[str, str]()
    if entry.current:
        found = granted(
            await run_in_threadpool(
                hub.catalog.quarantine,
                visitor.actor,
                entry.current,
                rule=rule,
                offset=offset,
                limit=PAGE,
            )
        )
        counts = granted(hub.catalog.rules(visitor.actor, entry.current))
        titles = {item.rule: item.title for item in counts}
    values = {
        "visitor": visitor,
        "resource": entry,
        "page": found,
        "rule": rule,
        "words": {name: rule_words(name, titles.get(name, name)) for name in found.by_rule},
        "names": {item.column: item.name for item in entry.items},
        "earlier": _at(entry.id, rule, offset - PAGE) if offset > 0 else "",
        "later": _at(entry.id, rule, offset + PAGE) if offset + PAGE < found.total else "",
    }
    return render(request, "quarantine.html", values)


def _at(resource: str, rule: str, offset: int) -> str:
    query = {"rule": rule, "offset": max(offset, 0)}
    return f"/resources/{resource}/quarantine?{urlencode(query)}"
