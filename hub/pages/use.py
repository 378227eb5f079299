"""用证: an agency asks at a page for what the interface would give it, by the same rules.

Exactly the fields of the request, or an annotated copy behind a ticket that works once.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from certificates.exchange.model import Received
from certificates.model import MEDIA
from certificates.requests_model import CONSENT, CertificateAnswer, CertificateAsk
from hub import abroad
from hub.disclosed import given_view
from hub.notices import Notice, told
from hub.pages.me import FORMATS, field_titles
from hub.problems import message
from hub.receipts import receipt
from hub.refusal import granted, released
from hub.views import render
from hub.visitor import OwnForm, SignedIn, Visitor, hub_of
from kernel.actors import authorise
from kernel.errors import Refused, TongbanError
from kernel.ids import GrantId, RequestId, new_id
from kernel.ports import Recorded

if TYPE_CHECKING:
    from hub.wiring import Hub

router = APIRouter(tags=["pages"], include_in_schema=False)
ACTION: Final = "certificates.request"
_CLEAN: Final = "^[!-~]*$"


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form holds. ``place`` is matter and certificate type, joined by a slash."""

    place: str = ""
    case_no: str = ""
    purpose: str = ""
    basis: str = ""
    grant: str = ""
    holder: str = ""
    fields: tuple[str, ...] = ()
    formats: tuple[str, ...] = ("data",)
    region: str = ""
    """Whose hub holds the certificate; empty: this one's."""
    once: str = ""
    """Idempotency key: sending the same form again gives the same answer, not a second use."""


async def form(
    *,
    place: Annotated[str, Form(max_length=200)] = "",
    case_no: Annotated[str, Form(max_length=100)] = "",
    purpose: Annotated[str, Form(max_length=100)] = "",
    basis: Annotated[str, Form(max_length=100)] = "",
    grant: Annotated[str, Form(max_length=64, pattern=_CLEAN)] = "",
    holder: Annotated[str, Form(max_length=40)] = "",
    fields: Annotated[tuple[str, ...], Form(max_length=100)] = (),
    formats: Annotated[tuple[str, ...], Form(max_length=3)] = (),
    region: Annotated[str, Form(max_length=6, pattern="^[0-9]*$")] = "",
    once: Annotated[str, Form(max_length=64, pattern=_CLEAN)] = "",
) -> Typed:
    """Return what was typed, spaces around it cut off."""
    kept = tuple(name[:100] for name in fields)
    said = (case_no.strip(), purpose, basis, grant, holder.strip())
    return Typed(place, *said, kept, formats, region, once)


@router.get("/use")
async def use(request: Request, visitor: SignedIn) -> Response:
    """Offers what the agency's matters may use, then the form for one of them."""
    granted(authorise(visitor.actor, ACTION))
    return _form(request, visitor, Typed(place=request.query_params.get("for", "")), None)


def _form(
    request: Request,
    visitor: Visitor,
    typed: Typed,
    notice: Notice | None,
    refused: Refused | None = None,
) -> Response:
    """Show the form. A question that may be sent again keeps its key, so that it counts once."""
    hub = hub_of(request)
    again = refused is not None and abroad.may_send_again(refused)
    values = {
        "own": hub.settings.region,
        "regions": abroad.regions(hub),
        "origin": abroad.origin(hub, refused) if refused else ("", ""),
        "again": again,
        "visitor": visitor,
        "choices": choices(hub, visitor.actor.org),
        "need": need_shown(hub, visitor.actor.org, typed.place),
        "typed": typed if again else replace(typed, once=new_id("page")),
        "notice": notice,
    }
    return render(request, "use.html", values, notice.status if notice else 200)


def choices(hub: Hub, org: str) -> list[dict[str, str]]:
    """Return every use that the matters of an organisation may make of a certificate."""
    return [
        {
            "value": f"{matter.name}/{need.type}",
            "matter": matter.title,
            "matter_en": matter.title_en,
            "type": kind.title,
        }
        for matter in hub.matters
        if matter.handled_by(org)
        for need in matter.needs
        if (kind := hub.typebook.types.get(need.type)) is not None
    ]


def need_shown(hub: Hub, org: str, place: str) -> dict[str, Any] | None:
    """Return the form for one use: purposes, grounds, fields and formats; None outside matters."""
    name, _, type_name = place.partition("/")
    matter, kind = hub.matters.get(name), hub.typebook.types.get(type_name)
    need = matter.need(type_name) if matter and matter.handled_by(org) else None
    if matter is None or need is None or kind is None:
        return None
    return {
        "place": place,
        "matter": (matter.title, matter.title_en),
        "type": kind.title,
        "code": kind.holder.code_type_title,
        "purposes": matter.purposes,
        "clauses": [item for item in matter.bases if item.code in need.basis],
        "consent": CONSENT in need.basis,
        "fields": list(zip(need.fields, field_titles(kind, need.fields), strict=True)),
        "formats": [(item, *FORMATS[item]) for item in need.formats],
        "retention": matter.retention,
    }


@router.post("/use")
async def ask(
    request: Request, visitor: OwnForm, typed: Annotated[Typed, Depends(form)]
) -> Response:
    """Asks as the interface does; a refusal is told above the form with everything still in it."""
    hub = hub_of(request)
    recorded = await _fetched(hub, visitor, wanted(hub, typed), typed.region)
    given = recorded.value
    if isinstance(given, Refused):
        return _form(request, visitor, typed, told(request, given), given)
    answer = given.answer if isinstance(given, Received) else given
    values = {
        "visitor": visitor,
        "given": given_view(hub, answer, typed.fields),
        "copies": await _tickets(hub, visitor, answer),
        "peer": _peer(hub, given) if isinstance(given, Received) else None,
        "typed": typed,
        "receipt": await receipt(hub, recorded.journal),
    }
    return render(request, "used.html", values)


def wanted(hub: Hub, typed: Typed) -> CertificateAsk:
    """Return the question that the form asks."""
    matter, _, type_name = typed.place.partition("/")
    kind = hub.typebook.types.get(type_name)
    consent = typed.basis == CONSENT
    return CertificateAsk(
        idempotency_key=typed.once,
        matter=matter[:100],
        case_no=typed.case_no,
        purpose=typed.purpose,
        type=type_name[:100],
        basis=typed.basis,
        fields=typed.fields,
        formats=tuple(dict.fromkeys(typed.formats)),  # type: ignore[arg-type] # the gate refuses others
        grant=GrantId(typed.grant) if consent and typed.grant else None,
        holder_code=typed.holder,
        holder_code_type=kind.holder.code_type if kind else "111",
    )


async def _fetched(
    hub: Hub, visitor: Visitor, asked: CertificateAsk, region: str
) -> Recorded[CertificateAnswer | Received | Refused]:
    """A copy that cannot be made is a refusal on the page, where it has a remedy."""
    try:
        if region and region != hub.settings.region:
            far = await run_in_threadpool(hub.exchange.fetch, visitor.actor, asked, region)
            return Recorded(far.value, far.journal)
        near = await run_in_threadpool(hub.requests.fetch, visitor.actor, asked)
    except TongbanError as error:
        if message(error.code).status >= 500:
            raise
        return Recorded(Refused(error.code, error.params), ())
    return Recorded(near.value, near.journal)


def _peer(hub: Hub, given: Received) -> dict[str, Any]:
    """Return what the page shows of the other hub's own entry."""
    found = (item.name for item in abroad.regions(hub) if item.code == given.region)
    return {
        "region": given.region,
        "name": next(found, ""),
        "subject": given.entry.subject,
        "leaf": given.entry.leaf,
        "journal": given.receipt.get("journal", ""),
        "index": given.receipt.get("index", ""),
    }


async def _tickets(hub: Hub, visitor: Visitor, given: CertificateAnswer) -> list[dict[str, Any]]:
    if not given.copies:
        return []
    subjects = tuple(f"{given.request}/{copy.format}" for copy in given.copies)
    made = await asyncio.wrap_future(hub.identity.tickets.give(visitor.actor, subjects))
    return [
        {"file": copy, "ticket": ticket.token, "expires": ticket.expires}
        for copy, ticket in zip(given.copies, made.value, strict=True)
    ]


@router.post("/use/copy")
async def copy(
    request: Request, visitor: OwnForm, ticket: Annotated[str, Form(max_length=200)] = ""
) -> Response:
    """Gives an annotated copy once: the ticket is used up, whatever the room behind decides."""
    hub = hub_of(request)
    subject = released(await asyncio.wrap_future(hub.identity.tickets.take(visitor.actor, ticket)))
    number, _, file_format = subject.partition("/")
    work: partial[Recorded[bytes | Refused]]
    if number.startswith("xch-"):
        work = partial(hub.exchange.copy, visitor.actor, number, file_format)
    else:
        work = partial(hub.requests.copy, visitor.actor, RequestId(number), file_format)
    data = released(await run_in_threadpool(work))
    headers = {
        "Cache-Control": "private, no-store",
        "Content-Disposition": f'attachment; filename="{number}.{file_format}"',
    }
    return Response(data, media_type=MEDIA[file_format], headers=headers)
