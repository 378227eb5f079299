"""``/v1/certificate-requests``: the one call by which an agency gets anything of a certificate."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from certificates.model import MEDIA, CertificateStatus
from certificates.requests_model import CONSENT, CertificateAnswer, CertificateAsk
from hub.receipts import receipt
from hub.refusal import Refusal, released
from hub.visitor import KnownCaller, hub_of
from kernel.actors import Actor, covers
from kernel.errors import Refused
from kernel.ids import CertificateId, GrantId, RequestId
from kernel.ports import Recorded

if TYPE_CHECKING:
    from hub.wiring import Hub

router = APIRouter(tags=["certificate requests"])
Code = Annotated[str, Field(max_length=100)]
Id = Annotated[str, Field(max_length=64, pattern="^[!-~]*$")]


class HolderBody(BaseModel):
    """持证主体: code type of GB/T 36903 and the code."""

    model_config = ConfigDict(extra="forbid")
    code_type: Annotated[str, Field(max_length=10)] = "111"
    code: Annotated[str, Field(max_length=40)]
    division: Annotated[str, Field(max_length=12, pattern="^([0-9]{6}([0-9]{6})?)?$")] = ""
    """Where the holder is registered (GB/T 2260); its city's hub is asked. Empty: not known."""


class CertificateBody(BaseModel):
    """Which certificate: a type, and its id where the requester knows it."""

    model_config = ConfigDict(extra="forbid")
    type: Code
    id: Id | None = None


class RequestBody(BaseModel):
    """One request. Give ``grant`` (the holder agreed) or ``legal_basis`` (the law allows)."""

    model_config = ConfigDict(extra="forbid")
    matter: Code
    case_no: Code = ""
    purpose: Code = ""
    legal_basis: Code = ""
    grant: Id = ""
    certificate: CertificateBody
    holder: HolderBody | None = None
    fields: Annotated[list[Code], Field(max_length=100)]
    formats: Annotated[list[Literal["data", "pdf", "ofd"]], Field(max_length=3)] = ["data"]
    region: Annotated[str, Field(max_length=6, pattern="^[0-9]*$")] = ""
    """Division code of the region whose hub holds the certificate; empty: this one."""


class StatusPart(BaseModel):
    """Status at the moment of the answer, read in its own transaction."""

    value: CertificateStatus
    reason: str
    checked_at: datetime
    valid_from: date
    valid_to: date | None


class DataPart(BaseModel):
    """The fields that were asked for, and nothing else."""

    fields: Mapping[str, str]
    rows: Mapping[str, Sequence[Mapping[str, str]]]


class FilePart(BaseModel):
    """An annotated copy (加注件). ``href`` works once, for this client, for five minutes."""

    format: str
    digest: str
    size: int
    usable_until: datetime
    href: str
    href_expires: datetime


class PeerPart(BaseModel):
    """The home hub of a certificate from another region, and its own entry of this use."""

    region: str
    subject: str
    leaf_hash: str
    receipt: Mapping[str, Any]


class RequestAnswer(BaseModel):
    """What was disclosed, for how long it may be kept, and the receipt of its log entry."""

    request_id: str
    certificate_id: str
    identifier: str
    type: str
    issuer: str
    status: StatusPart
    data: DataPart | None
    files: list[FilePart]
    retention_days: int
    retention: str
    served_at: datetime
    repeated: bool
    notices: list[str]
    receipt: dict[str, Any]
    peer: PeerPart | None = None


@router.post("/v1/certificate-requests")
async def request_certificate(
    request: Request,
    response: Response,
    caller: KnownCaller,
    body: RequestBody,
    idempotency_key: Annotated[str, Header(max_length=128)] = "",
) -> RequestAnswer:
    """Gives fields or an annotated copy for a matter and case; recorded before it is given."""
    hub = hub_of(request)
    response.headers["Cache-Control"] = "no-store"
    wanted = ask(body, idempotency_key)
    region = _region(body, hub.settings.region)
    if region != hub.settings.region:
        return await _abroad(hub, caller, body, wanted, region)
    recorded = await _ask(hub, caller, wanted)
    given = released(recorded)
    files = await _files(hub, caller, given)
    proof = await receipt(hub, recorded.journal)
    return _answer(given, files, proof, with_data="data" in body.formats)


def _region(body: RequestBody, own: str) -> str:
    """Return whose hub to ask: the region named, else the city of the holder's division."""
    division = body.holder.division if body.holder else ""
    if body.region or not division or covers(own, division):
        return body.region or own
    return f"{division[:4]}00"


async def _abroad(
    hub: Hub, caller: Actor, body: RequestBody, wanted: CertificateAsk, region: str
) -> RequestAnswer:
    """Ask the hub of another region; a refusal says in ``origin`` whose it is."""
    recorded = await run_in_threadpool(hub.exchange.fetch, caller, wanted, region)
    received = recorded.value
    if isinstance(received, Refused):
        origin = received.params.get("origin", region)
        raise Refusal(received, recorded=True, origin=origin)
    files = await _files(hub, caller, received.answer)
    proof = await receipt(hub, recorded.journal)
    peer = PeerPart(
        region=received.region,
        subject=received.entry.subject,
        leaf_hash=received.entry.leaf,
        receipt=received.receipt,
    )
    shown = _answer(received.answer, files, proof, with_data="data" in body.formats)
    return shown.model_copy(update={"peer": peer})


async def _ask(hub: Hub, caller: Actor, wanted: CertificateAsk) -> Recorded[Any]:
    """Fields need no thread: many answers share one commit. Copies are drawn and sealed in one."""
    if all(form == "data" for form in wanted.formats):
        outcome = await asyncio.wrap_future(hub.requests.submit(caller, wanted))
        return hub.requests.open(outcome)
    return await run_in_threadpool(hub.requests.fetch, caller, wanted)


def ask(body: RequestBody, idempotency_key: str) -> CertificateAsk:
    """Turn the body into the question that ``certificates`` answers."""
    return CertificateAsk(
        idempotency_key=idempotency_key,
        matter=body.matter,
        case_no=body.case_no,
        purpose=body.purpose,
        type=body.certificate.type,
        basis=CONSENT if body.grant else body.legal_basis,
        fields=tuple(body.fields),
        formats=tuple(dict.fromkeys(body.formats)),
        grant=GrantId(body.grant) if body.grant else None,
        holder_code=body.holder.code if body.holder else "",
        holder_code_type=body.holder.code_type if body.holder else "111",
        certificate=CertificateId(body.certificate.id) if body.certificate.id else None,
    )


async def _files(hub: Hub, caller: Actor, given: CertificateAnswer) -> list[FilePart]:
    if not given.copies:
        return []
    subjects = tuple(f"{given.request}/{copy.format}" for copy in given.copies)
    tickets = await asyncio.wrap_future(hub.identity.tickets.give(caller, subjects))
    return [
        FilePart(
            format=copy.format,
            digest=copy.digest,
            size=copy.size,
            usable_until=copy.expires_at,
            href=f"/v1/certificate-copies/{ticket.token}",
            href_expires=ticket.expires,
        )
        for copy, ticket in zip(given.copies, tickets.value, strict=True)
    ]


def _answer(
    given: CertificateAnswer,
    files: list[FilePart],
    proof: dict[str, Any],
    *,
    with_data: bool,
) -> RequestAnswer:
    status = given.status
    return RequestAnswer(
        request_id=given.request,
        certificate_id=status.certificate,
        identifier=status.identifier,
        type=status.type,
        issuer=status.issuer,
        status=StatusPart(
            value=status.status,
            reason=status.reason,
            checked_at=status.checked_at,
            valid_from=status.valid_from,
            valid_to=status.valid_to,
        ),
        data=DataPart(fields=given.fields, rows=given.rows) if with_data else None,
        files=files,
        retention_days=given.retention_days,
        retention=given.retention,
        served_at=given.served_at,
        repeated=given.repeated,
        notices=list(given.notices),
        receipt=proof,
    )


@router.get("/v1/certificate-copies/{ticket}")
async def copy(request: Request, caller: KnownCaller, ticket: str) -> Response:
    """Gives the bytes of an annotated copy once, to the client that asked for it."""
    hub = hub_of(request)
    subject = released(await asyncio.wrap_future(hub.identity.tickets.take(caller, ticket)))
    number, _, form = subject.partition("/")
    if number.startswith("xch-"):
        data = released(await run_in_threadpool(hub.exchange.copy, caller, number, form))
    else:
        data = released(await run_in_threadpool(hub.requests.copy, caller, RequestId(number), form))
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{number}.{form}"',
    }
    return Response(data, media_type=MEDIA[form], headers=headers)
