"""The one place where a refusal or a failure becomes an answer: RFC 9457 problem, or an HTML page.

Rooms speak in codes; their ``messages.toml`` hold status, text and next step in both languages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from hub.errors import Code
from hub.faults import where
from hub.messages import owner
from hub.refusal import Refusal
from hub.visitor import ACTOR, hub_of, trace_id, wants_page
from kernel.actors import Actor
from kernel.errors import Message, Refused, TongbanError, load_messages
from kernel.ports import Event

PROBLEM: Final = "application/problem+json"
_BY_STATUS: Final = {
    404: Code.PAGE_NOT_FOUND,
    405: Code.METHOD_NOT_ALLOWED,
    413: Code.REQUEST_TOO_LARGE,
    415: Code.MEDIA_TYPE_UNSUPPORTED,
}
_LOG: Final = structlog.get_logger("tongban.door")


def message(code: str) -> Message:
    """Return the message of a code from whichever room owns it; ``internal-error`` for others."""
    found = owner(code)
    return found[1] if found else load_messages("hub")[Code.INTERNAL]


def problem(
    request: Request, code: str, params: Mapping[str, str], extra: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the members of a problem (RFC 9457 §3.1) with the hub's own extensions."""
    found = message(code)
    filled = {**params, "trace": trace_id(request)}
    return {
        "type": f"urn:tongban:error:{found.code}",
        "title": found.code,
        "status": found.status,
        "code": found.code,
        "detail": found.text(filled),
        "detail_en": found.text(filled, english=True),
        "next": found.next_step(filled),
        "next_en": found.next_step(filled, english=True),
        "instance": request.scope.get("path", "/"),
        "trace_id": trace_id(request),
        "retryable": found.status in {409, 429, 502, 503, 504},
        **(extra or {}),
    }


def answer(
    request: Request, code: str, params: Mapping[str, str], extra: Mapping[str, Any] | None = None
) -> Response:
    """Return the problem as JSON, or as a page where a browser asks."""
    body = problem(request, code, params, extra)
    headers = {"Cache-Control": "no-store"}
    if body["status"] == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="tongban"'
    if body["status"] == 503:
        headers["Retry-After"] = "1"
    if body["status"] == 429 and params.get("seconds", "").isdecimal():
        headers["Retry-After"] = params["seconds"]
    if wants_page(request):
        from hub.views import render

        response: Response = render(request, "error.html", {"problem": body}, body["status"])
    else:
        response = JSONResponse(body, body["status"], media_type=PROBLEM)
    response.headers.update(headers)
    return response


def install(app: FastAPI) -> None:
    """Register the handlers; nothing else in the hub words an error."""
    app.add_exception_handler(Refusal, _refusal)
    app.add_exception_handler(TongbanError, _failure)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


async def _refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    if error.refused.code == Code.NOT_PERMITTED and not error.recorded:
        await _record(request, error.refused)
    return answer(request, error.refused.code, error.refused.params, error.extra)


async def _record(request: Request, refused: Refused) -> None:
    """Record that somebody known tried what they may not, where no room has done so.

    Strangers are told to sign in before any right is asked for, so they cannot flood the journal.
    """
    actor: Actor | None = request.scope.get(ACTOR)
    if actor is None:
        return
    action = refused.params.get("action", "unknown")
    event = Event("hub.not-permitted", action, actor, {"code": refused.code})
    transactions = hub_of(request).database.transactions
    await asyncio.wrap_future(transactions.submit(lambda tx: tx.record(event)))


async def _failure(request: Request, error: Exception) -> Response:
    assert isinstance(error, TongbanError)
    status = message(error.code).status
    if status >= 500:
        _LOG.error("failure", code=error.code, trace=trace_id(request), where=where(error))
    return answer(request, error.code, error.params)


async def _invalid(request: Request, error: Exception) -> Response:
    """Name the places that are wrong, never the values: they may be personal data."""
    assert isinstance(error, RequestValidationError)
    places = [
        {"pointer": "/" + "/".join(str(part) for part in row["loc"]), "reason": str(row["type"])}
        for row in error.errors()[:20]
    ]
    where = ", ".join(place["pointer"] for place in places)
    return answer(request, Code.REQUEST_MALFORMED, {"where": where}, {"errors": places})


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _BY_STATUS.get(error.status_code)
    if code is None:
        code = Code.REQUEST_MALFORMED if error.status_code < 500 else Code.INTERNAL
    params = {"where": "body"}
    if code is Code.REQUEST_TOO_LARGE:
        params["limit"] = str(error.detail)
    response = answer(request, code, params)
    if error.headers and "allow" in {name.lower() for name in error.headers}:
        response.headers.update(error.headers)
    return response


def unexpected(request: Request, error: Exception) -> Response:
    """Log the kind and place of the failure, never its message: it may quote personal data."""
    _LOG.error("unexpected", kind=type(error).__name__, trace=trace_id(request), where=where(error))
    return answer(request, Code.INTERNAL, {})
