"""What the command line and the pages show of seals, and the applications they hand in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from kernel.clock import to_iso
from kernel.errors import TongbanError
from kernel.ports import Json
from signing.seal_model import NEXT, Seal, SealApplication, SealKind, SealState, SealStep

if TYPE_CHECKING:
    from hub.wiring import Hub

Pair = tuple[str, str]
YEAR: Final = timedelta(days=365)
YEARS: Final = 3
USUAL_MM: Final = {False: 40, True: 20}
STATES: Final[dict[SealState, tuple[Pair, str]]] = {
    SealState.APPLIED: (("待批准", "to be approved"), "warn"),
    SealState.APPROVED: (("制作中", "being made"), "warn"),
    SealState.IN_USE: (("在用", "in use"), "good"),
    SealState.SUSPENDED: (("停用", "suspended"), "warn"),
    SealState.RENEWED: (("已换发", "renewed"), ""),
    SealState.REVOKED: (("已注销", "revoked"), "bad"),
    SealState.REJECTED: (("已驳回", "rejected"), "bad"),
}
KINDS: Final[dict[SealKind, Pair]] = {
    SealKind.OFFICIAL: ("公章", "official seal"),
    SealKind.SPECIAL: ("专用章", "seal for a special use"),
    SealKind.PERSONAL: ("名章", "name seal"),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """An application as typed: ``org`` by key or credit code, validity in years from now."""

    org: str
    second_line: str = ""
    types: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    years: int = YEARS
    diameter_mm: int = 0
    """0: the usual size of the kind."""
    person: str | None = None
    """Name of the person whose name seal it is; None: a seal of the authority."""


def application(hub: Hub, wanted: Wanted) -> SealApplication:
    """Return the application; raises TongbanError ``seal-application-invalid`` for a strange body.

    Types of certificates must be known here, so that a slip of the pen makes no useless seal.
    """
    org = hub.directory.org(wanted.org)
    if org is None:
        raise TongbanError("seal-application-invalid", reason=f"org {wanted.org[:40]}")
    strange = [name for name in wanted.types if name not in hub.typebook.types]
    if strange:
        raise TongbanError("seal-application-invalid", reason=f"types {strange[0][:40]}")
    personal = wanted.person is not None
    start, end = period(hub.clock.now(), wanted.years)
    return SealApplication(
        org=org.code,
        org_name=org.name,
        division=org.division or hub.settings.region,
        valid_from=start,
        valid_to=end,
        second_line=wanted.second_line.strip(),
        types=wanted.types,
        users=wanted.users,
        diameter_mm=wanted.diameter_mm or USUAL_MM[personal],
        person=(wanted.person or "").strip(),
        personal=personal,
    )


def period(now: datetime, years: int) -> tuple[datetime, datetime]:
    """Return a validity of whole years that starts now."""
    start = now.replace(microsecond=0)
    return start, start + YEAR * years


def row(seal: Seal, history: Sequence[SealStep] = ()) -> dict[str, Json]:
    """Return a seal as plain values; the person of a name seal is not among them."""
    wanted = seal.application
    return {
        "seal": seal.seal_id,
        "state": seal.state.value,
        "kind": wanted.kind.value,
        "name": seal.name,
        "org": wanted.org,
        "types": list(wanted.types),
        "users": list(wanted.users),
        "valid_from": to_iso(wanted.valid_from),
        "valid_to": to_iso(wanted.valid_to),
        "diameter_mm": wanted.diameter_mm,
        "applied_by": seal.applied_by,
        "applied_at": to_iso(seal.applied_at),
        "approved_by": seal.approved_by,
        "approved_at": to_iso(seal.approved_at) if seal.approved_at else None,
        "reason": seal.reason,
        "replaces": seal.replaces,
        "replaced_by": seal.replaced_by,
        "history": [
            {"state": s.state.value, "at": to_iso(s.at), "by": s.by, "reason": s.reason}
            for s in history
        ],
    }


def steps(seal: Seal, *, applies: bool, approves: bool, visitor: str) -> list[str]:
    """Return the verbs a visitor may try on a seal; who applied is not offered to approve."""
    possible = NEXT[seal.state]
    own = visitor == seal.applied_by
    verbs = {
        "approve": approves and not own and SealState.APPROVED in possible,
        "reject": approves and SealState.REJECTED in possible,
        "resume": approves and seal.state is SealState.SUSPENDED,
        "renew": applies and SealState.RENEWED in possible,
        "suspend": approves and SealState.SUSPENDED in possible,
        "revoke": approves and SealState.REVOKED in possible and bool(seal.seal_der),
    }
    return [verb for verb, offered in verbs.items() if offered]
