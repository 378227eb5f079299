"""加注件: a copy that says on every page who made it, for which use, until when. Sealed as well."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from certificates.contents import open_contents
from certificates.errors import Code
from certificates.facevalues import face_values
from certificates.filelists import digest_root
from certificates.gate import Ground
from certificates.matters import LONGEST_CAUSE
from certificates.model import Annotation, FaceValues, Format
from certificates.ports import SealOrder
from certificates.register_model import StoredFile
from certificates.register_store import Draft
from certificates.requests_model import CertificateAsk, Copy
from certificates.tools import Tools
from kernel.actors import Actor
from kernel.errors import TongbanError
from kernel.ids import CertificateId, RequestId
from kernel.ports import Event, Json


def copies(
    tools: Tools,
    actor: Actor,
    *,
    request: RequestId,
    ask: CertificateAsk,
    found: Ground,
    draft: Draft,
) -> tuple[Copy, ...]:
    """Draw, rehearse, seal and verify annotated copies; the intent is recorded before the key is
    used. Nothing is handed out here: ``requests`` does that once the use itself is recorded.

    Raises TongbanError as the press and the sealer do, ``rehearsal-failed``, ``seal-rejected``.
    """
    at = tools.clock.now().replace(microsecond=0)
    note = annotation(actor, ask, found, at)
    values = _values(tools, found, draft, note)
    unsealed = {name: tools.press.fill(found.kind, name, values) for name in formats_of(ask)}
    orders = {
        name: _order(tools, name, request=request, found=found, draft=draft, at=at)
        for name in unsealed
    }
    for name, data in unsealed.items():
        faults = tools.press.lint(found.kind, name, values, data)
        if faults:
            raise TongbanError(Code.REHEARSAL_FAILED, codes="; ".join(faults[:5]))
        trial = tools.sealer.rehearse(orders[name], data)
        _judge(tools, trial.sealed, trial.anchors, Code.REHEARSAL_FAILED)
    _intend(tools, actor, request, draft, unsealed)
    made: list[Copy] = []
    for name, data in unsealed.items():
        with tools.probe.durable("certificates.signature"):
            sealed = tools.sealer.seal(orders[name], data)
        _judge(tools, sealed, (), Code.SEAL_REJECTED)
        with tools.probe.durable("certificates.object"):
            digest = tools.objects.put(sealed)
        made.append(Copy(name, digest, len(sealed), note.expires_at))
    return tuple(made)


def formats_of(ask: CertificateAsk) -> tuple[Format, ...]:
    """Return the file formats asked for, without ``data``."""
    wanted: Iterable[Format] = (name for name in ask.formats if name != "data")
    return tuple(dict.fromkeys(wanted))


def annotation(actor: Actor, ask: CertificateAsk, found: Ground, at: datetime) -> Annotation:
    """Return what a copy says about itself. It may be used as long as it may be kept."""
    matter = found.matter
    purpose = matter.purpose(ask.purpose)
    cause = f"{purpose.title if purpose else ask.purpose}（办件编号{ask.case_no}）"
    maker = matter.org_title if actor.org == matter.org else f"综合窗口（{actor.org}）"
    return Annotation(
        maker=maker,
        created_at=at,
        cause=cause[:LONGEST_CAUSE],
        expires_at=at + timedelta(days=matter.retention_days),
    )


def _values(tools: Tools, found: Ground, draft: Draft, note: Annotation) -> FaceValues:
    one = draft.certificate
    return face_values(
        found.kind,
        one,
        open_contents(tools.vault, one.id, draft.contents),
        codes=tools.codes,
        address=tools.address,
        annotation=note,
    )


def _order(
    tools: Tools,
    file_format: Format,
    *,
    request: RequestId,
    found: Ground,
    draft: Draft,
    at: datetime,
) -> SealOrder:
    return SealOrder(
        format=file_format,
        org=draft.certificate.issuer,
        seal=found.kind.seal,
        number=f"{draft.certificate.identifier}/{request}",
        purpose=f"copy-{file_format}",
        at=at,
        placement=tools.press.placement(found.kind, file_format),
        type=draft.certificate.type,
    )


def _judge(tools: Tools, sealed: bytes, anchors: tuple[bytes, ...], code: Code) -> None:
    verdict = tools.judge.judge(sealed, tools.clock.now(), anchors)
    if not verdict.passed:
        raise TongbanError(code, codes=",".join(verdict.codes) or verdict.indication)


def _intend(
    tools: Tools,
    actor: Actor,
    request: RequestId,
    draft: Draft,
    unsealed: dict[Format, bytes],
) -> None:
    key: CertificateId = draft.certificate.id
    files: Sequence[tuple[CertificateId, StoredFile]] = [
        (key, StoredFile(name, tools.objects.put(data), len(data)))
        for name, data in unsealed.items()
    ]
    data: dict[str, Json] = {
        "certificate": key,
        "count": len(files),
        "root": digest_root(files),
    }
    event = Event("certificates.copy-intended", request, actor, data)
    with tools.probe.durable("certificates.intend"):
        tools.transactions.write(lambda tx: tx.record(event))
