"""Words that several pages share for states, reasons and ways, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from certificates.grants_model import GrantState
from certificates.model import STATUS_TITLES, CertificateStatus
from certificates.register_model import REASON_TITLES, Reason
from kernel.errors import load_messages

Pair = tuple[str, str]

_STATUS_EN: Final[Mapping[CertificateStatus, str]] = {
    CertificateStatus.DRAFT: "being issued",
    CertificateStatus.ISSUED: "in force",
    CertificateStatus.SUSPENDED: "suspended",
    CertificateStatus.SUPERSEDED: "replaced",
    CertificateStatus.EXPIRED: "expired",
    CertificateStatus.CANCELLED: "cancelled",
    CertificateStatus.WITHDRAWN: "withdrawn",
    CertificateStatus.REVOKED: "revoked",
    CertificateStatus.LOST: "reported lost",
}
_REASON_EN: Final[Mapping[Reason, str]] = {
    Reason.HOLDER_REQUEST: "asked by the holder",
    Reason.DATA_CORRECTED: "source data corrected",
    Reason.ISSUED_IN_ERROR: "issued in error",
    Reason.FACT_ENDED: "the registered fact ended",
    Reason.SANCTION: "sanction",
    Reason.INVESTIGATION: "under investigation",
    Reason.LOSS_REPORTED: "reported lost",
    Reason.SETTLED: "the cause is gone",
}
_GRANT: Final[Mapping[GrantState, tuple[Pair, str]]] = {
    GrantState.OPEN: (("可使用", "open"), "good"),
    GrantState.USED: (("已使用", "used"), "blue"),
    GrantState.WITHDRAWN: (("已撤回", "withdrawn"), ""),
    GrantState.EXPIRED: (("已过期", "expired"), ""),
}


def status(value: CertificateStatus) -> Pair:
    """Return the words for a certificate's status."""
    return STATUS_TITLES[value], _STATUS_EN[value]


def tone(value: CertificateStatus) -> str:
    """Return the colour class of a status; its words say the same."""
    if value is CertificateStatus.ISSUED:
        return "good"
    waiting = {CertificateStatus.SUSPENDED, CertificateStatus.LOST, CertificateStatus.DRAFT}
    return "warn" if value in waiting else "bad"


def reason(value: str) -> Pair:
    """Return the words for the reason of a change of status."""
    if value not in set(Reason):
        return value, value
    return REASON_TITLES[Reason(value)], _REASON_EN[Reason(value)]


def rule_words(rule: str, title: str) -> Pair:
    """Return what a quality rule demands: its message, else the title its suite gives it."""
    found = load_messages("quality").get(rule) or load_messages("catalog").get(rule)
    if found is None or "{" in found.zh + found.en:
        return title, title
    return found.zh.rstrip("。"), found.en.rstrip(".")


def grant(value: GrantState) -> tuple[Pair, str]:
    """Return the words and the colour class for a grant's state."""
    return _GRANT[value]
