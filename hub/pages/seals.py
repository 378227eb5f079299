"""Pages of electronic seals: the list, an application, one seal with picture, history and steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Form, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from hub import logbook, sealdesk
from hub.errors import Code
from hub.notices import Notice, done, told
from hub.refusal import granted
from hub.views import render
from hub.visitor import OwnForm, SignedIn, Visitor, hub_of
from kernel.actors import Actor, authorise
from kernel.errors import Refused, TongbanError
from kernel.ports import Recorded
from signing.errors import Code as SigningCode
from signing.seal_model import Seal, SealState
from signing.sealing import scope_of
from signing.seals import APPLY, APPROVE, LONGEST_REASON

if TYPE_CHECKING:
    from hub.wiring import Hub

router = APIRouter(tags=["pages"], include_in_schema=False)
DONE: Final = {
    "applied": ("已申请，等候另一人批准。", "Applied for. Another person must approve it."),
    "approve": ("已批准并制作，印章可以使用。", "Approved and made. The seal is in use."),
    "reject": ("已驳回。", "Turned down."),
    "suspend": ("已停用，其证书已列为暂停。", "Suspended; its certificates are on hold."),
    "resume": ("已恢复使用。", "In use again."),
    "revoke": ("已注销，其证书已吊销。", "Ended for ever; its certificates are revoked."),
}
_CONFIRMED: Final = frozenset({"revoke"})
_Verb = Callable[["Hub", Actor, str, str], Recorded[Seal | Refused]]
_VERBS: Final[dict[str, _Verb]] = {
    "approve": lambda hub, actor, seal, _: hub.seals.approve(actor, seal),
    "reject": lambda hub, actor, seal, why: hub.seals.reject(actor, seal, why),
    "suspend": lambda hub, actor, seal, why: hub.seals.suspend(actor, seal, why),
    "resume": lambda hub, actor, seal, _: hub.seals.resume(actor, seal),
    "revoke": lambda hub, actor, seal, why: hub.seals.revoke(actor, seal, why),
    "renew": lambda hub, actor, seal, _: hub.seals.renew(
        actor, seal, *sealdesk.period(hub.clock.now(), sealdesk.YEARS)
    ),
}


@dataclass(frozen=True, slots=True)
class Typed:
    """What a form held when it was refused."""

    second_line: str = ""
    types: tuple[str, ...] = ()
    years: int = sealdesk.YEARS
    verb: str = ""
    reason: str = ""
    personal: bool = False


@router.get("/seals")
async def seals(request: Request, visitor: SignedIn, state: str = "") -> Response:
    """Lists the seals that the visitor may see, what waits for a decision first."""
    hub = hub_of(request)
    found = granted(await run_in_threadpool(hub.seals.list, visitor.actor))
    shown = [item for item in reversed(found) if state in ("", item.state.value)]
    shown.sort(key=lambda item: item.state is not SealState.APPLIED)
    values = {
        "visitor": visitor,
        "rows": [_summary(item) for item in shown],
        "states": [(item.value, *words) for item, (words, _) in sealdesk.STATES.items()],
        "state": state,
        "may_apply": visitor.may(APPLY),
    }
    return render(request, "seals.html", values)


@router.get("/seals/new")
async def new(request: Request, visitor: SignedIn) -> Response:
    """Shows the form of an application to those who may apply."""
    granted(authorise(visitor.actor, APPLY))
    return _form(request, visitor)


@router.post("/seals")
async def apply(
    *,
    request: Request,
    visitor: OwnForm,
    second_line: Annotated[str, Form(max_length=60)] = "",
    types: Annotated[list[str] | None, Form()] = None,
    years: Annotated[int, Form(ge=1, le=10)] = sealdesk.YEARS,
    person: Annotated[str, Form(max_length=100)] = "",
    personal: Annotated[str, Form(max_length=3)] = "",
) -> Response:
    """Applies for a seal of the visitor's own organisation."""
    hub, chosen = hub_of(request), tuple(types or ())[:50]
    name = person if personal == "yes" else None
    wanted = sealdesk.Wanted(visitor.actor.org, second_line, chosen, years=years, person=name)

    def work() -> Seal | Refused:
        try:
            return hub.seals.apply(visitor.actor, sealdesk.application(hub, wanted)).value
        except TongbanError as error:
            return Refused(error.code, dict(error.params))

    made = await run_in_threadpool(work)
    if isinstance(made, Refused):
        typed = Typed(second_line, chosen, years, personal=name is not None)
        return _form(request, visitor, told(request, made), typed)
    return RedirectResponse(f"/seals/{made.seal_id}?done=applied", 303)


@router.get("/seals/{key}")
async def seal(
    request: Request, visitor: SignedIn, key: str, did: Annotated[str, Query(alias="done")] = ""
) -> Response:
    """Shows one seal: picture, what it is bound to, certificates, history, what may be done."""
    return await _shown(request, visitor, key, done(DONE.get(did)))


@router.get("/seals/{key}/picture.png")
async def picture(request: Request, visitor: SignedIn, key: str) -> Response:
    """Draws the seal, also one that is only applied for."""
    hub = hub_of(request)
    (data,) = granted(await run_in_threadpool(hub.seals.picture, visitor.actor, key))
    headers = {"Cache-Control": "private, no-store"}
    return Response(data, media_type="image/png", headers=headers)


@router.post("/seals/{key}/{verb}")
async def step(
    *,
    request: Request,
    visitor: OwnForm,
    key: str,
    verb: str,
    reason: Annotated[str, Form(max_length=1000)] = "",
    confirm: Annotated[str, Form(max_length=3)] = "",
) -> Response:
    """Takes one step in a seal's life; ends need a reason, the last one a confirmation."""
    hub, typed = hub_of(request), Typed(verb=verb, reason=reason)
    refused = Refused(SigningCode.SEAL_STATE, {"seal": key, "state": "-"})
    if verb in _CONFIRMED and confirm != "yes":
        refused = Refused(Code.CONFIRMATION_MISSING)
    elif verb in _VERBS:
        made = await run_in_threadpool(_taken, hub, visitor.actor, key, verb, reason.strip())
        if isinstance(made, Seal):
            did = "applied" if verb == "renew" else verb
            return RedirectResponse(f"/seals/{made.seal_id}?done={did}", 303)
        refused = made
    return await _shown(request, visitor, key, told(request, refused), typed)


def _taken(hub: Hub, actor: Actor, key: str, verb: str, reason: str) -> Seal | Refused:
    try:
        return _VERBS[verb](hub, actor, key, reason).value
    except TongbanError as error:
        if not str(error.code).startswith("seal-"):
            raise
        return Refused(error.code, dict(error.params))


def _form(
    request: Request, visitor: Visitor, notice: Notice | None = None, typed: Typed | None = None
) -> Response:
    hub = hub_of(request)
    org = hub.directory.org(visitor.actor.org)
    values = {
        "visitor": visitor,
        "org": org,
        "kinds": [kind for kind in hub.typebook if org and kind.issuing_code == org.code],
        "notice": notice,
        "typed": typed or Typed(),
    }
    return render(request, "seal_new.html", values, notice.status if notice else 200)


async def _shown(
    request: Request,
    visitor: Visitor,
    key: str,
    notice: Notice | None = None,
    typed: Typed | None = None,
) -> Response:
    hub, actor = hub_of(request), visitor.actor
    held = granted(await run_in_threadpool(hub.seals.read, actor, key))
    history = granted(await run_in_threadpool(hub.seals.history, actor, key))
    public = await run_in_threadpool(hub.seal_register.one, key)
    scope = scope_of(held)
    rights = {
        name: not isinstance(authorise(actor, action, scope), Refused)
        for name, action in (("applies", APPLY), ("approves", APPROVE))
    }
    values = {
        "visitor": visitor,
        "seal": held,
        "shown": _summary(held),
        "history": [(step, *sealdesk.STATES[step.state]) for step in history],
        "kinds": [hub.typebook.types[name].title for name in held.application.types],
        "certificates": public["certificates"] if public else [],
        "verbs": sealdesk.steps(held, visitor=actor.id, **rights),
        "own": rights["approves"] and actor.id == held.applied_by,
        "journal": logbook.about(hub, key),
        "longest": LONGEST_REASON,
        "notice": notice,
        "typed": typed or Typed(),
    }
    return render(request, "seal.html", values, notice.status if notice else 200)


def _summary(held: Seal) -> dict[str, Any]:
    words, tone = sealdesk.STATES[held.state]
    return {
        "id": held.seal_id,
        "name": held.name,
        "kind": sealdesk.KINDS[held.application.kind],
        "state": words,
        "tone": tone,
        "valid_to": held.application.valid_to,
    }
