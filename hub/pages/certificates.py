"""Pages of certificates: the issuer's list, one certificate with its face, a change of status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from certificates import preview
from certificates.errors import Code as CertificateCode
from certificates.model import MEDIA, CertificateStatus, CertificateType, Format
from certificates.register_model import ENDED, STATUS_CHANGES, Certificate, Origin, Reason
from hub import logbook, words
from hub.errors import Code
from hub.notices import Notice, told
from hub.refusal import Refusal, granted, released
from hub.views import render
from hub.visitor import OwnForm, SignedIn, Visitor, hub_of
from kernel.actors import Scope, authorise
from kernel.clock import BEIJING
from kernel.errors import Refused
from kernel.ids import CertificateId

if TYPE_CHECKING:
    from hub.wiring import Hub

router = APIRouter(tags=["pages"], include_in_schema=False)
PAGE: Final = 50
FACE_WIDTH: Final = 1000


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form for a change of status held when it was refused."""

    status: str = ""
    reason: str = ""


@router.get("/certificates")
async def certificates(
    request: Request, visitor: SignedIn, kind: str = "", after: str = ""
) -> Response:
    """Lists what the visitor's organisation issued, without personal values."""
    hub = hub_of(request)
    found = granted(hub.register.page(visitor.actor, type_name=kind, after=after, limit=PAGE))
    query = urlencode({"kind": kind, "after": found[-1].id}) if len(found) == PAGE else ""
    values = {
        "visitor": visitor,
        "kinds": tuple(hub.typebook),
        "kind": kind,
        "certificates": [summary(hub, item) for item in found],
        "later": f"/certificates?{query}" if query else "",
    }
    return render(request, "certificates.html", values)


def summary(hub: Hub, one: Certificate) -> dict[str, Any]:
    """Return what lists show of a certificate."""
    status = one.effective(hub.clock.now().astimezone(BEIJING).date())
    kind = hub.typebook.types.get(one.type)
    org = hub.directory.org(one.issuer)
    return {
        "id": one.id,
        "identifier": one.identifier,
        "title": kind.title if kind else one.type,
        "issuer": org.name if org else one.issuer,
        "status": words.status(status),
        "tone": words.tone(status),
        "issued_at": one.issued_at,
        "value": status,
    }


@router.get("/certificates/{key}")
async def certificate(request: Request, visitor: SignedIn, key: str) -> Response:
    """Shows one certificate to its issuer or holder: face, status, lineage, files, receipts."""
    return await _shown(request, visitor, CertificateId(key))


async def _shown(
    request: Request,
    visitor: Visitor,
    number: CertificateId,
    notice: Notice | None = None,
    typed: Typed | None = None,
) -> Response:
    hub = hub_of(request)
    one = granted(await run_in_threadpool(hub.register.get, visitor.actor, number))
    kind = hub.typebook.types.get(one.type)
    shown = summary(hub, one) | {
        "reason": words.reason(one.reason)[0],
        "files": granted(hub.register.files(visitor.actor, number)),
        "lineage": lineage(kind, granted(hub.register.origins(visitor.actor, number))),
        "journal": logbook.about(hub, number),
        "face_height": 1414,
    }
    shown["changes"] = changes(visitor, one, shown["value"])
    shown["may_revoke"] = bool(shown["changes"])
    shown["may_download"] = bool(shown["files"])
    mine = visitor.may("certificates.grant")
    values = {
        "visitor": visitor,
        "certificate": one,
        "shown": shown,
        "reasons": [(item.value, *words.reason(item.value)) for item in Reason],
        "back": ("/me", "我的", "Mine") if mine else ("/certificates", "证照", "Certificates"),
        "notice": notice,
        "typed": typed or Typed(),
    }
    return render(request, "certificate.html", values, notice.status if notice else 200)


def lineage(kind: CertificateType | None, origins: tuple[Origin, ...]) -> list[dict[str, str]]:
    """Return one line per field: its Chinese title and the published row it came from."""
    titles = _titles(kind) if kind else {}
    return [
        {
            "field": name,
            "title": titles.get(name.split("[")[0], ""),
            "resource": origin.resource,
            "version": origin.version,
            "row_key": origin.row_key,
        }
        for origin in origins
        for name in origin.fields
    ]


def _titles(kind: CertificateType) -> dict[str, str]:
    return {spec.name: spec.title for spec in kind.fields} | {
        table.name: table.title for table in kind.tables
    }


def changes(
    visitor: Visitor, one: Certificate, now: CertificateStatus
) -> list[tuple[str, str, str]]:
    """Return the statuses to which this visitor may change it; ends come last."""
    scope = Scope(division=one.division, org=one.issuer, holders=one.holders)
    if isinstance(authorise(visitor.actor, "certificates.revoke", scope), Refused):
        return []
    order = sorted(STATUS_CHANGES.get(now, ()), key=lambda item: (item in ENDED, item.value))
    return [(item.value, *words.status(item)) for item in order]


@router.get("/certificates/{key}/face.png")
async def face(request: Request, visitor: SignedIn, key: str) -> Response:
    """Draws the face for its issuer or holder; the reading is recorded."""
    hub, number = hub_of(request), CertificateId(key)
    pdf = released(await run_in_threadpool(hub.register.original, visitor.actor, number, "pdf"))
    picture = await run_in_threadpool(preview.png, pdf, width=FACE_WIDTH)
    headers = {"Cache-Control": "private, no-store"}
    return Response(picture, media_type="image/png", headers=headers)


@router.post("/certificates/{key}/files/{form}")
async def original(request: Request, visitor: OwnForm, key: str, form: str) -> Response:
    """Gives the sealed original to its holder or issuer alone; each download is recorded."""
    if form not in MEDIA:
        raise Refusal(Refused(CertificateCode.NOT_FOUND_OR_NOT_PERMITTED))
    number = CertificateId(key)
    wanted: Format = "pdf" if form == "pdf" else "ofd"
    verb = hub_of(request).register.original
    data = released(await run_in_threadpool(verb, visitor.actor, number, wanted))
    headers = {
        "Cache-Control": "private, no-store",
        "Content-Disposition": f'attachment; filename="{key}.{form}"',
    }
    return Response(data, media_type=MEDIA[form], headers=headers)


@router.post("/certificates/{key}/status")
async def change_status(
    *,
    request: Request,
    visitor: OwnForm,
    key: str,
    status: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
    confirm: Annotated[str, Form()] = "",
) -> Response:
    """Changes the status with a reason, once confirmed; every check sees it from then on."""
    number, refused = CertificateId(key), Refused(Code.CONFIRMATION_MISSING)
    if confirm == "yes" and status in set(CertificateStatus):
        change = hub_of(request).register.change
        wanted = CertificateStatus(status)
        done = await run_in_threadpool(change, visitor.actor, number, wanted, reason)
        if not isinstance(done.value, Refused):
            return RedirectResponse(f"/certificates/{key}", 303)
        refused = done.value
    return await _shown(request, visitor, number, told(request, refused), Typed(status, reason))
