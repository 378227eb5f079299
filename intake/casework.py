"""What all verbs on a case share: rights, one transaction with its checks inside, its parts."""

from __future__ import annotations

from collections.abc import Callable

from certificates.grants_model import GrantOffer
from certificates.requests_model import CONSENT
from intake import filling, store
from intake.desk import Desk
from intake.errors import Code
from intake.journey_model import (
    CertificateWay,
    Journey,
    MaterialSpec,
    StepSpec,
    Way,
)
from intake.model import (
    Case,
    CaseState,
    MaterialRecord,
    MaterialState,
    StepRecord,
    StepState,
    WayKind,
)
from kernel.actors import Actor, Scope, authorise
from kernel.errors import Refused
from kernel.ids import CaseId
from kernel.ports import Event, Json, Recorded, Tx

Change = Callable[[Tx, Case], Refused | None]
"""Part of a transaction on a case. A refusal must come before anything is written."""


class Casework:
    """Finds, guards and changes cases."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def find(self, actor: Actor, key: CaseId, right: str) -> Case | Refused:
        """Return a case on which the actor has a right; ``case-unknown`` otherwise."""
        found = self._desk.transactions.read(lambda tx: store.find(tx, self._desk.vault, key))
        if found is None or self.denied(actor, right, found):
            return Refused(Code.CASE_UNKNOWN)
        return found

    def denied(self, actor: Actor, right: str, case: Case) -> Refused | None:
        """Return the refusal of a right on a case, or None."""
        people = frozenset({case.applicant, case.subject})
        scope = Scope(division=case.division, org=case.org, holders=people)
        allowed = authorise(actor, right, scope)
        return allowed if isinstance(allowed, Refused) else None

    def change(
        self, actor: Actor, verb: str, key: CaseId, right: str, work: Change
    ) -> Recorded[Case | Refused]:
        """Change an open case in one transaction; a refusal is recorded as ``intake.verb-refused``.

        ``right`` empty: ``work`` decides who may.
        """
        vault = self._desk.vault

        def run(tx: Tx) -> Case | Refused:
            case = store.find(tx, vault, key)
            refused: Refused | None = None
            if case is None or (right and self.denied(actor, right, case)):
                refused = Refused(Code.CASE_UNKNOWN)
            elif case.state is not CaseState.OPEN:
                refused = Refused(Code.CASE_CLOSED)
            else:
                refused = work(tx, case)
            if refused:
                # a key that names no case is whatever somebody typed, and stays out of the journal
                subject = case.id if case else "unknown"
                tx.record(Event(f"intake.{verb}-refused", subject, actor, {"code": refused.code}))
                return refused
            return store.find(tx, vault, key) or Refused(Code.CASE_UNKNOWN)

        return self._desk.transactions.write(run)

    def journey(self, case: Case) -> Journey:
        """Return the journey of a case; a case whose journey was taken away is an error."""
        return self._desk.journeys.journeys[case.journey]

    def step(self, case: Case, code: str) -> StepSpec | Refused:
        """Return a step that is ready. Refusals: ``step-unknown``, ``step-not-ready``."""
        spec, record = self.journey(case).step(code), case.step(code)
        if spec is None or record is None:
            return Refused(Code.STEP_UNKNOWN)
        return spec if record.state is StepState.READY else Refused(Code.STEP_NOT_READY)

    def manual(
        self, case: Case, step: str, material: str, kind: WayKind
    ) -> tuple[MaterialRecord, Way] | Refused:
        """Return an open material and its way of ``kind``, once the automatic ways were tried."""
        spec = self.step(case, step)
        if isinstance(spec, Refused):
            return spec
        wanted, record = spec.material(material), case.material(step, material)
        if wanted is None or record is None:
            return Refused(Code.MATERIAL_UNKNOWN)
        if record.state is MaterialState.MET:
            return Refused(Code.MATERIAL_MET)
        if not record.attempt:
            return Refused(Code.AUTOMATIC_FIRST)
        way = next((item for item in wanted.ways if item.kind is kind), None)
        return (record, way) if way else Refused(Code.WAY_NOT_OFFERED)

    def pending(self, case: Case) -> list[tuple[StepSpec, MaterialSpec, MaterialRecord]]:
        """Return open materials of steps that are not handed in yet."""
        found: list[tuple[StepSpec, MaterialSpec, MaterialRecord]] = []
        for step in self.journey(case).steps:
            state = case.step(step.code)
            if state is None or state.state not in filling.LIVE:
                continue
            for material in step.materials:
                record = case.material(step.code, material.code)
                if record and record.state is MaterialState.OPEN:
                    found.append((step, material, record))
        return found

    def offers(self, case: Case) -> dict[str, GrantOffer]:
        """Return the grants by which the applicant would open own certificates to this case."""
        mine = {item.name for item in case.parties if item.ref == case.applicant}
        found: dict[str, GrantOffer] = {}
        for step, material, _ in self.pending(case):
            for way in material.ways:
                if not isinstance(way, CertificateWay) or CONSENT not in way.basis:
                    continue
                if mine & set(way.holders):
                    found[f"{step.code}/{material.code}"] = GrantOffer(
                        requester=case.org,
                        matter=step.matter,
                        case_no=case.id,
                        purpose=way.purpose,
                        type=way.type,
                        fields=way.fields,
                    )
        return found

    def save_material(self, tx: Tx, actor: Actor, case: Case, record: MaterialRecord) -> None:
        """Write how a material stands, with its entry, and what the forms get of it."""
        store.save_material(tx, self._desk.vault, case.id, record)
        kind = "met" if record.state is MaterialState.MET else "missing"
        tx.record(Event(f"intake.material-{kind}", case.id, actor, _data(record)))

    def prefill(self, tx: Tx, key: CaseId) -> None:
        """Fill the forms of all live steps from what the case holds now."""
        case = store.find(tx, self._desk.vault, key)
        if case is None:
            return
        for step in self.journey(case).steps:
            state = case.step(step.code)
            if state and state.state in filling.LIVE:
                store.save_fields(tx, self._desk.vault, key, filling.prefill(case, step))

    def go_on(self, tx: Tx, actor: Actor, case: Case, concluded: StepRecord) -> None:
        """Make waiting steps ready, or close the case, after a step was concluded."""
        states = {item.code: item.state for item in case.steps} | {concluded.code: concluded.state}
        if concluded.state is StepState.REJECTED:
            self._close(tx, actor, case, CaseState.REJECTED)
        elif all(state is StepState.DONE for state in states.values()):
            self._close(tx, actor, case, CaseState.DONE)
        for step in self.journey(case).steps:
            ready = all(states[code] is StepState.DONE for code in step.after)
            if states[step.code] is StepState.WAITING and ready:
                store.save_step(
                    tx, self._desk.vault, case.id, StepRecord(step.code, StepState.READY)
                )
                tx.record(Event("intake.step-ready", case.id, actor, {"step": step.code}))

    def _close(self, tx: Tx, actor: Actor, case: Case, state: CaseState) -> None:
        store.save_state(tx, case.id, state)
        tx.record(Event("intake.case-closed", case.id, actor, {"state": state.value}))


def _data(record: MaterialRecord) -> dict[str, Json]:
    tried: list[Json] = [
        ": ".join(filter(None, (item.way.value, item.region, item.code))) for item in record.tried
    ]
    found = record.evidence
    return {
        "step": record.step,
        "material": record.code,
        "way": record.way.value if record.way else "",
        "request": record.request or "",
        "certificate": record.certificate,
        "digest": record.digest or "",
        "tried": tried,
        "region": found.region if found else "",
        "basis": found.basis if found else "",
        "peer_leaf": found.peer.leaf if found and found.peer else "",
    }
