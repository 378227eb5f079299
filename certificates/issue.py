"""签发: certificates are made from published data, sealed, verified and put in force."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from itertools import islice
from typing import TypeVar

from certificates import register_store as store
from certificates import subjects
from certificates.arrows import Arrows, Confidence, Rendered, ids_of
from certificates.contents import open_key
from certificates.errors import Code
from certificates.filelists import FORMATS
from certificates.model import CertificateStatus, CertificateType
from certificates.register_model import BatchResult, Certificate, IssueFailure, Step
from certificates.register_store import Draft
from certificates.reserve import Predecessor, Reserved, reserve
from certificates.subjects import Subject
from certificates.tools import Tools
from kernel.actors import Actor, Scope, authorise
from kernel.errors import Refused, TongbanError
from kernel.ids import CertificateId, new_id
from kernel.ports import Event, Progress, Recorded

T = TypeVar("T")

ACTION = "certificates.issue"

BATCH = 500
"""Certificates of one batch at most: each batch leaves one intent entry, and its unsealed files
are held in memory until they are sealed."""

CHUNK = 100
"""Certificates of one transaction and of one question to the signer."""


class Issuer:
    """Issues, re-issues and resumes. Every verb wants the right ``certificates.issue``."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._arrows = Arrows(tools)
        # Threads that stay: glibc gives each new one another of its arenas (eight for each core),
        # and an arena keeps the tens of megabytes in which a part was sealed.
        self._pool = ThreadPoolExecutor(tools.workers, "issue")

    def issue(self, actor: Actor, type_name: str, key: str) -> Recorded[Certificate | Refused]:
        """Issue one certificate for the subject whose key column holds ``key``.

        Returns it in force, with the journal row of its entry. Refusals: ``not-permitted``,
        ``not-an-issuer``, ``subject-unknown``, ``source-incomplete``, ``already-issued``,
        ``number-taken``, the code of a face fault. Raises TongbanError ``type-unknown``,
        ``rehearsal-failed``, ``seal-rejected`` or a failure of the signer; then the work done so
        far stays and ``resume`` goes on with it.
        """
        kind = self._tools.types[type_name]
        allowed = self._allowed(actor, kind)
        if allowed:
            return self._refuse(actor, type_name, allowed)
        found = subjects.gather(self._tools.source, self._tools.vault, kind, [key])[key]
        if isinstance(found, Refused):
            return self._refuse(actor, type_name, found)
        return self._finish_one(actor, reserve(self._tools, actor, kind, [found]))

    def reissue(self, actor: Actor, certificate: CertificateId) -> Recorded[Certificate | Refused]:
        """Make the next version (换发) from the data as published now; the old one is superseded.

        Refusals as for ``issue``, besides ``certificate-unknown`` and ``reissue-impossible`` for
        what is not in force or is being re-issued already.
        """
        draft = self._one(certificate)
        if draft is None:
            return self._refuse(actor, certificate, Refused(Code.CERTIFICATE_UNKNOWN))
        old = draft.certificate
        kind = self._tools.types[old.type]
        refusal = self._allowed(actor, kind)
        if not refusal and (old.step, old.status) != (Step.ISSUED, CertificateStatus.ISSUED):
            refusal = Refused(Code.REISSUE_IMPOSSIBLE)
        if refusal:
            return self._refuse(actor, certificate, refusal)
        key = open_key(self._tools.vault, old.id, draft.contents)
        found = subjects.gather(self._tools.source, self._tools.vault, kind, [key])[key]
        if isinstance(found, Refused):
            return self._refuse(actor, certificate, found)
        last = self._tools.transactions.read(lambda tx: store.last_version(tx, old))
        after = Predecessor(old, last + 1)
        return self._finish_one(actor, reserve(self._tools, actor, kind, [found], after=after))

    def issue_batch(
        self,
        actor: Actor,
        type_name: str,
        *,
        limit: int | None = None,
        progress: Progress | None = None,
    ) -> tuple[BatchResult, ...] | Refused:
        """Issue certificates for the first ``limit`` subjects of a type that have none yet.

        Work goes in batches of ``BATCH``; each leaves one intent entry, each certificate a result.
        Running again changes nothing. Raises as ``issue``; ``resume`` continues what was begun.
        """
        kind = self._tools.types[type_name]
        refusal = self._allowed(actor, kind)
        if refusal:
            self._refuse(actor, type_name, refusal)
            return refusal
        wanted = subjects.keys(self._tools.source, kind, limit)
        done: list[BatchResult] = []
        for keys in _parts(wanted, BATCH):
            with _bar(progress, kind.title, len(keys)) as tick:
                done.append(self._batch(actor, kind, keys, tick))
        return tuple(done)

    def resume(
        self, actor: Actor, *, idle: timedelta = timedelta(minutes=1)
    ) -> tuple[BatchResult, ...] | Refused:
        """Go on with every issue that nobody touched for ``idle``; zero at the start of a hub.

        A crash between any two steps loses and doubles nothing: what was reserved is either issued
        or voided with a reason. Raises as ``issue``.
        """
        refusal = self._may(actor, "")
        if refusal:
            self._refuse(actor, "resume", refusal)
            return refusal
        done: list[BatchResult] = []
        while left := self._unfinished(idle):
            groups: dict[str, list[Draft]] = {}
            for draft in left:
                group = draft.certificate.batch or draft.certificate.id
                groups.setdefault(group, []).append(draft)
            round_of = [self._resumed(actor, group) for group in groups.values()]
            done.extend(round_of)
            if not any(item.issued or item.failed for item in round_of):
                break  # another worker is at it
        return tuple(done)

    def resume_one(self, actor: Actor, certificate: CertificateId) -> BatchResult | None:
        """Go on with one issue left half made; None where it is not, or the actor may not.

        Whoever is at it too does no harm: each step is taken once. Raises as ``issue``.
        """
        draft = self._one(certificate)
        if draft is None or draft.certificate.step in {Step.ISSUED, Step.VOID}:
            return None
        if self.denied(actor, self._tools.types[draft.certificate.type]):
            return None
        return self._resumed(actor, [draft])

    def denied(self, actor: Actor, kind: CertificateType) -> Refused | None:
        """Return why the actor may not issue certificates of a type for its issuer, or None."""
        return self._allowed(actor, kind)

    def _allowed(self, actor: Actor, kind: CertificateType) -> Refused | None:
        refusal = self._may(actor, kind.issuing_code)
        if refusal is None and not kind.may_issue(kind.issuing_code):
            refusal = Refused(Code.NOT_AN_ISSUER, {"type": kind.title})
        return refusal

    def _may(self, actor: Actor, org: str) -> Refused | None:
        answer = authorise(actor, ACTION, Scope(division=self._tools.division, org=org))
        return answer if isinstance(answer, Refused) else None

    def _refuse(
        self, actor: Actor, subject: str, refused: Refused
    ) -> Recorded[Certificate | Refused]:
        event = Event("certificates.issue-refused", subject, actor, {"code": refused.code})
        done = self._arrows.write("refuse", lambda tx: tx.record(event))
        return Recorded(refused, done.journal)

    def _one(self, certificate: CertificateId) -> Draft | None:
        found = self._tools.transactions.read(lambda tx: store.find(tx, [certificate]))
        return found[0] if found else None

    def _unfinished(self, idle: timedelta) -> list[Draft]:
        before = self._tools.clock.now() - idle
        return self._tools.transactions.read(lambda tx: store.unfinished(tx, before, BATCH))

    def _finish_one(
        self, actor: Actor, reserved: Recorded[Reserved]
    ) -> Recorded[Certificate | Refused]:
        if reserved.value.refused:
            return Recorded(reserved.value.refused[0], reserved.journal)
        drafts = list(reserved.value.drafts)
        issued, failed = self._drive(actor, drafts, each=True, tick=_no_tick)
        if failed:
            return Recorded(Refused(failed[0].code), reserved.journal)
        if issued:
            return Recorded(issued[0].value[0].certificate, issued[0].journal)
        # Another worker resumed this issue meanwhile and has finished or is finishing it.
        draft = self._one(drafts[0].certificate.id)
        if draft is None or draft.certificate.step is not Step.ISSUED:
            raise TongbanError(Code.ISSUE_VOID)
        return Recorded(draft.certificate, reserved.journal)

    def _batch(
        self,
        actor: Actor,
        kind: CertificateType,
        keys: Sequence[str],
        tick: Callable[[int], None],
    ) -> BatchResult:
        batch = new_id("batch")
        found = subjects.gather(self._tools.source, self._tools.vault, kind, keys)
        good = [item for item in found.values() if isinstance(item, Subject)]
        refused = [item for item in found.values() if isinstance(item, Refused)]
        drafts: list[Draft] = []
        for part in _parts(iter(good), CHUNK):
            done = reserve(self._tools, actor, kind, part, batch=batch).value
            drafts.extend(done.drafts)
            refused.extend(done.refused)
        tick(len(refused))
        failures = tuple(
            IssueFailure(None, item.code) for item in refused if item.code != Code.ALREADY_ISSUED
        )
        skipped = len(refused) - len(failures)
        issued, failed = self._drive(actor, drafts, each=False, tick=tick)
        count = sum(len(item.value) for item in issued)
        return BatchResult(batch, kind.name, len(keys), count, skipped, failures + failed)

    def _resumed(self, actor: Actor, drafts: list[Draft]) -> BatchResult:
        one = drafts[0].certificate
        issued, failed = self._drive(actor, drafts, each=not one.batch, tick=_no_tick)
        count = sum(len(item.value) for item in issued)
        return BatchResult(one.batch or one.id, one.type, len(drafts), count, 0, failed)

    def _drive(
        self,
        actor: Actor,
        drafts: Sequence[Draft],
        *,
        each: bool,
        tick: Callable[[int], None],
    ) -> tuple[list[Recorded[list[Draft]]], tuple[IssueFailure, ...]]:
        """Take drafts of one batch from wherever they stand to ISSUED, or void them.

        ``each`` rehearses every document; otherwise the first of the batch stands for its template.
        """
        begun = [*_at(drafts, Step.RENDERED), *_at(drafts, Step.SIGNING)]
        recalled = self._arrows.recall(actor, begun) if begun else Rendered([], (), {})
        failed, faces = list(recalled.failed), recalled.faces
        tick(len(failed))
        rendered = _at(recalled.drafts, Step.RENDERED)
        for part in _parts(iter(_at(drafts, Step.RESERVED)), CHUNK):
            done = self._arrows.render(actor, part)
            rendered += done.drafts
            failed += done.failed
            faces |= done.faces
            tick(len(done.failed))
        signing = _at(recalled.drafts, Step.SIGNING)
        forms: frozenset[str] = frozenset()
        if rendered:
            forms = self._arrows.rehearse(rendered if each else rendered[:1], faces)
            signing += self._arrows.intend(actor, rendered)
        issued: list[Recorded[list[Draft]]] = []

        def finish(part: list[Draft]) -> None:
            own = {key: faces.pop(key) for key in ids_of(part)}
            count = len(part) * len(FORMATS)
            judged = range(count) if each else self._tools.sampling.of(count)
            told(self._arrows.seal(actor, part, own, Confidence(judged, forms)))

        def told(done: Recorded[list[Draft]]) -> None:
            if done.value:
                issued.append(done)
                tick(len(done.value))

        self._side_by_side(finish, list(_parts(iter(signing), CHUNK)))
        for part in _parts(iter(_at(drafts, Step.SIGNED)), CHUNK):
            told(self._arrows.issue(actor, part))
        return issued, tuple(failed)

    def _side_by_side(
        self, work: Callable[[list[Draft]], None], parts: Sequence[list[Draft]]
    ) -> None:
        """Work on several parts at a time: the signer, the disk and this process overlap."""
        if len(parts) < 2:
            for part in parts:
                work(part)
            return
        begun = [self._pool.submit(work, part) for part in parts]
        try:
            for item in begun:
                item.result()
        finally:  # nothing goes on behind the back of a caller whom a part or Ctrl-C stopped
            for item in begun:
                item.cancel()
            wait(begun)


def _at(drafts: Sequence[Draft], step: Step) -> list[Draft]:
    return [draft for draft in drafts if draft.certificate.step is step]


def _parts(items: Iterator[T], size: int) -> Iterator[list[T]]:
    while part := list(islice(items, size)):
        yield part


def _no_tick(_done: int) -> None:
    """Report to nobody."""


def _bar(
    progress: Progress | None, label: str, total: int
) -> AbstractContextManager[Callable[[int], None]]:
    return progress.track(label, total) if progress else nullcontext(_no_tick)
