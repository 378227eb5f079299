"""Who stands at the door, in which language, and whether a form came from our own page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import urlsplit

from fastapi import Depends, Form, Header, Request

from hub.errors import Code
from hub.refusal import Refusal
from identity import tokens
from identity.errors import Code as IdentityCode
from identity.model import Persona
from kernel.actors import Actor
from kernel.errors import Refused

if TYPE_CHECKING:
    from hub.wiring import Hub

ACTOR: Final = "tongban.actor"
"""Where a request's scope holds who asks, once that is proven."""
SESSION_COOKIE: Final = "tongban_session"
LANGUAGE_COOKIE: Final = "tongban_lang"
_MACHINE_PATHS: Final = ("/v1/", "/oauth/", "/healthz", "/readyz", "/metrics")


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person at the pages: the actor they are, and the persona they play, if signed in."""

    actor: Actor
    persona: Persona | None
    token: str

    @property
    def csrf(self) -> str:
        """The code that this visitor's forms carry; empty for a stranger."""
        return tokens.csrf(self.token) if self.persona else ""

    def may(self, action: str) -> bool:
        """Tell whether any reach of an action is theirs; for menus, never for decisions."""
        return action in self.actor.rights


def hub_of(request: Request) -> Hub:
    """Return the hub that the application serves."""
    hub: Hub = request.app.state.hub
    return hub


def trace_id(request: Request) -> str:
    """Return the number under which this request's log lines are found."""
    return str(request.scope.get("trace_id", ""))


def wants_page(request: Request) -> bool:
    """Tell whether to answer with HTML: a browser asks, and not at a machine's address."""
    path = str(request.scope.get("path", "/"))
    if path.startswith(_MACHINE_PATHS):
        return False
    return "text/html" in request.headers.get("accept", "")


def language(request: Request) -> bool:
    """Return True for English; Chinese unless the visitor chose otherwise."""
    chosen = request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE) or ""
    return chosen.lower().startswith("en")


async def visitor(request: Request) -> Visitor:
    """Return who visits; a dead session makes a stranger, not an error."""
    identity = hub_of(request).identity
    token = request.cookies.get(SESSION_COOKIE, "")
    persona = identity.persona_of_session(token) if token else None
    if persona is None or isinstance(persona, Refused):
        return Visitor(identity.public(), None, "")
    actor = request.scope[ACTOR] = identity.actor_of_persona(persona)
    return Visitor(actor, persona, token)


async def signed_in(found: Annotated[Visitor, Depends(visitor)]) -> Visitor:
    """Return the visitor; strangers are asked to sign in."""
    if found.persona is None:
        raise Refusal(Refused(Code.SIGN_IN_NEEDED))
    return found


async def own_form(
    request: Request,
    found: Annotated[Visitor, Depends(visitor)],
    csrf: Annotated[str, Form()] = "",
) -> Visitor:
    """Return a signed-in visitor whose form carries the code of their session."""
    same_origin(request)
    await signed_in(found)
    if not tokens.csrf_matches(found.token, csrf):
        raise Refusal(Refused(IdentityCode.CSRF_MISSING))
    return found


async def own_call(
    request: Request,
    found: Annotated[Visitor, Depends(visitor)],
    x_csrf_token: Annotated[str, Header()] = "",
) -> Visitor:
    """Return a signed-in visitor at the interface; the code of the session comes as a header."""
    same_origin(request)
    await signed_in(found)
    if not tokens.csrf_matches(found.token, x_csrf_token):
        raise Refusal(Refused(IdentityCode.CSRF_MISSING))
    return found


def same_origin(request: Request) -> None:
    """Refuse a form that another site sent (Fetch Metadata, else the Origin header)."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin", "")
    host = request.headers.get("host", "")
    foreign = origin != "" and urlsplit(origin).netloc != host
    if site not in {"same-origin", "none"} or foreign:
        raise Refusal(Refused(Code.ORIGIN_FOREIGN))


async def caller(request: Request) -> Actor:
    """Return the client behind the bearer token of an API call, or the public without one."""
    identity = hub_of(request).identity
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if not scheme:
        return identity.public()
    found = identity.actor_of_token(token.strip()) if scheme.lower() == "bearer" else None
    if isinstance(found, Refused):
        raise Refusal(found)
    if found is None:
        raise Refusal(Refused(IdentityCode.TOKEN_INVALID))
    request.scope[ACTOR] = found
    return found


async def known_caller(request: Request) -> Actor:
    """Return the client; a call without a token is refused."""
    found = await caller(request)
    if found.id == "public":
        raise Refusal(Refused(Code.BEARER_NEEDED))
    return found


Visiting = Annotated[Visitor, Depends(visitor)]
SignedIn = Annotated[Visitor, Depends(signed_in)]
OwnForm = Annotated[Visitor, Depends(own_form)]
OwnCall = Annotated[Visitor, Depends(own_call)]
Caller = Annotated[Actor, Depends(caller)]
KnownCaller = Annotated[Actor, Depends(known_caller)]
