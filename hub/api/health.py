"""For machines that watch the hub: alive, ready, figures."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from hub.visitor import hub_of

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def alive() -> dict[str, str]:
    """Tells that the process answers; says nothing about what it depends on."""
    return {"status": "ok"}


@router.get("/readyz")
async def ready(request: Request, response: Response) -> dict[str, Any]:
    """Tells whether the database answers; 503 when it does not."""
    try:
        hub_of(request).identity.ping()
    except Exception:  # noqa: BLE001 - any failure of the database means: not ready
        response.status_code = 503
        return {"status": "not-ready", "failing": ["database"]}
    return {"status": "ready", "failing": []}


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Figures in the Prometheus text format: requests by route and status, time to answer."""
    body = generate_latest(request.app.state.figures.registry)
    return Response(body, media_type=CONTENT_TYPE_LATEST)
