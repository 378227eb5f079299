"""One call of ``Requests``: what was asked, and what of it is kept and recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from certificates.decide import Decision
from certificates.gate import Ground
from certificates.matters import known
from certificates.register_store import Draft
from certificates.requests_model import CertificateAsk, Copy, Use
from certificates.requests_store import RequestRow
from kernel.actors import Actor
from kernel.canonical import canonical
from kernel.errors import Refused
from kernel.ids import CertificateId, HolderRef, RequestId
from kernel.ports import Json


@dataclass(frozen=True, slots=True)
class Call:
    """One call: who asks, what, the refusal or ground found before any look into the store."""

    actor: Actor
    ask: CertificateAsk
    request: RequestId
    found: Ground | Refused
    holder: HolderRef | None
    body_ref: str
    copies: tuple[Copy, ...] = ()
    copied: CertificateId | None = None


def body(ask: CertificateAsk) -> str:
    """Return the canonical form of a request without its key; only a keyed index of it is kept."""
    body: dict[str, Json] = {
        "matter": ask.matter,
        "case": ask.case_no,
        "purpose": ask.purpose,
        "type": ask.type,
        "basis": ask.basis,
        "fields": list(ask.fields),
        "formats": list(ask.formats),
        "grant": ask.grant,
        "holder": [ask.holder_code_type, ask.holder_code],
        "certificate": ask.certificate,
    }
    return canonical(body).decode()


def row_of(
    call: Call,
    outcome: str,
    params: Mapping[str, str],
    draft: Draft | None,
    now: datetime,
) -> RequestRow:
    """Return what is kept. Of a request that passes no gate only its coming and its refusal are,
    because its words may hold anything, personal data too.
    """
    ask, found = call.ask, call.found
    good = isinstance(found, Ground)
    use = Use(
        request=call.request,
        certificate=draft.certificate.id if draft else None,
        requester=call.actor.org,
        matter=found.matter.name if isinstance(found, Ground) else "",
        case_no=ask.case_no if good else "",
        purpose=ask.purpose if good else "",
        basis=ask.basis if good else "",
        fields=_shown(found),
        formats=tuple(ask.formats) if good else (),
        outcome=outcome,
        at=now,
        details=params if good else {},
    )
    return RequestRow(
        use=use,
        actor=call.actor.id,
        idempotency_key=ask.idempotency_key,
        body_ref=call.body_ref,
        type=found.kind.name if isinstance(found, Ground) else "",
        grant=ask.grant if good else None,
        copies=call.copies if outcome == "served" else (),
    )


def _shown(found: Ground | Refused) -> tuple[str, ...]:
    if isinstance(found, Refused):
        return ()
    return tuple(name for name in found.shown if known(found.kind, name))


def data_of(row: RequestRow, decision: Decision) -> dict[str, Json]:
    """Return what the journal says of a request: ids and registered words only."""
    use = row.use
    return {
        "certificate": use.certificate or "",
        "type": row.type,
        "matter": use.matter,
        "case": use.case_no,
        "purpose": use.purpose,
        "basis": use.basis,
        "grant": decision.grant.id if decision.grant else "",
        "fields": list(use.fields),
        "formats": list(use.formats),
    }
