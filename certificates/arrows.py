"""The arrows of an issue: RESERVED → RENDERED → SIGNING → ISSUED.

Each is one transaction and idempotent: it moves only certificates that still stand at its tail, so
two workers on the same certificate waste time but never double it. Sealed files lie in the object
store before the transaction that names them; an object without a name is harmless. Unsealed faces
are drawn again from the frozen values, and their digest tells whether they are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from certificates import register_store as store
from certificates import slot_store
from certificates.contents import open_contents
from certificates.errors import Code
from certificates.facevalues import face_values
from certificates.filelists import FORMATS, Files, described, digest_root, flat
from certificates.model import CertificateStatus, FaceValues, Format
from certificates.ports import SealIntent, SealOrder
from certificates.register_model import IssueFailure, Step, StoredFile
from certificates.register_store import Draft
from certificates.subjects import slots
from certificates.tools import Tools
from kernel.actors import Actor
from kernel.errors import Refused, TongbanError
from kernel.ids import CertificateId
from kernel.ports import Event, Json, Recorded, Tx

T = TypeVar("T")


FACE_FAULTS = frozenset({"glyph-missing", "face-overflow", "face-value-missing"})
"""Faults of one certificate's values. They void it; any other failure stops the work."""

Faces = dict[CertificateId, dict[Format, bytes]]


@dataclass(frozen=True, slots=True)
class Rendered:
    """Drafts with their unsealed files, and those that cannot be drawn."""

    drafts: list[Draft]
    failed: tuple[IssueFailure, ...]
    faces: Faces


@dataclass(frozen=True, slots=True)
class Confidence:
    """Which sealed files need a full verdict: those at the places ``judged``, and those of a form
    (``Sealed.form``) that is not among the rehearsed ``forms``.
    """

    judged: Collection[int]
    forms: Collection[str]


class Arrows:
    """Moves certificates under way from step to step."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def render(self, actor: Actor, drafts: Sequence[Draft]) -> Rendered:
        """Draw both faces, record their digests, go on to RENDERED.

        What cannot be drawn is voided with the code of the fault.
        """
        faces, faults = self._drawn(drafts)
        made = {key: described(found) for key, found in faces.items()}

        def work(tx: Tx) -> set[CertificateId]:
            there = store.at_step(tx, ids_of(drafts), Step.RESERVED)
            good = [key for key in made if key in there]
            self._move(tx, good, Step.RESERVED, Step.RENDERED)
            store.insert_files(tx, store.UNSEALED, flat(made, good))
            data: dict[str, Json] = {"count": len(good), "root": digest_root(flat(made, good))}
            tx.record(Event("certificates.rendered", subject_of(drafts), actor, data))
            for key in faults.keys() & there:
                self.void(tx, actor, key, faults[key])
            return there

        there = self.write("render", work).value
        failed = tuple(IssueFailure(key, code) for key, code in faults.items() if key in there)
        moved = _moved(drafts, there & made.keys(), Step.RENDERED)
        return Rendered(moved, failed, {key: faces[key] for key in ids_of(moved)})

    def recall(self, actor: Actor, drafts: Sequence[Draft]) -> Rendered:
        """Draw the faces of drafts again that were RENDERED before an interruption.

        A face that comes out otherwise than recorded must not be sealed: its certificate is voided
        with ``face-changed``, and its subject is free for another.
        """
        files = self.files(drafts, store.UNSEALED)
        faces, faults = self._drawn(drafts)
        for key, found in faces.items():
            if described(found) != tuple(sorted(files[key], key=lambda item: item.format)):
                faults[key] = Code.FACE_CHANGED
        if not faults:
            return Rendered(list(drafts), (), faces)

        def work(tx: Tx) -> set[CertificateId]:
            there = store.at_step(tx, list(faults), Step.RENDERED, Step.SIGNING)
            for key in there:
                self.void(tx, actor, key, faults[key])
            if not there:
                tx.record(Event("certificates.issue-overtaken", subject_of(drafts), actor))
            return there

        gone = self.write("recall", work).value
        kept = [draft for draft in drafts if draft.certificate.id not in faults]
        failed = tuple(IssueFailure(key, faults[key]) for key in faults if key in gone)
        return Rendered(kept, failed, {key: faces[key] for key in ids_of(kept)})

    def void(self, tx: Tx, actor: Actor, key: CertificateId, code: str) -> None:
        """Give up one certificate under way, in an open transaction."""
        store.void(tx, key, code, self._tools.clock.now())
        tx.record(Event("certificates.issue-failed", key, actor, {"code": code}))

    def rehearse(self, drafts: Sequence[Draft], faces: Faces) -> frozenset[str]:
        """Lint each draft and seal it with a throw-away key, before the real key is used.

        Returns the forms that were shown to verify. Raises TongbanError ``rehearsal-failed``; the
        drafts stay RENDERED.
        """
        return frozenset(
            self._trial(draft, file_format, faces[draft.certificate.id][file_format])
            for draft in drafts
            for file_format in FORMATS
        )

    def intend(self, actor: Actor, drafts: Sequence[Draft]) -> list[Draft]:
        """Declare the use of the real key: one intent per file format, with count and digest root.

        The approvals that come of it are kept with the certificates, for a crash hereafter.
        """

        def work(tx: Tx) -> list[Draft] | Refused:
            return self._intended(tx, actor, drafts)

        done = self.write("intend", work).value
        if isinstance(done, Refused):
            raise TongbanError(done.code, **done.params)
        return done

    def _intended(self, tx: Tx, actor: Actor, drafts: Sequence[Draft]) -> list[Draft] | Refused:
        files = store.files(tx, ids_of(drafts), store.UNSEALED)
        given = self._tools.sealer.intend(tx, [self._intent(drafts, files, n) for n in FORMATS])
        if isinstance(given, Refused):
            return given
        approvals: dict[str, str] = dict(zip(FORMATS, given, strict=True))
        there = self._move(tx, ids_of(drafts), Step.RENDERED, Step.SIGNING, approvals)
        keys = [key for key in ids_of(drafts) if key in there]
        data: dict[str, Json] = {
            "count": len(keys) * len(FORMATS),
            "root": digest_root(flat(files, keys)),
            "approvals": list(approvals.values()),
        }
        tx.record(Event("certificates.sealing-intended", subject_of(drafts), actor, data))
        moved = _moved(drafts, there, Step.SIGNING)
        return [replace(draft, approvals=approvals) for draft in moved]

    def seal(
        self, actor: Actor, drafts: Sequence[Draft], faces: Faces, trust: Confidence
    ) -> Recorded[list[Draft]]:
        """Seal both files with the real key, verify each signature, put the certificates in force.

        A file that is not proven gets the full verdict, and so do those that ``trust`` names. The
        first worker to commit is canonical; a second signature over the same digest is never
        stored. Raises TongbanError ``seal-rejected`` where a sealed file does not verify.
        """
        jobs = [(draft, name) for draft in drafts for name in FORMATS]
        orders = [self._order(draft, name) for draft, name in jobs]
        unsealed = [faces[draft.certificate.id][name] for draft, name in jobs]
        with self._tools.probe.durable("certificates.signature"):
            sealed = self._tools.sealer.seal_many(orders, unsealed)
        for place, item in enumerate(sealed):
            if place in trust.judged or not item.proven or item.form not in trust.forms:
                self._verified(item.data)
        with self._tools.probe.durable("certificates.object"):
            digests = self._tools.objects.put_many([item.data for item in sealed])
        made: Files = {}
        for (draft, name), item, digest in zip(jobs, sealed, digests, strict=True):
            stored = StoredFile(name, digest, len(item.data))
            made[draft.certificate.id] = (*made.get(draft.certificate.id, ()), stored)

        def work(tx: Tx) -> set[CertificateId]:
            there = self._move(tx, ids_of(drafts), Step.SIGNING, Step.ISSUED)
            keys = [key for key in ids_of(drafts) if key in there]
            store.insert_files(tx, store.ORIGINAL, flat(made, keys))
            data: dict[str, Json] = {"count": len(keys), "root": digest_root(flat(made, keys))}
            tx.record(Event("certificates.sealed", subject_of(drafts), actor, data))
            self._in_force(tx, actor, drafts, made, there)
            return there

        with self._tools.probe.durable("certificates.seal"):
            done = self.write("issue", work)
        return Recorded(_moved(drafts, done.value, Step.ISSUED), done.journal)

    def issue(self, actor: Actor, drafts: Sequence[Draft]) -> Recorded[list[Draft]]:
        """Put certificates in force that an earlier release left SIGNED."""

        def work(tx: Tx) -> set[CertificateId]:
            files = store.files(tx, ids_of(drafts), store.ORIGINAL)
            there = self._move(tx, ids_of(drafts), Step.SIGNED, Step.ISSUED)
            self._in_force(tx, actor, drafts, files, there)
            if not there:
                tx.record(Event("certificates.issue-overtaken", subject_of(drafts), actor))
            return there

        done = self.write("issue", work)
        return Recorded(_moved(drafts, done.value, Step.ISSUED), done.journal)

    def _in_force(
        self,
        tx: Tx,
        actor: Actor,
        drafts: Sequence[Draft],
        files: Files,
        there: Collection[CertificateId],
    ) -> None:
        """Record each certificate by an entry of its own; predecessors end here."""
        for draft in drafts:
            if draft.certificate.id in there:
                self._supersede(tx, actor, draft)
                data = _result(draft, files[draft.certificate.id])
                tx.record(Event("certificates.issued", draft.certificate.id, actor, data))

    def files(self, drafts: Sequence[Draft], role: str) -> Files:
        """Return where the files of drafts are."""
        return self._tools.transactions.read(lambda tx: store.files(tx, ids_of(drafts), role))

    def write(self, name: str, work: Callable[[Tx], T]) -> Recorded[T]:
        """Write one arrow under the probe ``certificates.<name>``."""
        with self._tools.probe.durable(f"certificates.{name}"):
            return self._tools.transactions.write(work)

    def _move(
        self,
        tx: Tx,
        keys: Sequence[CertificateId],
        before: Step,
        after: Step,
        approvals: Mapping[str, str] | None = None,
    ) -> set[CertificateId]:
        return store.advance(tx, keys, before, after, self._tools.clock.now(), approvals=approvals)

    def _values(self, draft: Draft) -> FaceValues:
        tools = self._tools
        one = draft.certificate
        return face_values(
            tools.types[one.type],
            one,
            open_contents(tools.vault, one.id, draft.contents),
            codes=tools.codes,
            address=tools.address,
        )

    def _drawn(self, drafts: Sequence[Draft]) -> tuple[Faces, dict[CertificateId, str]]:
        """Return the unsealed files, and the codes of the faults that void the other drafts."""
        faces: Faces = {}
        faults: dict[CertificateId, str] = {}
        for draft in drafts:
            one = draft.certificate
            if self._tools.types[one.type].digest != one.type_digest:
                faults[one.id] = Code.TYPE_CHANGED
                continue
            try:
                faces[one.id] = self._draw(draft)
            except TongbanError as error:
                if error.code not in FACE_FAULTS:
                    raise
                faults[one.id] = error.code
        return faces, faults

    def _draw(self, draft: Draft) -> dict[Format, bytes]:
        press, kind = self._tools.press, self._tools.types[draft.certificate.type]
        values = self._values(draft)
        return {name: press.fill(kind, name, values) for name in FORMATS}

    def _trial(self, draft: Draft, file_format: Format, unsealed: bytes) -> str:
        tools = self._tools
        kind = tools.types[draft.certificate.type]
        faults = tools.press.lint(kind, file_format, self._values(draft), unsealed)
        if not faults:
            trial = tools.sealer.rehearse(self._order(draft, file_format), unsealed)
            verdict = tools.judge.judge(trial.sealed, tools.clock.now(), trial.anchors)
            if verdict.passed:
                return trial.form
            faults = verdict.codes or (verdict.indication,)
        raise TongbanError(Code.REHEARSAL_FAILED, codes="; ".join(faults[:5]))

    def _intent(self, drafts: Sequence[Draft], files: Files, file_format: Format) -> SealIntent:
        """Return what is to be sealed. All drafts of a batch are of one type and one issuer."""
        one = drafts[0].certificate
        wanted = [
            (key, item) for key, item in flat(files, ids_of(drafts)) if item.format == file_format
        ]
        return SealIntent(
            format=file_format,
            org=one.issuer,
            seal=self._tools.types[one.type].seal,
            type=one.type,
            count=len(wanted),
            root=digest_root(wanted),
        )

    def _verified(self, sealed: bytes) -> None:
        verdict = self._tools.judge.judge(sealed, self._tools.clock.now())
        if not verdict.passed:
            codes = ",".join(verdict.codes) or verdict.indication
            raise TongbanError(Code.SEAL_REJECTED, codes=codes)

    def _order(self, draft: Draft, file_format: Format) -> SealOrder:
        one = draft.certificate
        kind = self._tools.types[one.type]
        return SealOrder(
            format=file_format,
            org=one.issuer,
            seal=kind.seal,
            number=one.identifier,
            purpose=f"certificate-{file_format}",
            at=one.issued_at,
            placement=self._tools.press.placement(kind, file_format),
            approval=draft.approvals.get(file_format, ""),
            type=one.type,
        )

    def _supersede(self, tx: Tx, actor: Actor, draft: Draft) -> None:
        new = draft.certificate
        old = new.supersedes
        if old is None:
            return
        status = CertificateStatus.SUPERSEDED
        now = self._tools.clock.now()
        store.set_status(tx, old, status, reason="reissued", now=now, superseded_by=new.id)
        kind = self._tools.types[new.type]
        contents = open_contents(self._tools.vault, new.id, draft.contents)
        slot_store.move_slots(tx, old, new.id, slots(self._tools.vault, kind, contents))
        tx.record(Event("certificates.superseded", old, actor, {"by": new.id}))


def ids_of(drafts: Iterable[Draft]) -> list[CertificateId]:
    """Return the ids of drafts, in order."""
    return [draft.certificate.id for draft in drafts]


def subject_of(drafts: Sequence[Draft]) -> str:
    """Return what an entry about several drafts is about: their batch, or the one certificate."""
    return drafts[0].certificate.batch or drafts[0].certificate.id


def _moved(drafts: Sequence[Draft], keys: set[CertificateId], step: Step) -> list[Draft]:
    status = CertificateStatus.ISSUED if step is Step.ISSUED else CertificateStatus.DRAFT
    return [
        replace(draft, certificate=replace(draft.certificate, step=step, status=status))
        for draft in drafts
        if draft.certificate.id in keys
    ]


def _result(draft: Draft, files: tuple[StoredFile, ...]) -> dict[str, Json]:
    one = draft.certificate
    return {
        "type": one.type,
        "identifier": one.identifier,
        "issuer": one.issuer,
        "version": one.version,
        "batch": one.batch,
        "supersedes": one.supersedes or "",
        "files": [
            {
                "format": item.format,
                "digest": item.digest,
                "approval": draft.approvals.get(item.format, ""),
            }
            for item in files
        ],
    }
