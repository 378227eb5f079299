"""The first arrow: a number is taken, values and the issue time are frozen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from certificates import register_store as store
from certificates import slot_store
from certificates.contents import is_of, seal
from certificates.errors import Code
from certificates.model import CertificateStatus, CertificateType
from certificates.numbering import make
from certificates.register_model import Certificate, Step
from certificates.register_store import Draft
from certificates.subjects import Subject, slots
from certificates.tools import Tools
from kernel.actors import Actor
from kernel.clock import BEIJING
from kernel.errors import Refused
from kernel.ids import CertificateId, new_id
from kernel.ports import Event, Json, Recorded, Tx


@dataclass(frozen=True, slots=True)
class Reserved:
    """Reserved drafts and, for the other subjects, why not."""

    drafts: tuple[Draft, ...]
    refused: tuple[Refused, ...]


@dataclass(frozen=True, slots=True)
class Predecessor:
    """The certificate that a re-issue follows, and the version its successor gets."""

    certificate: Certificate
    version: int


@dataclass(frozen=True, slots=True)
class _Plan:
    draft: Draft
    subject: Subject
    slots: tuple[str, ...]
    """The printed number, then the holders that may have only one."""


def reserve(
    tools: Tools,
    actor: Actor,
    kind: CertificateType,
    subjects: Sequence[Subject],
    *,
    batch: str = "",
    after: Predecessor | None = None,
) -> Recorded[Reserved]:
    """Reserve a certificate for each subject in one transaction.

    Refusals: ``already-issued`` where the subject, or a holder of a type that allows only one, has
    a certificate in force or under way; ``number-taken`` where the printed number or the identifier
    is somebody else's. Of issuers racing for the same, the first to commit wins.
    """
    now = tools.clock.now()
    plans = [_plan(tools, kind, subject, batch, after) for subject in subjects]
    own = after.certificate.id if after else None

    def work(tx: Tx) -> Reserved:
        owners = slot_store.slot_owners(
            tx, kind.name, [slot for plan in plans for slot in plan.slots]
        )
        busy = {slot: owner for slot, owner in owners.items() if owner != own}
        names = [plan.draft.certificate.identifier for plan in plans]
        taken = slot_store.identifiers_taken(tx, names)
        held = _held(tx, plans, busy)
        drafts: list[Draft] = []
        refused: list[Refused] = []
        for plan in plans:
            refusal = _conflict(tools, plan, busy, taken, held)
            if own and store.under_way(tx, own):
                refusal = Refused(Code.ALREADY_ISSUED, {"type": kind.title})
            if refusal:
                refused.append(refusal)
                continue
            _insert(tx, plan, owners, now)
            one = plan.draft.certificate
            taken.add(one.identifier)
            busy.update(dict.fromkeys(plan.slots, one.id))
            held[one.id] = plan.draft
            drafts.append(plan.draft)
        tx.record(_event(actor, kind, batch, drafts, refused))
        return Reserved(tuple(drafts), tuple(refused))

    with tools.probe.durable("certificates.reserve"):
        return tools.transactions.write(work)


def _plan(
    tools: Tools,
    kind: CertificateType,
    subject: Subject,
    batch: str,
    after: Predecessor | None,
) -> _Plan:
    # Whole seconds: the times inside PDF and OFD have no finer grain, and bytes must not change.
    at = tools.clock.now().replace(microsecond=0)
    key = CertificateId(new_id("cert"))
    serial = after.certificate.serial if after else tools.serials()
    version = after.version if after else 1
    issuer = after.certificate.issuer if after else kind.issuing_code
    valid_from = at.astimezone(BEIJING).date()
    one = Certificate(
        id=key,
        type=kind.name,
        type_code=kind.code,
        type_digest=kind.digest,
        identifier=make(kind.code, issuer, serial, version),
        issuer=issuer,
        division=tools.division,
        serial=serial,
        version=version,
        step=Step.RESERVED,
        status=CertificateStatus.DRAFT,
        reason="",
        issued_at=at,
        valid_from=valid_from,
        valid_to=last_day(valid_from, kind.validity.years),
        holders=frozenset(item.ref for item in subject.contents.holders),
        batch=batch,
        supersedes=after.certificate.id if after else None,
    )
    sealed = seal(tools.vault, key, subject.key, subject.contents)
    return _Plan(Draft(one, sealed), subject, slots(tools.vault, kind, subject.contents))


def last_day(start: date, years: int | None) -> date | None:
    """Return the last day of ``years`` years from ``start``, or None for 长期.

    A term from 29 February ends on 28 February of a common year.
    """
    if years is None:
        return None
    leap = start.month == 2 and start.day == 29
    anniversary = start.replace(year=start.year + years, day=28 if leap else start.day)
    return anniversary if leap else anniversary - timedelta(days=1)


def _held(
    tx: Tx, plans: Sequence[_Plan], busy: Mapping[str, CertificateId]
) -> dict[CertificateId, Draft]:
    """Return the certificates under the printed numbers of plans whose holders have none."""
    parted = [plan.slots for plan in plans]
    ids = {
        busy[number]
        for number, *holders in parted
        if number in busy and not busy.keys() & {*holders}
    }
    return {item.certificate.id: item for item in store.find(tx, ids)}


def _conflict(
    tools: Tools,
    plan: _Plan,
    busy: Mapping[str, CertificateId],
    taken: set[str],
    held: Mapping[CertificateId, Draft],
) -> Refused | None:
    number, *holders = plan.slots
    if busy.keys() & {*holders}:
        return Refused(Code.ALREADY_ISSUED)
    one = plan.draft.certificate
    if number not in busy:
        return Refused(Code.NUMBER_TAKEN) if one.identifier in taken else None
    other = held[busy[number]]
    same = is_of(tools.vault, busy[number], other.contents, plan.subject.key, one.holders)
    return Refused(Code.ALREADY_ISSUED if same else Code.NUMBER_TAKEN)


def _insert(tx: Tx, plan: _Plan, owners: Mapping[str, CertificateId], now: datetime) -> None:
    store.insert_draft(
        tx,
        plan.draft,
        holders=[(item.ref, item.code_type) for item in plan.subject.contents.holders],
        slots=[slot for slot in plan.slots if slot not in owners],
        origins=plan.subject.origins,
        now=now,
    )


def _event(
    actor: Actor,
    kind: CertificateType,
    batch: str,
    drafts: Sequence[Draft],
    refused: Sequence[Refused],
) -> Event:
    codes: dict[str, Json] = {}
    for item in refused:
        codes[item.code] = sum(other.code == item.code for other in refused)
    data: dict[str, Json] = {"type": kind.name, "count": len(drafts), "refused": codes}
    if not drafts:
        return Event("certificates.issue-refused", batch or kind.name, actor, data)
    data["certificates"] = [draft.certificate.id for draft in drafts]
    return Event("certificates.reserved", batch or drafts[0].certificate.id, actor, data)
