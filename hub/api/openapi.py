"""The description of the interface, in the OpenAPI format."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

router = APIRouter(include_in_schema=False)


@router.get("/v1/openapi.json")
async def openapi(request: Request) -> dict[str, Any]:
    """Describes every call of the interface: its members, limits and answers."""
    described: dict[str, Any] = request.app.openapi()
    return described
