"""办件: a clerk opens a case, its materials are met by certificates and data, the form is filled.

Every verb asks the actor's right on the case; every change and every refusal leaves an entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from certificates.grants_model import Grant, GrantOffer, GrantState
from intake import filling, store
from intake.casework import Casework
from intake.concluding import Conclusions
from intake.deciding import Department, Task
from intake.desk import Desk
from intake.errors import Code
from intake.journey_model import PromiseWay, UploadWay
from intake.meeting import Attempt, Meeting
from intake.model import (
    Case,
    CaseState,
    Gap,
    MaterialState,
    Opening,
    Report,
    StepRecord,
    StepState,
    WayKind,
)
from intake.opening import draft
from intake.parties import moved
from intake.reports import report
from intake.uploads import refusal as upload_refusal
from kernel.actors import Actor, Reach, authorise
from kernel.errors import Refused
from kernel.ids import CaseId, GrantId
from kernel.ports import Digest, Event, Json, Recorded, Tx

OPEN = "intake.open"
READ = "intake.read"
FULFIL = "intake.fulfil"


class Cases:
    """Window cases of one hub."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._work = Casework(desk)
        self._department = Department(desk)
        self._conclusions = Conclusions(desk, self._work)

    def open(self, actor: Actor, asked: Opening) -> Recorded[Case | Refused]:
        """Open a case for a child and its guardian; guardianship is proven by data, not by paper.

        An open case of the same child in the same journey is returned again, with the regions
        said now. Refusals: ``not-permitted``, ``journey-unknown``, ``region-unknown``,
        ``subject-not-found``, ``subject-ambiguous``, ``applicant-not-guardian``,
        ``entry-condition``.
        """
        made = draft(self._desk, actor, asked)

        def work(tx: Tx) -> Case | Refused:
            if isinstance(made, Refused):
                tx.record(Event("intake.open-refused", "open", actor, {"code": made.code}))
                return made
            earlier = store.open_case_of(tx, made.subject, made.journey)
            found = store.find(tx, self._desk.vault, earlier) if earlier else None
            if found:
                if self._work.denied(actor, FULFIL, found):
                    tx.record(Event("intake.open-refused", found.id, actor, {"code": "elsewhere"}))
                    return Refused(Code.ENTRY_CONDITION, {"field": "case"})
                return self._reopened(tx, actor, found, asked)
            store.insert_case(tx, self._desk.vault, made)
            lineage: list[Json] = [
                {"party": item.name, "version": item.version, "row": item.row_key}
                for item in made.parties
            ]
            data: dict[str, Json] = {"journey": made.journey, "parties": lineage}
            tx.record(Event("intake.case-opened", made.id, actor, data))
            return made

        return self._desk.transactions.write(work)

    def _reopened(self, tx: Tx, actor: Actor, case: Case, asked: Opening) -> Case:
        people = moved(case.parties, asked.regions)
        data: dict[str, Json] = {"regions": {item.name: item.region for item in people}}
        if people != case.parties:
            store.save_parties(tx, self._desk.vault, case.id, people)
        tx.record(Event("intake.case-reopened", case.id, actor, data))
        return replace(case, parties=people)

    def settle(
        self, actor: Actor, key: CaseId, regions: Mapping[str, str]
    ) -> Recorded[Case | Refused]:
        """Say where people are registered whom the own data do not know, by party.

        Refusals: ``case-unknown``, ``case-closed``, ``region-unknown``.
        """

        def work(tx: Tx, case: Case) -> Refused | None:
            strangers = {item.name for item in case.parties if not item.version}
            known = {self._desk.division, *self._desk.regions.known()}
            for name, region in regions.items():
                if name not in strangers or region not in known:
                    return Refused(Code.REGION_UNKNOWN, {"region": region[:12]})
            people = moved(case.parties, regions)
            store.save_parties(tx, self._desk.vault, key, people)
            data: dict[str, Json] = {"regions": {item.name: item.region for item in people}}
            tx.record(Event("intake.regions-said", key, actor, data))
            return None

        return self._work.change(actor, "settle", key, FULFIL, work)

    def read(self, actor: Actor, key: CaseId) -> Case | Refused:
        """Return a case to its window, its applicant or its subject; else ``case-unknown``."""
        return self._work.find(actor, key, READ)

    def look(self, actor: Actor, key: CaseId) -> Recorded[Case | Refused]:
        """Return a case for its page; the reading is recorded, for it opens personal data.

        Refused: ``case-unknown``, recorded too.
        """
        vault = self._desk.vault

        def work(tx: Tx) -> Case | Refused:
            case = store.find(tx, vault, key)
            if case is None or self._work.denied(actor, READ, case):
                data: dict[str, Json] = {"code": Code.CASE_UNKNOWN}
                tx.record(Event("intake.read-refused", case.id if case else "unknown", actor, data))
                return Refused(Code.CASE_UNKNOWN)
            tx.record(Event("intake.case-read", case.id, actor))
            return case

        return self._desk.transactions.write(work)

    def list(self, actor: Actor, limit: int = 50) -> tuple[Case, ...] | Refused:
        """Return the cases an actor may read, latest first."""
        allowed = authorise(actor, READ)
        if isinstance(allowed, Refused):
            return allowed
        own = allowed.reach is Reach.SELF
        if own and actor.holder is None:
            return ()
        org = actor.org if allowed.reach is Reach.ORG else ""
        vault = self._desk.vault

        def query(tx: Tx) -> list[Case]:
            person = actor.holder if own else None
            keys = store.ids(tx, org=org, person=person, limit=limit)
            return [case for key in keys if (case := store.find(tx, vault, key))]

        found = self._desk.transactions.read(query)
        return tuple(case for case in found if not self._work.denied(actor, READ, case))

    def offers(self, actor: Actor, key: CaseId) -> Mapping[str, GrantOffer] | Refused:
        """Return what ``consent`` would allow, by ``step/material``, to be read before it."""
        case = self._work.find(actor, key, READ)
        return case if isinstance(case, Refused) else self._work.offers(case)

    def consent(self, actor: Actor, key: CaseId) -> Recorded[Case | Refused]:
        """The guardian allows, in one act, every use of own certificates that the case still needs.

        Each is a single-use grant for this case; where one is still open no second is given.
        Refusals: ``case-unknown`` for everybody but the
        applicant, ``case-closed``, and those of ``Grants.give_all``.
        """
        case = self._work.find(actor, key, READ)
        if (
            isinstance(case, Refused)
            or actor.holder != case.applicant
            or case.state is not CaseState.OPEN  # nothing is granted where nothing can be used
        ):
            unknown = Refused(Code.CASE_UNKNOWN)
            return self._work.change(actor, "consent", key, "", lambda _tx, _case: unknown)
        offers = self._ungranted(actor, case)
        answer: tuple[Grant, ...] | Refused = ()
        if offers:
            answer = self._desk.consents.give_all(actor, [*offers.values()]).value
        fresh: dict[str, GrantId] = {}
        if not isinstance(answer, Refused):
            fresh = {place: item.id for place, item in zip(offers, answer, strict=True)}

        def work(tx: Tx, now: Case) -> Refused | None:
            if isinstance(answer, Refused):
                return answer
            grants = {**now.grants, **fresh}
            store.save_consent(tx, key, grants, self._desk.clock.now())
            data: dict[str, Json] = {"grants": [*fresh.values()]}
            tx.record(Event("intake.consented", key, actor, data))
            return None

        return self._work.change(actor, "consent", key, READ, work)

    def _ungranted(self, actor: Actor, case: Case) -> dict[str, GrantOffer]:
        """Return the offers that no open grant covers yet."""
        own, now = self._desk.consents.own(actor), self._desk.clock.now()
        grants = () if isinstance(own, Refused) else own
        held = {item.id for item in grants if item.state(now) is GrantState.OPEN}
        offers = self._work.offers(case)
        return {
            place: offer for place, offer in offers.items() if case.grants.get(place) not in held
        }

    def meet(self, actor: Actor, key: CaseId) -> Recorded[Case | Refused]:
        """Try the automatic ways of every material still open and prefill the forms (免提交).

        Goes on with granted steps first: see ``produce``. Refusals: ``case-unknown``,
        ``case-closed``. What could not be met says why in ``tried``.
        """
        case = self._work.find(actor, key, FULFIL)
        if not isinstance(case, Refused) and any(
            item.state is StepState.GRANTED for item in case.steps
        ):
            self._conclusions.produce(actor, key)
            case = self._work.find(actor, key, FULFIL)
        done: tuple[Attempt, ...] = ()
        if not isinstance(case, Refused) and case.state is CaseState.OPEN:
            round_of = Meeting(self._desk, actor, case)
            done = tuple(round_of.attempt(*item) for item in self._work.pending(case))

        def work(tx: Tx, now: Case) -> Refused | None:
            for item in done:
                for event in item.checks:
                    tx.record(event)
                held = now.material(item.record.step, item.record.code)
                if held and held.state is MaterialState.OPEN:
                    self._work.save_material(tx, actor, now, item.record)
            tx.record(Event("intake.materials-checked", key, actor, {"count": len(done)}))
            self._work.prefill(tx, key)
            return None

        return self._work.change(actor, "meet", key, FULFIL, work)

    def promise(
        self, actor: Actor, key: CaseId, *, step: str, material: str, accepted: bool
    ) -> Recorded[Case | Refused]:
        """Take a promise (告知承诺) in place of a material that data could not meet.

        Refusals: ``case-…``, ``step-…``, ``material-unknown``, ``material-met``,
        ``automatic-first``, ``way-not-offered``, ``promise-declined``.
        """

        def work(tx: Tx, case: Case) -> Refused | None:
            found = self._work.manual(case, step, material, WayKind.PROMISE)
            if isinstance(found, Refused):
                return found
            record, way = found
            if not accepted or not isinstance(way, PromiseWay):
                return Refused(Code.PROMISE_DECLINED)
            due = self._desk.clock.now() + timedelta(days=way.days)
            met = replace(record, state=MaterialState.MET, way=WayKind.PROMISE, due_at=due)
            self._work.save_material(tx, actor, case, met)
            return None

        return self._work.change(actor, "promise", key, FULFIL, work)

    def upload(
        self, actor: Actor, key: CaseId, *, step: str, material: str, media: str, data: bytes
    ) -> Recorded[Case | Refused]:
        """Keep a scan of a paper that nothing else could replace.

        Refusals as for ``promise``, and ``upload-empty``, ``upload-too-large``, ``upload-type``.
        """
        kept: Digest | None = None
        case = self._work.find(actor, key, FULFIL)
        if not isinstance(case, Refused) and not self._unfit(case, step, material, media, data):
            kept = self._desk.objects.put(data)

        def work(tx: Tx, now: Case) -> Refused | None:
            refused = self._unfit(now, step, material, media, data)
            record = now.material(step, material)
            if refused or record is None or kept is None:
                return refused or Refused(Code.MATERIAL_UNKNOWN)
            met = replace(record, state=MaterialState.MET, way=WayKind.UPLOAD, digest=kept)
            self._work.save_material(tx, actor, now, met)
            return None

        return self._work.change(actor, "upload", key, FULFIL, work)

    def fill(
        self, actor: Actor, key: CaseId, step: str, values: Mapping[str, str]
    ) -> Recorded[Case | Refused]:
        """Take what the applicant types; what data gives cannot be overwritten here.

        Refusals: ``case-…``, ``step-…``, ``field-unknown``, ``field-prefilled``, ``field-invalid``.
        """

        def work(tx: Tx, case: Case) -> Refused | None:
            spec = self._work.step(case, step)
            made = spec if isinstance(spec, Refused) else filling.typed(case, spec, values)
            if isinstance(made, Refused):
                return made
            store.save_fields(tx, self._desk.vault, key, made)
            self._work.prefill(tx, key)
            data: dict[str, Json] = {"step": step, "fields": [item.name for item in made]}
            tx.record(Event("intake.filled", key, actor, data))
            return None

        return self._work.change(actor, "fill", key, FULFIL, work)

    def gaps(self, actor: Actor, key: CaseId) -> tuple[Gap, ...] | Refused:
        """Return everything that is missing, at once (一次告知)."""
        case = self.read(actor, key)
        return case if isinstance(case, Refused) else filling.gaps(case, self._work.journey(case))

    def submit(self, actor: Actor, key: CaseId, step: str) -> Recorded[Case | Refused]:
        """Hand in a complete step. Refusals: ``case-…``, ``step-…``, ``gaps-open``."""

        def work(tx: Tx, case: Case) -> Refused | None:
            spec = self._work.step(case, step)
            if isinstance(spec, Refused):
                return spec
            missing = len(filling.step_gaps(case, spec))
            if missing:
                return Refused(Code.GAPS_OPEN, {"count": str(missing)})
            record = StepRecord(step, StepState.SUBMITTED, at=self._desk.clock.now())
            store.save_step(tx, self._desk.vault, key, record)
            tx.record(Event("intake.step-submitted", key, actor, {"step": step}))
            return None

        return self._work.change(actor, "submit", key, FULFIL, work)

    def conclude(
        self, actor: Actor, key: CaseId, step: str, *, granted: bool, result_no: str = ""
    ) -> Recorded[Case | Refused]:
        """Record what the department decided; later steps that waited for it become ready.

        A granted step that ends with a certificate gets it now, or stays ``granted`` until
        ``produce`` gets it; ``result_no`` may then be empty. Only an officer of the matter's
        department may. Refusals: ``case-unknown``, ``case-closed``, ``not-permitted``,
        ``step-unknown``, ``step-not-ready``, ``result-missing``.
        """
        return self._conclusions.conclude(actor, key, step, granted=granted, result_no=result_no)

    def produce(self, actor: Actor, key: CaseId) -> Recorded[Case | Refused]:
        """Go on with granted steps whose certificate is not there yet.

        For the window of the case and for officers of the step's department. What still waits says
        why in ``StepRecord.wait``. Refusals: ``case-unknown``, ``case-closed``.
        """
        return self._conclusions.produce(actor, key)

    def produce_all(self, actor: Actor, limit: int = 100) -> int:
        """Go on with the granted steps of all cases that the actor may fulfil; return how many
        ended.
        """
        return self._conclusions.produce_all(actor, limit)

    def tasks(self, actor: Actor, limit: int = 100) -> tuple[Task, ...] | Refused:
        """Return the steps handed to the actor's department, those it waits on longest first."""
        return self._department.tasks(actor, limit)

    def task(self, actor: Actor, key: CaseId, step: str) -> Recorded[Case | Refused]:
        """Return a case cut down to one step handed to the actor's department; recorded."""
        return self._department.task(actor, key, step)

    def scan(
        self, actor: Actor, key: CaseId, step: str, material: str
    ) -> Recorded[bytes | Refused]:
        """Return a scan brought for a step that was handed to the actor's department; recorded."""
        return self._department.scan(actor, key, step, material)

    def report(self, actor: Actor, key: CaseId) -> Report | Refused:
        """Return which papers were not needed and why, and how little was typed."""
        case = self.read(actor, key)
        if isinstance(case, Refused):
            return case
        return report(case, self._work.journey(case), self._desk.clock.now())

    def _unfit(
        self, case: Case, step: str, material: str, media: str, data: bytes
    ) -> Refused | None:
        found = self._work.manual(case, step, material, WayKind.UPLOAD)
        if isinstance(found, Refused):
            return found
        way = found[1]
        assert isinstance(way, UploadWay)
        return upload_refusal(way, media, data)
