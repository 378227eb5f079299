"""The words for a check of a file: verdict, what the register says, what the log proves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from certificates.model import CertificateStatus
from certificates.register_model import StatusAnswer
from certificates.verify import Kinship, Verification
from hub import words
from hub.verdicts import explain
from hub.visitor import hub_of
from hub.words import Pair
from kernel.actors import Actor
from kernel.errors import Refused

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


async def judged(
    request: Request, actor: Actor, file: UploadFile, *, policy: str
) -> Verification | Refused:
    """Read and judge an upload; only few at a time, so that memory stays bounded."""
    hub = hub_of(request)
    name = (file.filename or "")[:120]
    async with request.app.state.judging:
        hub.checks.count()
        data = await file.read()
        return await run_in_threadpool(hub.verify.file, actor, data, name, policy)
