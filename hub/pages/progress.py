"""The progress page of the main job: phases, time, counts. Refreshes itself without script."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from hub.views import render
from hub.visitor import Visiting, hub_of

router = APIRouter(tags=["pages"], include_in_schema=False)
_NOTHING: Final[dict[str, Any]] = {"phases": [], "finished": False, "ok": False}


@router.get("/progress")
async def progress(request: Request, visitor: Visiting, live: str = "yes") -> Response:
    """Shows how far the run is; an empty state before it starts."""
    run = read_progress(hub_of(request).settings.root)
    going = live != "no" and not run.get("finished")
    values = {"visitor": visitor, "run": run, "live": live != "no"}
    response = render(request, "progress.html", values)
    if going:
        # the header, because people must be able to stop it: WCAG 2.2, 2.2.2
        response.headers["Refresh"] = "2"
    return response


def read_progress(home: Path) -> dict[str, Any]:
    """Return ``run/progress.json`` of a hub; an empty run where it is missing or broken."""
    try:
        found = json.loads((home / "run" / "progress.json").read_text("utf-8"))
    except (OSError, ValueError):
        return _NOTHING
    return found if isinstance(found, dict) and isinstance(found.get("phases"), list) else _NOTHING
