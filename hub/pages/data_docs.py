"""Data Docs of great-expectations, as the gate rendered them: offline pages, ids masked."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response

from catalog.model import Version
from hub.errors import Code
from hub.gate import REPORTS
from hub.refusal import Refusal, granted
from hub.visitor import SignedIn, hub_of
from kernel.actors import Scope, authorise
from kernel.errors import Refused

router = APIRouter(tags=["pages"], include_in_schema=False)
POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'none'"
)
"""These pages bring their style inside; they run no script and may load nothing."""


def link(home: Path, version: Version | None) -> str:
    """Return the address of a version's Data Docs, or nothing while they are not rendered."""
    if version is None:
        return ""
    place = home / REPORTS / str(version.resource) / version.batch / "index.html"
    if not place.is_file():
        return ""
    return f"/data-docs/{quote(version.resource)}/{quote(version.batch)}/index.html"


def page_at(base: Path, batch: str, name: str) -> Path | None:
    """Return the file of a page below the folder of its batch, or None for everything else."""
    try:
        folder = (base / batch).resolve()
        place = (folder / name).resolve()
        inside = folder.parent == base.resolve() and place.is_relative_to(folder)
        return place if inside and place.is_file() else None
    except (OSError, ValueError):  # a name that no file can have
        return None


@router.get("/data-docs/{resource}/{batch}/{name:path}")
async def data_docs(
    request: Request, visitor: SignedIn, resource: str, batch: str, name: str
) -> Response:
    """Gives one page of the Data Docs to those who may see the quarantine."""
    hub = hub_of(request)
    entry = granted(hub.catalog.resource(visitor.actor, resource))
    granted(authorise(visitor.actor, "catalog.quarantine", Scope(org=entry.org)))
    place = page_at((hub.settings.root / REPORTS / entry.id), batch, name)
    if place is None:
        raise Refusal(Refused(Code.PAGE_NOT_FOUND))
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "private, no-store"}
    return FileResponse(place, headers=headers)
