"""The words for a check of a file: verdict, what the register says, what the log proves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from certificates.model import CertificateStatus
from certificates.ports import Judgement
from certificates.previews import Pages, Previewer
from certificates.register_model import StatusAnswer
from certificates.verify import ACTION, Kinship, Verification
from hub import pagemarks, sealpanel, verify_ticket, words
from hub.judging import short
from hub.verdicts import explain, finding_states
from hub.verify_reports import MEDIA, ReportFormat, encode
from hub.visitor import hub_of
from hub.words import Pair
from kernel.actors import Actor, authorise
from kernel.errors import Refused
from signing.model import Evidence, Verdict
from signing.policies import Policy
from signing.policies import load as load_policy
from signing.reports import ReportKind
from signing.reports import report as report_of
from signing.verify import judge

if TYPE_CHECKING:
    from hub.wiring import Hub

_KINSHIP: Final = {
    Kinship.ORIGINAL: ("good", "本平台签发的原件", "the original issued by this hub"),
    Kinship.COPY: ("good", "本平台出具的加注件", "an annotated copy made by this hub"),
    Kinship.EXPIRED_COPY: ("bad", "加注件已过使用期限", "an annotated copy past its time of use"),
    Kinship.OTHER: (
        "bad",
        "自称本平台的证照，但不是本平台出具的文件",
        "names a certificate of this hub but is not a file it made",
    ),
    Kinship.UNKNOWN: ("none", "不在本平台登记中", "not in the register of this hub"),
}


def report(hub: Hub, checked: Verification) -> dict[str, Any]:
    """Return what the verify page shows; what the register says can spoil a good seal."""
    verdict = checked.judgement.report
    assert isinstance(verdict, dict)
    shown = explain(verdict)
    state, zh, en = _KINSHIP[checked.kinship]
    answers = list(shown["answers"])
    origin = {"name": "origin", "question": "与登记的关系", "question_en": "In the register"}
    answers.append(origin | {"state": state, "zh": zh, "en": en, "findings": []})
    if state == "bad" and shown["state"] == "good":
        shown |= {"state": "bad", "zh": "印章真实，但文件不可使用"}
        shown |= {"en": "The seal is genuine, but the file must not be used"}
    status = checked.status
    if status is not None:
        shown["register"] = register_rows(hub, status)
        if status.status is not CertificateStatus.ISSUED:
            _ended(shown, answers, status)
    shown["answers"] = answers
    shown["proof"] = checked.proof if isinstance(checked.proof, dict) else None
    return shown


def _ended(shown: dict[str, Any], answers: list[dict[str, Any]], status: StatusAnswer) -> None:
    """Say that a certificate is no longer in force, whatever its seal proves."""
    zh, en = words.status(status.status)
    for item in answers:
        if item["name"] == "valid":
            item |= {"state": "bad", "zh": f"登记状态：{zh}", "en": f"register: {en}"}
    if shown["state"] == "good":
        shown |= {"state": "bad", "zh": f"印章真实，但证照状态为“{zh}”"}
        shown |= {"en": f"The seal is genuine, but the certificate is {en}"}


def register_rows(hub: Hub, status: StatusAnswer) -> list[tuple[Pair, Pair]]:
    """Return the register's answer as rows of term and value, each in both languages."""
    kind, org = hub.typebook.types.get(status.type), hub.directory.org(status.issuer)
    title, owner = kind.title if kind else status.type, org.name if org else status.issuer
    since = str(status.valid_from)
    until = (str(status.valid_to),) * 2 if status.valid_to else ("长期", "without end")
    return [
        (("证照", "Certificate"), (title, title)),
        (("标识", "Identifier"), (status.identifier, status.identifier)),
        (("颁发机构", "Issued by"), (owner, owner)),
        (("状态", "Status"), words.status(status.status)),
        (("有效期", "Valid"), (f"{since} — {until[0]}", f"{since} — {until[1]}")),
    ]


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that was judged: what the rooms say of it together, and what that rests on."""

    joint: Verification
    evidence: Evidence
    verdict: Verdict
    policy: Policy
    read_at: datetime
    pages: Pages | None = None
    """Pictures, where they were asked for."""

    def report(self, kind: ReportKind) -> dict[str, Any]:
        """Return one of the three reports."""
        return report_of(kind, self.verdict, self.evidence, self.policy)


async def judged(
    request: Request,
    actor: Actor,
    file: UploadFile,
    *,
    policy: str,
    at: datetime | None = None,
    pictures: bool = False,
) -> Checked | Refused:
    """Read and judge an upload; only few at a time, so that memory stays bounded."""
    hub = hub_of(request)
    name = (file.filename or "")[:120]
    async with request.app.state.judging:
        hub.checks.count()
        data = await file.read()
        return await run_in_threadpool(_file, hub, actor, data, name, (policy, at, pictures))


def _file(
    hub: Hub, actor: Actor, data: bytes, name: str, asked: tuple[str, datetime | None, bool]
) -> Checked | Refused:
    policy, at, pictures = asked
    allowed = authorise(actor, ACTION)
    if isinstance(allowed, Refused):
        return allowed
    now = hub.clock.now()
    evidence = hub.fence.inspect(data, name)
    found = weigh(hub, actor, verify_ticket.Ticket(evidence, now), policy, at or now)
    if isinstance(found, Refused) or not pictures or evidence.format not in {"pdf", "ofd"}:
        return found
    pages = Previewer().pages(data, evidence.format, pagemarks.wanted(evidence))
    return replace(found, pages=pages)


def weigh(
    hub: Hub, actor: Actor, ticket: verify_ticket.Ticket, policy: str, at: datetime
) -> Checked | Refused:
    """Judge evidence under a policy as of a time, and join what the register says now."""
    rules = load_policy(policy, hub.settings.root)
    trust = hub.trust.trust(at)
    verdicts: list[Verdict] = []

    def one(recorded: datetime | None) -> Judgement:
        verdicts.append(judge(ticket.evidence, rules, trust, at, recorded))
        return short(verdicts[-1])

    joint = hub.verify.judged(actor, lambda: ticket.evidence.sha256, one, at)
    if isinstance(joint, Refused):
        return joint
    return Checked(joint, ticket.evidence, verdicts[-1], rules, ticket.read_at)


def whole(hub: Hub, actor: Actor, checked: Checked) -> dict[str, Any]:
    """Return all that the verify page shows of a file: verdict, seals, checks, pages, ticket."""
    evidence, verdict = checked.evidence, checked.verdict
    shown = report(hub, checked.joint)
    detailed = checked.report(ReportKind.DETAILED)
    shown["checks"] = finding_states(detailed["checks"])
    both = zip(shown["signatures"], evidence.signatures, verdict.signatures, strict=True)
    for place, (item, found, judged_one) in enumerate(both):
        item["kind"] = sealpanel.kind(judged_one)
        item["panel"] = sealpanel.rows(evidence, found, judged_one)
        item["checks"] = finding_states(detailed["signatures"][place]["checks"])
    states = [item["state"] for item in shown["signatures"]]
    pages = checked.pages
    shown["pages"] = pagemarks.shown(pages, evidence, states) if pages else []
    shown["page_count"] = pages.count if pages else 0
    shown["no_pages"] = pages.failed if pages else "replay"
    shown["size"] = evidence.size
    shown["read_at"] = checked.read_at
    shown["policy_title"] = checked.policy.title
    shown["policy_sha256"] = checked.policy.digest
    shown["evidence_sha256"] = detailed["judged"]["evidence_sha256"]
    shown["ticket"] = verify_ticket.seal(hub.vault, actor, evidence, checked.read_at)
    return shown


def download(hub: Hub, checked: Checked, kind: ReportKind, wanted: ReportFormat) -> Response:
    """Return a report as a file to keep; raises TongbanError ``report-seal-missing``."""
    data = encode(checked.report(kind), wanted, hub, checked.read_at)
    name = f"tongban-{kind.value}-{checked.evidence.sha256[:12] or 'file'}.{wanted.value}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
        "Vary": "Accept",
        # its own style stands in the file, and nothing else may load or run
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    }
    return Response(data, media_type=MEDIA[wanted], headers=headers)
