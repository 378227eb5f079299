"""What a department decided, and the certificate a granted step ends with.

The decision is one transaction, the certificate another: between them the step stands as
``granted``, and whoever comes next (the window, the officer, the hub's worker) goes on with it. The
certificate is made once, however often that is.
"""

from __future__ import annotations

from dataclasses import replace

from certificates.matters_model import Matter
from intake import filling, store
from intake.casework import Casework
from intake.deciding import DECIDE
from intake.desk import Desk
from intake.errors import Code
from intake.journey_model import StepSpec
from intake.model import Case, CaseState, StepRecord, StepState
from intake.parties import resolve
from intake.ports import Result
from kernel.actors import Actor, Scope, authorise
from kernel.errors import Refused, TongbanError
from kernel.ids import CaseId
from kernel.ports import Event, Json, Recorded, Tx

FULFIL = "intake.fulfil"


class Conclusions:
    """Ends the steps of cases. See ``Cases.conclude`` and ``Cases.produce``."""

    def __init__(self, desk: Desk, work: Casework) -> None:
        self._desk = desk
        self._work = work

    def conclude(
        self, actor: Actor, key: CaseId, step: str, *, granted: bool, result_no: str
    ) -> Recorded[Case | Refused]:
        """Record the decision; then make the certificate, if the step ends with one."""

        def work(tx: Tx, case: Case) -> Refused | None:
            spec, held = self._work.journey(case).step(step), case.step(step)
            if spec is None or held is None:
                return Refused(Code.STEP_UNKNOWN)
            allowed = authorise(actor, DECIDE, self._scope(case, spec))
            if isinstance(allowed, Refused):
                return allowed
            if held.state is not StepState.SUBMITTED:
                return Refused(Code.STEP_NOT_READY)
            if granted and not spec.produces and not result_no.strip():
                return Refused(Code.RESULT_MISSING)
            state = StepState.DONE if granted else StepState.REJECTED
            if granted and spec.produces:
                state = StepState.GRANTED
            record = StepRecord(step, state, result_no.strip(), self._desk.clock.now())
            store.save_step(tx, self._desk.vault, key, record)
            data: dict[str, Json] = {"step": step, "state": state.value}
            tx.record(Event("intake.step-concluded", key, actor, data))
            if state is not StepState.GRANTED:
                self._work.go_on(tx, actor, case, record)
            return None

        with self._desk.probe.durable("intake.conclude"):
            done = self._work.change(actor, "conclude", key, "", work)
        return self._produced(actor, done, (step,))

    def produce(self, actor: Actor, key: CaseId) -> Recorded[Case | Refused]:
        """Go on with every granted step of a case; see ``Cases.produce``."""

        def work(tx: Tx, case: Case) -> Refused | None:
            if self._work.denied(actor, FULFIL, case) and not self._decides(actor, case):
                return Refused(Code.CASE_UNKNOWN)
            tx.record(Event("intake.results-sought", key, actor))
            return None

        done = self._work.change(actor, "produce", key, "", work)
        return self._produced(actor, done, None)

    def produce_all(self, actor: Actor, limit: int) -> int:
        """Go on with granted steps of all cases; return how many are done now.

        Nothing is recorded about steps that wait as before.
        """
        if isinstance(authorise(actor, FULFIL), Refused):
            return 0
        vault, transactions = self._desk.vault, self._desk.transactions
        made = 0
        for key, step in transactions.read(lambda tx: store.granted(tx, limit)):
            case = transactions.read(lambda tx, key=key: store.find(tx, vault, key))  # type: ignore[misc] # mypy cannot infer a lambda with a default
            if case is None or self._work.denied(actor, FULFIL, case):
                continue
            after = self._one(actor, case, step, quiet=True)
            held = after.value.step(step) if after and isinstance(after.value, Case) else None
            made += held is not None and held.state is StepState.DONE
        return made

    def _produced(
        self, actor: Actor, done: Recorded[Case | Refused], steps: tuple[str, ...] | None
    ) -> Recorded[Case | Refused]:
        """Go on with ``steps`` (None: all) of a changed case."""
        case, journal = done.value, done.journal
        if isinstance(case, Refused):
            return done
        for code in steps if steps is not None else tuple(item.code for item in case.steps):
            after = self._one(actor, case, code, quiet=False)
            if after is None:
                continue
            journal = (*journal, *after.journal)
            if isinstance(after.value, Case):
                case = after.value
        return Recorded(case, journal)

    def _one(
        self, actor: Actor, case: Case, code: str, *, quiet: bool
    ) -> Recorded[Case | Refused] | None:
        """Make the certificate of a granted step; None where there was nothing to write."""
        spec, held = self._work.journey(case).step(code), case.step(code)
        if spec is None or held is None or held.state is not StepState.GRANTED:
            return None
        answer = self._made(case, spec)
        if isinstance(answer, Refused) and quiet and answer.code == held.wait:
            return None

        with self._desk.probe.durable("intake.result"):
            return self._desk.transactions.write(
                lambda tx: self._kept(tx, actor, case.id, spec, answer)
            )

    def _kept(
        self, tx: Tx, actor: Actor, key: CaseId, spec: StepSpec, answer: Result | Refused
    ) -> Case | Refused:
        """Write what came of a granted step, also in a case that another step's refusal closed:
        what was granted stands.
        """
        vault, code = self._desk.vault, spec.code
        now = store.find(tx, vault, key)
        record = now.step(code) if now else None
        if now is None or record is None or record.state is not StepState.GRANTED:
            tx.record(Event("intake.result-there", key, actor, {"step": code}))
            return now or Refused(Code.CASE_UNKNOWN)
        if isinstance(answer, Refused):
            store.save_step(tx, vault, key, replace(record, wait=answer.code))
            data: dict[str, Json] = {"step": code, "code": answer.code}
            tx.record(Event("intake.result-awaited", key, actor, data))
        else:
            made = _done(record, answer)
            store.save_step(tx, vault, key, made)
            data = {"step": code, "type": spec.produces, "certificate": made.certificate}
            tx.record(Event("intake.result-produced", key, actor, data))
            if now.state is CaseState.OPEN:
                self._work.go_on(tx, actor, now, made)
        return store.find(tx, vault, key) or Refused(Code.CASE_UNKNOWN)

    def _made(self, case: Case, spec: StepSpec) -> Result | Refused:
        """Ask for the certificate. A failure is a reason to wait: the decision stands."""
        key = filling.sourced(case, spec.key)
        if not key:
            return Refused(Code.RESULT_KEY)
        shows = {
            name: next(filter(None, (resolve(item, case.parties) for item in refs)), "")
            for name, refs in spec.shows.items()
        }
        matter = self._matter(spec)
        org = matter.org if matter else ""
        try:
            if spec.issues:
                return self._desk.results.issue(org, spec.issues, key).value
            return self._desk.results.renew(org, spec.reissues, key, shows).value
        except TongbanError as error:
            return Refused(error.code)

    def _decides(self, actor: Actor, case: Case) -> bool:
        """Tell whether the actor decides a granted step of the case."""
        journey = self._work.journey(case)
        specs = [
            spec
            for item in case.steps
            if item.state is StepState.GRANTED and (spec := journey.step(item.code))
        ]
        return case.state is CaseState.OPEN and any(
            not isinstance(authorise(actor, DECIDE, self._scope(case, spec)), Refused)
            for spec in specs
        )

    def _scope(self, case: Case, spec: StepSpec) -> Scope:
        matter = self._matter(spec)
        return Scope(division=case.division, org=matter.org if matter else "")

    def _matter(self, spec: StepSpec) -> Matter | None:
        return self._desk.matters.get(spec.matter)


def _done(record: StepRecord, made: Result) -> StepRecord:
    return replace(
        record,
        state=StepState.DONE,
        result_no=record.result_no or made.number,
        certificate=made.certificate,
        identifier=made.identifier,
        wait="",
    )
