"""Whether one certificate may be used now: grant and status as they stand in this transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from certificates import register_store, requests_store
from certificates.errors import Code
from certificates.gate import Ground
from certificates.grants_model import Grant, GrantState
from certificates.matters import covered
from certificates.model import CertificateStatus
from certificates.register_model import Step
from certificates.register_store import Draft
from certificates.requests_model import CONSENT, CertificateAsk
from kernel.clock import BEIJING
from kernel.errors import Refused
from kernel.ids import HolderRef
from kernel.ports import Tx

ABSENT = Refused(Code.NOT_FOUND_OR_NOT_PERMITTED)
"""The one answer for what is not there and for what is none of the requester's business."""

GRANT_REFUSALS = {
    GrantState.USED: Code.CONSENT_USED,
    GrantState.WITHDRAWN: Code.CONSENT_WITHDRAWN,
    GrantState.EXPIRED: Code.CONSENT_EXPIRED,
}


@dataclass(frozen=True, slots=True)
class Decision:
    """Either ``refused``, or the certificate and perhaps the grant to be used up. A refusal keeps
    the certificate where one was found, so that its holder learns of the attempt.
    """

    refused: Refused | None = None
    draft: Draft | None = None
    grant: Grant | None = None


def decide(
    tx: Tx,
    ask: CertificateAsk,
    found: Ground,
    *,
    requester: str,
    holder: HolderRef | None,
    now: datetime,
) -> Decision:
    """Decide one request. ``holder`` is the reference of the code the requester gave, if any."""
    grant: Grant | None = None
    if ask.basis == CONSENT:
        grant = requests_store.grant(tx, ask.grant) if ask.grant else None
        refused = _grant_refusal(ask, found, grant, requester, now)
        if refused or grant is None:
            return Decision(refused or Refused(Code.CONSENT_REQUIRED))
        if holder is not None and holder != grant.holder:
            return Decision(ABSENT)
        holder = grant.holder
    if holder is None and ask.certificate is None:
        return Decision(Refused(Code.HOLDER_MISSING))
    drafts = _candidates(tx, ask, found.kind.name, holder)
    return in_force(drafts, grant, now)


def _grant_refusal(
    ask: CertificateAsk, found: Ground, grant: Grant | None, requester: str, now: datetime
) -> Refused | None:
    if ask.grant is None:
        return Refused(Code.CONSENT_REQUIRED)
    if grant is None or grant.requester != requester:
        return ABSENT
    state = grant.state(now)
    if state is not GrantState.OPEN:
        return Refused(GRANT_REFUSALS[state])
    bound = {
        "matter": grant.matter == found.matter.name,
        "case": grant.case_no == ask.case_no,
        "purpose": grant.purpose == ask.purpose,
        "type": grant.type == found.kind.name,
        "fields": all(
            covered(found.kind, grant.fields, name) for name in _needed(ask, grant, found)
        ),
        "formats": set(ask.formats) <= set(grant.formats),
    }
    outside = [name for name, holds in bound.items() if not holds]
    return Refused(Code.CONSENT_SCOPE, {"part": outside[0]}) if outside else None


def _needed(ask: CertificateAsk, grant: Grant, found: Ground) -> tuple[str, ...]:
    """Return what the grant's fields must cover: agreeing to a copy is agreeing to its face."""
    copies = any(item != "data" for item in grant.formats)
    return ask.fields if copies else found.shown


def _candidates(tx: Tx, ask: CertificateAsk, kind: str, holder: HolderRef | None) -> list[Draft]:
    if ask.certificate is None:
        return register_store.held(tx, holder, kind, others=False) if holder else []
    return [
        draft
        for draft in register_store.find(tx, [ask.certificate])
        if draft.certificate.type == kind
        and draft.certificate.step is Step.ISSUED
        and (holder is None or holder in draft.certificate.holders)
    ]


def in_force(drafts: list[Draft], grant: Grant | None, now: datetime) -> Decision:
    """Return the one certificate in force at ``now``, or why there is none."""
    today = now.astimezone(BEIJING).date()
    valid = [
        draft for draft in drafts if draft.certificate.effective(today) is CertificateStatus.ISSUED
    ]
    if len(valid) == 1:
        return Decision(None, valid[0], grant)
    if valid:
        return Decision(Refused(Code.SEVERAL_MATCHES), valid[0], grant)
    if not drafts:
        return Decision(ABSENT, None, grant)
    status = drafts[0].certificate.effective(today)
    return Decision(Refused(Code(f"certificate-{status.value}")), drafts[0], grant)
