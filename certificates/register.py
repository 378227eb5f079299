"""The register of certificates: finds them, tells their status, changes it with a reason."""

from __future__ import annotations

from dataclasses import replace

from certificates import register_store as store
from certificates import slot_store
from certificates.contents import open_contents
from certificates.errors import Code
from certificates.model import CertificateStatus, Format
from certificates.register_model import (
    ENDED,
    STATUS_CHANGES,
    Certificate,
    Contents,
    Origin,
    Reason,
    StatusAnswer,
    Step,
    StoredFile,
)
from certificates.register_store import Draft
from certificates.subjects import holder_ref
from certificates.tools import Tools
from kernel.actors import Actor, Reach, Scope, authorise
from kernel.clock import BEIJING
from kernel.errors import Refused
from kernel.ids import CertificateId, HolderRef, JournalNo
from kernel.ports import Event, Json, Recorded, Tx

READ = "certificates.read"
CHANGE = "certificates.revoke"
VERIFY = "certificates.verify"


class Register:
    """Reads want ``certificates.read``, changes ``certificates.revoke``, status ``.verify``."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def get(self, actor: Actor, key: CertificateId) -> Certificate | Refused:
        """Return one certificate; refused alike where it does not exist or is not the actor's.

        A refusal is recorded.
        """
        draft = self._visible(actor, key)
        if isinstance(draft, Refused):
            self._refuse(actor, "certificates.read-refused", key, draft)
            return draft
        return draft.certificate

    def contents(self, actor: Actor, key: CertificateId) -> Recorded[Contents | Refused]:
        """Return the values of a certificate to its holder or issuer; the reading is recorded."""
        draft = self._visible(actor, key)
        if isinstance(draft, Refused):
            return Recorded(draft, self._refuse(actor, "certificates.read-refused", key, draft))
        event = Event("certificates.read", key, actor)
        done = self._tools.transactions.write(lambda tx: tx.record(event))
        return Recorded(open_contents(self._tools.vault, key, draft.contents), done.journal)

    def origins(self, actor: Actor, key: CertificateId) -> tuple[Origin, ...] | Refused:
        """Return the lineage of a certificate: which published rows gave which values."""
        draft = self._visible(actor, key)
        if isinstance(draft, Refused):
            return draft
        return tuple(self._tools.transactions.read(lambda tx: store.origins(tx, key)))

    def files(self, actor: Actor, key: CertificateId) -> tuple[StoredFile, ...] | Refused:
        """Return the sealed originals of a certificate, for its holder and its issuer alone."""
        draft = self._visible(actor, key)
        if isinstance(draft, Refused):
            return draft
        found = self._tools.transactions.read(lambda tx: store.files(tx, [key], store.ORIGINAL))
        return found.get(key, ())

    def original(
        self, actor: Actor, key: CertificateId, file_format: Format
    ) -> Recorded[bytes | Refused]:
        """Return an original to its holder or issuer; everyone else gets annotated copies."""
        files = self.files(actor, key)
        if isinstance(files, Refused):
            return Recorded(files, self._refuse(actor, "certificates.original-refused", key, files))
        item = next((one for one in files if one.format == file_format), None)
        if item is None:
            absent = Refused(Code.NOT_FOUND_OR_NOT_PERMITTED)
            return Recorded(
                absent, self._refuse(actor, "certificates.original-refused", key, absent)
            )
        data: dict[str, Json] = {"format": file_format, "digest": item.digest}
        event = Event("certificates.original-read", key, actor, data)
        done = self._tools.transactions.write(lambda tx: tx.record(event))
        return Recorded(self._tools.objects.get(item.digest), done.journal)

    def own(self, actor: Actor) -> tuple[Certificate, ...] | Refused:
        """Return the actor's own certificates of every status, latest first."""
        person = actor.holder
        scope = Scope(holders=frozenset({person}) if person else frozenset())
        allowed = authorise(actor, READ, scope)
        if isinstance(allowed, Refused) or person is None:
            return Refused("not-permitted", {"action": READ})
        return self._of(person)

    def held_by(
        self, actor: Actor, code: str, code_type: str = "111"
    ) -> tuple[Certificate, ...] | Refused:
        """Return those certificates of a holder that the actor may read, latest first."""
        allowed = authorise(actor, READ)
        if isinstance(allowed, Refused):
            return allowed
        found = self._of(holder_ref(self._tools.vault, code_type, code))
        return tuple(one for one in found if not self._denied(actor, READ, one))

    def page(
        self, actor: Actor, *, type_name: str = "", after: str = "", limit: int = 50
    ) -> tuple[Certificate, ...] | Refused:
        """Return issued certificates by id, for the issuer's own lists; at most 200 at a time."""
        allowed = authorise(actor, READ)
        if isinstance(allowed, Refused):
            return allowed
        if allowed.reach is Reach.SELF:
            return self.own(actor)
        issuer = actor.org if allowed.reach is Reach.ORG else ""
        most = min(max(limit, 1), 200)
        found = self._tools.transactions.read(
            lambda tx: store.issued_page(tx, kind=type_name, issuer=issuer, after=after, limit=most)
        )
        ones = (draft.certificate for draft in found)
        return tuple(one for one in ones if not self._denied(actor, READ, one))

    def counts(self) -> dict[tuple[str, Step], int]:
        """Return how many certificates stand at which step, per type; figures, no persons."""
        return self._tools.transactions.read(store.counts)

    def status(self, actor: Actor, identifier: str) -> StatusAnswer | Refused:
        """Return the status of a certificate by its 电子证照标识, at this moment, for anybody.

        Without any personal value. Refused: ``certificate-unknown``, also for what is under way.
        """
        allowed = authorise(actor, VERIFY)
        if isinstance(allowed, Refused):
            return allowed
        read = self._tools.transactions.read
        draft = read(lambda tx: store.find_identifier(tx, identifier))
        if draft is None or draft.certificate.step is not Step.ISSUED:
            return Refused(Code.CERTIFICATE_UNKNOWN)
        one = draft.certificate
        now = self._tools.clock.now()
        return StatusAnswer(
            certificate=one.id,
            identifier=one.identifier,
            type=one.type,
            issuer=one.issuer,
            status=one.effective(now.astimezone(BEIJING).date()),
            reason=one.reason,
            checked_at=now,
            valid_from=one.valid_from,
            valid_to=one.valid_to,
            superseded_by=one.superseded_by,
        )

    def change(
        self, actor: Actor, key: CertificateId, status: CertificateStatus, reason: str
    ) -> Recorded[Certificate | Refused]:
        """Suspend, restore, report lost, cancel, withdraw or revoke, with a reason.

        ``reason`` is a value of ``Reason``. From the commit on every check sees the new status.
        Refusals: ``not-found-or-not-permitted`` for what is not there and for what the actor may
        not even read, ``not-permitted``, ``reason-missing``, ``status-change``.
        """

        def work(tx: Tx) -> Certificate | Refused:
            found = store.find(tx, [key])
            refused = self._no_change(actor, found, status, reason)
            if refused:
                data: dict[str, Json] = {"code": refused.code, "status": status.value}
                tx.record(Event("certificates.status-refused", _subject(found), actor, data))
                return refused
            old = found[0].certificate
            store.set_status(tx, key, status, reason=reason, now=self._tools.clock.now())
            if status in ENDED:
                slot_store.free_slots(tx, key)
            change: dict[str, Json] = {
                "before": old.status.value,
                "after": status.value,
                "reason": reason,
                "identifier": old.identifier,
            }
            tx.record(Event("certificates.status-changed", key, actor, change))
            return replace(old, status=status, reason=reason)

        with self._tools.probe.durable("certificates.status"):
            return self._tools.transactions.write(work)

    def _no_change(
        self, actor: Actor, found: list[Draft], status: CertificateStatus, reason: str
    ) -> Refused | None:
        absent = Refused(Code.NOT_FOUND_OR_NOT_PERMITTED)
        if not found or found[0].certificate.step is not Step.ISSUED:
            return absent
        one = found[0].certificate
        denied = self._denied(actor, CHANGE, one)
        if denied:
            return absent if self._denied(actor, READ, one) else denied
        if reason not in set(Reason):
            return Refused(Code.REASON_MISSING)
        today = self._tools.clock.now().astimezone(BEIJING).date()
        before = one.effective(today)
        if status in STATUS_CHANGES.get(before, frozenset()):
            return None
        return Refused(Code.STATUS_CHANGE, {"before": before.value, "after": status.value})

    def _visible(self, actor: Actor, key: CertificateId) -> Draft | Refused:
        found = self._tools.transactions.read(lambda tx: store.find(tx, [key]))
        if not found or self._denied(actor, READ, found[0].certificate):
            return Refused(Code.NOT_FOUND_OR_NOT_PERMITTED)
        return found[0]

    def _denied(self, actor: Actor, action: str, one: Certificate) -> Refused | None:
        scope = Scope(division=one.division, org=one.issuer, holders=one.holders)
        allowed = authorise(actor, action, scope)
        return allowed if isinstance(allowed, Refused) else None

    def _of(self, person: HolderRef) -> tuple[Certificate, ...]:
        found = self._tools.transactions.read(lambda tx: store.held(tx, person))
        return tuple(draft.certificate for draft in found)

    def _refuse(
        self, actor: Actor, kind: str, key: CertificateId, refused: Refused
    ) -> tuple[JournalNo, ...]:
        def work(tx: Tx) -> None:
            subject = _subject(store.find(tx, [key]))
            tx.record(Event(kind, subject, actor, {"code": refused.code}))

        return self._tools.transactions.write(work).journal


def _subject(found: list[Draft]) -> str:
    """Return what an entry is about. What names no certificate is whatever somebody typed, and
    stays out of the journal.
    """
    return found[0].certificate.id if found else "unknown"
