"""What every request passes first: a trace number, limits, security headers, one log line.

Plain ASGI, so that streamed answers stay streams and nothing is buffered.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub import deadline, problems
from hub.errors import Code

MIB: Final = 1 << 20
BODY_LIMIT: Final = 1 * MIB
UPLOAD_LIMIT: Final = 30 * MIB
UPLOADS_AT_ONCE: Final = 16
"""Uploads taken in at a time, each spooled to disk; more are told to come again."""
_UPLOADS: Final = frozenset({"/verify", "/v1/verifications"})

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
        "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # not no-referrer: with it browsers send Origin: null with our own forms
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
TLS_HEADERS: Final[Mapping[str, str]] = {"Strict-Transport-Security": "max-age=31536000"}
_LOG: Final = structlog.get_logger("tongban.door")


class Figures:
    """Counters of one application; a registry of its own, so that two hubs share a process."""

    def __init__(self) -> None:
        """Register the two measures."""
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "tongban_requests", "requests answered", ("route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "tongban_request_seconds",
            "time to answer",
            ("route",),
            registry=self.registry,
            buckets=(0.005, 0.02, 0.08, 0.3, 1, 3, 10),
        )


class Doorway:
    """ASGI middleware around the application."""

    def __init__(
        self, app: ASGIApp, figures: Figures, *, https: bool, seconds: float = deadline.SECONDS
    ) -> None:
        """``https``: the hub's public address is reached by TLS only, and browsers are told so.

        ``seconds`` until a request that did not begin to answer gets ``busy``; uploads have more.
        """
        self._app = app
        self._figures = figures
        self._seconds = seconds
        self._uploads = 0
        self._headers = {**HEADERS, **(TLS_HEADERS if https else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; other scopes pass untouched."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["trace_id"] = os.urandom(16).hex()
        begun, status, begun_answer = time.perf_counter(), 500, False

        async def dressed(message: Message) -> None:
            nonlocal status, begun_answer
            if message["type"] == "http.response.start":
                status, begun_answer = message["status"], True
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                headers["X-Trace-Id"] = scope["trace_id"]
            await send(message)

        async def late(send: Send) -> None:
            answer = problems.answer(Request(scope), Code.BUSY, {})
            await answer(scope, receive, send)

        limit = deadline.UPLOAD_SECONDS if _is_upload(scope["path"]) else self._seconds
        clock = deadline.Deadline(dressed, limit, late)
        try:
            await self._serve(scope, receive, clock.send)
        except Exception as error:  # noqa: BLE001 - the last guard: no traceback leaves the door
            if await clock.end():
                return
            if begun_answer:
                _LOG.error("cut", kind=type(error).__name__, trace=scope["trace_id"])
                raise ConnectionError from None
            answer = problems.unexpected(Request(scope, receive), error)
            await answer(scope, receive, dressed)
        finally:
            await clock.end()
            self._tell(scope, status, time.perf_counter() - begun)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, unless it names nothing or too many uploads are under way."""
        upload = _is_upload(scope["path"]) and scope["method"] == "POST"
        refused: Code | None = None
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            # a character that PostgreSQL cannot store: such a thing is nowhere
            refused = Code.PAGE_NOT_FOUND
        elif upload and self._uploads >= UPLOADS_AT_ONCE:
            refused = Code.BUSY
        if refused:
            await problems.answer(Request(scope, receive), refused, {})(scope, receive, send)
            return
        self._uploads += upload
        try:
            await self._app(scope, _limited(scope, receive), send)
        finally:
            self._uploads -= upload

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        """Log the route's pattern, never the path or query: those may hold an id number."""
        route = getattr(scope.get("route"), "path", "unmatched")
        self._figures.requests.labels(route, str(status)).inc()
        self._figures.seconds.labels(route).observe(seconds)
        _LOG.info(
            "answered",
            method=scope["method"],
            route=route,
            status=status,
            ms=round(seconds * 1000, 1),
            trace=scope["trace_id"],
        )


def _is_upload(path: str) -> bool:
    return path in _UPLOADS or (path.startswith("/cases/") and path.endswith("/upload"))


def _limited(scope: Scope, receive: Receive) -> Receive:
    """Return a ``receive`` that stops a body as soon as it grows over its limit."""
    limit = UPLOAD_LIMIT if _is_upload(scope["path"]) else BODY_LIMIT
    # multipart framing comes on top of the file itself
    room = limit + 64 * 1024
    refusal = HTTPException(413, f"{limit // MIB} MB")
    declared = dict(scope["headers"]).get(b"content-length", b"0")
    announced = int(declared) if declared.isdigit() else 0
    seen = 0

    async def limited() -> Message:
        nonlocal seen
        if announced > room:
            raise refusal
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > room:
            raise refusal
        return message

    return limited
