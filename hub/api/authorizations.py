"""``/v1/authorizations``: a holder gives, sees and withdraws single-use grants (授权).

A holder is a person in a session, not a client: the session cookie comes with the form code in the
``X-CSRF-Token`` header.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from certificates.grants_model import Grant, GrantOffer, GrantState
from hub.refusal import granted, released
from hub.visitor import OwnCall, hub_of
from kernel.ids import GrantId

router = APIRouter(tags=["authorizations"])
Code = Annotated[str, Field(max_length=100)]


class GrantBody(BaseModel):
    """What the holder agrees to: one use, by one organisation, for one case."""

    model_config = ConfigDict(extra="forbid")
    requester: Code
    matter: Code
    case_no: Code
    purpose: Code
    type: Code
    fields: Annotated[list[Code], Field(min_length=1, max_length=100)]
    formats: Annotated[list[Literal["data", "pdf", "ofd"]], Field(min_length=1)] = ["data"]
    hours: Annotated[int, Field(ge=1, le=24)] = 24
    minor: Annotated[str, Field(max_length=18)] = ""


class GrantAnswer(BaseModel):
    """A grant and what it is good for now."""

    id: str
    state: GrantState
    requester: str
    matter: str
    case_no: str
    purpose: str
    type: str
    fields: list[str]
    formats: list[str]
    created_at: datetime
    expires_at: datetime


def shown(grant: Grant, now: datetime) -> GrantAnswer:
    """Return a grant as the interface shows it, without the holder's reference."""
    return GrantAnswer(
        id=grant.id,
        state=grant.state(now),
        requester=grant.requester,
        matter=grant.matter,
        case_no=grant.case_no,
        purpose=grant.purpose,
        type=grant.type,
        fields=list(grant.fields),
        formats=list(grant.formats),
        created_at=grant.created_at,
        expires_at=grant.expires_at,
    )


@router.post("/v1/authorizations", status_code=201)
async def give(request: Request, visitor: OwnCall, body: GrantBody) -> GrantAnswer:
    """Gives one grant; a guardian names the minor and is checked against the data."""
    hub = hub_of(request)
    offer = GrantOffer(
        requester=body.requester,
        matter=body.matter,
        case_no=body.case_no,
        purpose=body.purpose,
        type=body.type,
        fields=tuple(body.fields),
        formats=tuple(body.formats),
        lifetime=timedelta(hours=body.hours),
        minor=body.minor,
    )
    given = released(await run_in_threadpool(hub.grants.give, visitor.actor, offer))
    return shown(given, hub.clock.now())


@router.get("/v1/authorizations")
async def own(request: Request, visitor: OwnCall) -> list[GrantAnswer]:
    """Lists the grants this person gave, latest first."""
    hub = hub_of(request)
    found = granted(hub.grants.own(visitor.actor))
    return [shown(item, hub.clock.now()) for item in found]


@router.delete("/v1/authorizations/{grant}")
async def withdraw(request: Request, visitor: OwnCall, grant: str) -> GrantAnswer:
    """Withdraws a grant that nobody used yet; from then on no request can use it."""
    hub = hub_of(request)
    done = await run_in_threadpool(hub.grants.withdraw, visitor.actor, GrantId(grant))
    return shown(released(done), hub.clock.now())
