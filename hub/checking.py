"""One check of a file from outside: verdict, what the register says, and the words for both."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from certificates.model import CertificateStatus
from certificates.register_model import StatusAnswer
from hub import words
from hub.verdicts import explain
from kernel.actors import Actor, authorise
from kernel.errors import Refused
from signing.model import Verdict

if TYPE_CHECKING:
    from hub.wiring import Hub

IDENTIFIER: Final = "ZZBS"
"""电子证照标识 in the metadata of a certificate file."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A verdict and the register's word on the certificate that the file says it is, if any."""

    verdict: Verdict
    status: StatusAnswer | None


def check(hub: Hub, actor: Actor, data: bytes, *, name: str, policy: str) -> Checked | Refused:
    """Judge untrusted bytes in a fenced process and look its certificate up. Keeps nothing."""
    allowed = authorise(actor, "certificates.verify")
    if isinstance(allowed, Refused):
        return allowed
    verdict = hub.inspector.verdict(data, name, policy, hub.clock.now())
    identifier = verdict.metadata.get(IDENTIFIER, "")
    found = hub.register.status(actor, identifier) if identifier else None
    return Checked(verdict, None if isinstance(found, Refused) else found)


def report(hub: Hub, checked: Checked) -> dict[str, Any]:
    """Return what the verify page shows; a certificate no longer in force spoils a good seal."""
    shown = explain(checked.verdict.to_json())
    status = checked.status
    if status is None:
        return shown
    shown["register"] = register_rows(hub, status)
    if status.status is not CertificateStatus.ISSUED:
        zh, en = words.status(status.status)
        shown["answers"] = [
            item
            if item["name"] != "valid"
            else item | {"state": "bad", "zh": f"登记状态：{zh}", "en": f"register: {en}"}
            for item in shown["answers"]
        ]
        if shown["state"] == "good":
            shown |= {
                "state": "bad",
                "zh": f"印章真实，但证照{zh}",
                "en": f"The seal is genuine, but the certificate is {en}",
            }
    return shown


def register_rows(hub: Hub, status: StatusAnswer) -> list[tuple[str, str, str]]:
    """Return the register's answer as rows of Chinese term, English term, value."""
    kind, org = hub.typebook.types.get(status.type), hub.directory.org(status.issuer)
    zh, en = words.status(status.status)
    return [
        ("证照", "Certificate", kind.title if kind else status.type),
        ("标识", "Identifier", status.identifier),
        ("颁发机构", "Issued by", org.name if org else status.issuer),
        ("状态", "Status", f"{zh} {en}"),
        ("有效期", "Valid", f"{status.valid_from} — {_until(status.valid_to)}"),
    ]


def _until(day: date | None) -> str:
    return str(day) if day else "长期 (without end)"
