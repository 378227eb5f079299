"""Whoever waits is answered: requests that take too long, uploads that are too many."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from hub import doorway
from hub.doorway import Doorway, Figures


def served(seconds: float, released: list[asyncio.Event]) -> TestClient:
    async def stuck(request: Request) -> Response:
        released.append(asyncio.Event())
        await asyncio.wait_for(released[-1].wait(), 0.3) if seconds else None
        return PlainTextResponse("late")

    async def quick(request: Request) -> Response:
        return PlainTextResponse("here")

    async def broken(request: Request) -> Response:
        await asyncio.sleep(0.2)
        raise ValueError("after the answer")

    routes = [
        Route("/stuck", stuck),
        Route("/quick", quick),
        Route("/broken", broken),
        Route("/verify", quick, methods=["POST"]),
    ]
    app = Starlette(routes=routes)
    app.add_middleware(Doorway, figures=Figures(), https=False, seconds=seconds)
    return TestClient(app, raise_server_exceptions=False)


def assert_busy(answer: Any) -> None:
    assert answer.status_code == 503
    assert answer.json()["code"] == "busy"
    assert answer.json()["retryable"] is True
    assert answer.headers["retry-after"] == "1"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_request_that_does_not_answer_in_time_is_told_so() -> None:
    client = served(0.05, [])
    assert_busy(client.get("/stuck"))
    assert_busy(client.get("/broken"))
    assert client.get("/quick").text == "here"


def test_too_many_uploads_at_once_are_asked_to_come_again(monkeypatch: Any) -> None:
    client = served(5, [])
    assert client.post("/verify").text == "here"
    monkeypatch.setattr(doorway, "UPLOADS_AT_ONCE", 0)
    assert_busy(client.post("/verify"))
    assert client.get("/quick").text == "here"
