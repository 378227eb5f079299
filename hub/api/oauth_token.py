"""``POST /oauth/token``: client credentials (RFC 6749 §4.4), proved by an assertion (RFC 7523)."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from pydantic import BaseModel

from hub.refusal import Refusal
from hub.visitor import hub_of
from identity.assertions import ASSERTION_TYPE
from identity.errors import Code
from kernel.errors import Refused

router = APIRouter(tags=["oauth"])


class TokenAnswer(BaseModel):
    """RFC 6749 §5.1. ``expires_in`` in seconds."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105 - the type of token, not a token
    expires_in: int
    scope: str


@router.post("/oauth/token")
async def token(
    *,
    request: Request,
    response: Response,
    grant_type: Annotated[str, Form()] = "",
    client_assertion_type: Annotated[str, Form()] = "",
    client_assertion: Annotated[str, Form()] = "",
    client_id: Annotated[str, Form()] = "",
) -> TokenAnswer:
    """Gives a client a token for ten minutes; its key proves it, no secret is shared."""
    if grant_type != "client_credentials":
        refused = Refused(Code.GRANT_TYPE_UNSUPPORTED, {"grant_type": grant_type[:40]})
        raise Refusal(refused, error="unsupported_grant_type")
    if client_assertion_type != ASSERTION_TYPE or not client_assertion:
        part = "client_assertion" if not client_assertion else "client_assertion_type"
        refused = Refused(Code.ASSERTION_MALFORMED, {"part": part})
        raise Refusal(refused, error="invalid_client")
    pending = hub_of(request).identity.issue_token(client_assertion, client_id=client_id)
    recorded = await asyncio.wrap_future(pending)
    if isinstance(recorded.value, Refused):
        raise Refusal(recorded.value, error="invalid_client")
    response.headers["Cache-Control"] = "no-store"
    given = recorded.value
    return TokenAnswer(access_token=given.token, expires_in=given.seconds, scope=given.scope)
