"""Sign-in as a demo persona, and sign-out. Production offers no persona."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from hub.refusal import released
from hub.views import render
from hub.visitor import SESSION_COOKIE, OwnForm, Visiting, hub_of, same_origin

router = APIRouter(tags=["pages"], include_in_schema=False)


def local(target: str) -> str:
    """Return a path on this hub; anything that could lead elsewhere becomes the home page."""
    safe = target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if safe and target.isprintable() else "/"


@router.get("/sign-in")
async def sign_in_page(request: Request, visitor: Visiting, then: str = "/") -> Response:
    """Offers the demo personas and says what each can do."""
    hub = hub_of(request)
    values = {
        "visitor": visitor,
        "personas": hub.identity.personas(),
        "directory": hub.identity.directory,
        "then": local(then),
    }
    return render(request, "sign_in.html", values)


@router.post("/sign-in", dependencies=[Depends(same_origin)])
async def sign_in(
    request: Request,
    persona: Annotated[str, Form()] = "",
    then: Annotated[str, Form()] = "/",
) -> Response:
    """Starts a session as the chosen persona."""
    hub, before = hub_of(request), request.cookies.get(SESSION_COOKIE, "")
    given = released(await asyncio.wrap_future(hub.identity.sign_in_persona(persona)))
    if before:
        # whoever changes roles leaves no second session behind
        await asyncio.wrap_future(hub.identity.sign_out(before))
    response = RedirectResponse(local(then), 303)
    response.set_cookie(
        SESSION_COOKIE,
        given.token,
        httponly=True,
        samesite="strict",
        secure=hub.settings.address.startswith("https://"),
        path="/",
    )
    return response


@router.post("/sign-out")
async def sign_out(request: Request, visitor: OwnForm) -> Response:
    """Ends the session at once."""
    await asyncio.wrap_future(hub_of(request).identity.sign_out(visitor.token))
    response = RedirectResponse("/", 303)
    response.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="strict")
    return response
