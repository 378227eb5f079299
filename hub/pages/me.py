"""The holder's page: own certificates, authorisations given, who used one's data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from certificates.grants_model import Grant, GrantOffer, GrantState
from certificates.matters_model import Need
from certificates.model import CertificateType
from certificates.requests_model import CONSENT, Use
from hub import words
from hub.notices import Notice, told
from hub.pages.certificates import summary
from hub.problems import message
from hub.refusal import granted, released
from hub.views import render
from hub.visitor import OwnForm, SignedIn, Visitor, hub_of
from kernel.errors import Refused
from kernel.ids import GrantId

if TYPE_CHECKING:
    from hub.wiring import Hub

router = APIRouter(tags=["pages"], include_in_schema=False)
DONE: Final = {
    "granted": ("已授权。使用后即失效，使用前可随时撤回。", "Authorised. It ends with its use."),
    "withdrawn": ("已撤回，此后不能再使用。", "Withdrawn. It can no longer be used."),
}
FORMATS: Final = {
    "data": ("数据字段", "data fields"),
    "pdf": ("PDF 加注件", "annotated PDF copy"),
    "ofd": ("OFD 加注件", "annotated OFD copy"),
}


@router.get("/me")
async def me(request: Request, visitor: SignedIn, done: str = "") -> Response:
    """Shows a person what is theirs and who used it."""
    hub = hub_of(request)
    certificates = granted(hub.register.own(visitor.actor))
    grants = granted(hub.grants.own(visitor.actor))
    uses = granted(hub.requests.uses(visitor.actor))
    values = {
        "visitor": visitor,
        "certificates": [summary(hub, item) for item in certificates],
        "grants": [grant_row(hub, item) for item in grants],
        "uses": [use_row(hub, item) for item in uses],
        "done": DONE.get(done),
    }
    return render(request, "me.html", values)


def grant_row(hub: Hub, grant: Grant) -> dict[str, Any]:
    """Return a grant in words."""
    state = grant.state(hub.clock.now())
    pair, tone = words.grant(state)
    kind = hub.typebook.types.get(grant.type)
    return {
        "id": grant.id,
        "requester": org_name(hub, grant.requester),
        "type": kind.title if kind else grant.type,
        "fields": field_titles(kind, grant.fields),
        "matter": matter_title(hub, grant.matter),
        "purpose": purpose_title(hub, grant.matter, grant.purpose),
        "case_no": grant.case_no,
        "expires_at": grant.expires_at,
        "state": pair,
        "tone": tone,
        "open": state is GrantState.OPEN,
    }


def use_row(hub: Hub, use: Use) -> dict[str, Any]:
    """Return one use of the person's data in words; a refused one with its reason."""
    served = use.outcome == "served"
    refusal = message(use.outcome) if not served else None
    matter = hub.matters.get(use.matter)
    basis = matter.basis(use.basis) if matter else None
    ground = basis.clause if basis else "本人授权" if use.basis == CONSENT else use.basis
    return {
        "at": use.at,
        "requester": org_name(hub, use.requester),
        "matter": matter.title if matter else "—",
        "purpose": purpose_title(hub, use.matter, use.purpose),
        "basis": ground,
        "case_no": use.case_no,
        "fields": field_titles(kind_with(hub, use.fields, use.matter), use.fields),
        "formats": [FORMATS[item][0] for item in use.formats if item in FORMATS],
        "outcome": (
            (refusal.text(use.details), refusal.text(use.details, english=True))
            if refusal
            else ("已提供", "given")
        ),
        "tone": "blue" if served else "warn",
    }


def kind_with(hub: Hub, names: tuple[str, ...], matter: str = "") -> CertificateType | None:
    """Return a type that has all these fields, one that the matter needs before others.

    A use names fields, not their type.
    """
    found = hub.matters.get(matter)
    needed = {need.type for need in found.needs} if found else set()
    for kind in sorted(hub.typebook, key=lambda kind: kind.name not in needed):
        known = {spec.name for spec in kind.fields} | {table.name for table in kind.tables}
        if all(name.partition(".")[0] in known for name in names):
            return kind
    return None


def org_name(hub: Hub, code: str) -> str:
    """Return an organisation's name, or its code where the directory has none."""
    org = hub.directory.org(code)
    return org.name if org else code


def matter_title(hub: Hub, name: str) -> str:
    """Return the title of a 事项."""
    found = hub.matters.get(name)
    return found.title if found else name


def purpose_title(hub: Hub, matter: str, code: str) -> str:
    """Return the words of a registered purpose."""
    found = hub.matters.get(matter)
    purpose = found.purpose(code) if found else None
    return purpose.title if purpose else code


def field_titles(kind: CertificateType | None, names: tuple[str, ...]) -> list[str]:
    """Return the Chinese titles of face fields, tables and their columns."""
    if kind is None:
        return list(names)
    titles = {spec.name: spec.title for spec in kind.fields}
    for table in kind.tables:
        titles[table.name] = table.title
        titles |= {
            f"{table.name}.{spec.name}": f"{table.title}·{spec.title}" for spec in table.columns
        }
    return [titles.get(name, name) for name in names]


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form for a grant holds; ``fields`` is None before anything was chosen."""

    requester: str = ""
    case_no: str = ""
    purpose: str = ""
    fields: tuple[str, ...] | None = None
    formats: tuple[str, ...] = ()
    hours: int = 24


@router.get("/me/grants/new")
async def new_grant(request: Request, visitor: SignedIn) -> Response:
    """Asks first what for, then exactly what: never more than the matter may use."""
    granted(hub_of(request).grants.own(visitor.actor))
    return _form(request, visitor, request.query_params.get("for", ""), Typed(), None)


def _form(
    request: Request, visitor: Visitor, place: str, typed: Typed, notice: Notice | None
) -> Response:
    """``place`` is matter and type, joined by a slash."""
    hub, chosen = hub_of(request), place.partition("/")
    matter = hub.matters.get(chosen[0])
    need = matter.need(chosen[2]) if matter else None
    values: dict[str, Any] = {"visitor": visitor, "need": None, "choices": choices(hub)}
    if matter and need and CONSENT in need.basis:
        values["need"] = need_shown(hub, matter.name, need)
    values |= {"typed": typed, "notice": notice}
    return render(request, "grant_new.html", values, notice.status if notice else 200)


def choices(hub: Hub) -> list[dict[str, str]]:
    """Return every use for which a matter may ask a holder's consent."""
    return [
        {
            "value": f"{matter.name}/{need.type}",
            "matter": matter.title,
            "type": kind.title,
            "org": matter.org_title,
        }
        for matter in hub.matters
        for need in matter.needs
        if CONSENT in need.basis and (kind := hub.typebook.types.get(need.type)) is not None
    ]


def need_shown(hub: Hub, name: str, need: Need) -> dict[str, Any]:
    """Return the form for one need: who may be allowed, for what, which fields, which form."""
    matter, kind = hub.matters.matters[name], hub.typebook.types.get(need.type)
    titles = field_titles(kind, need.fields)
    return {
        "matter": name,
        "matter_title": matter.title,
        "type": need.type,
        "type_title": kind.title if kind else need.type,
        "requesters": [(code, org_name(hub, code)) for code in (matter.org, *matter.windows)],
        "purposes": [(item.code, item.title, item.title_en) for item in matter.purposes],
        "fields": list(zip(need.fields, titles, strict=True)),
        "formats": [(item, *FORMATS[item]) for item in need.formats],
    }


@router.post("/me/grants")
async def give(
    *,
    request: Request,
    visitor: OwnForm,
    matter: Annotated[str, Form()] = "",
    type_name: Annotated[str, Form(alias="type")] = "",
    requester: Annotated[str, Form()] = "",
    case_no: Annotated[str, Form()] = "",
    purpose: Annotated[str, Form()] = "",
    fields: Annotated[tuple[str, ...], Form()] = (),
    formats: Annotated[tuple[str, ...], Form()] = (),
    hours: Annotated[int, Form(ge=1, le=24)] = 24,
) -> Response:
    """Gives the grant that the form describes."""
    offer = GrantOffer(
        requester=requester,
        matter=matter,
        case_no=case_no.strip(),
        purpose=purpose,
        type=type_name,
        fields=fields,
        formats=formats,
        lifetime=timedelta(hours=hours),
    )
    done = await run_in_threadpool(hub_of(request).grants.give, visitor.actor, offer)
    if isinstance(done.value, Refused):
        typed = Typed(requester, offer.case_no, purpose, fields, formats, hours)
        return _form(request, visitor, f"{matter}/{type_name}", typed, told(request, done.value))
    return RedirectResponse("/me?done=granted", 303)


@router.post("/me/grants/{grant}/withdraw")
async def withdraw(request: Request, visitor: OwnForm, grant: str) -> Response:
    """Withdraws a grant that nobody used yet."""
    verb = hub_of(request).grants.withdraw
    released(await run_in_threadpool(verb, visitor.actor, GrantId(grant)))
    return RedirectResponse("/me?done=withdrawn", 303)
