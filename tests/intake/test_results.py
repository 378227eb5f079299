"""The certificates that granted steps end with: made once, waited for, never lost."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from certificates.model import CertificateStatus
from certificates.register_model import Certificate
from certificates.results import Results
from intake.model import Case, CaseState, StepState
from kernel.actors import Reach, system
from kernel.errors import Refused, TongbanError
from kernel.ids import CertificateId
from tests.certificates.doubles import FATHER, MOTHER, birth
from tests.intake.rig import (
    BIRTH,
    CLERK,
    INSURANCE,
    MIDWIFE,
    OFFICE,
    OFFICER,
    PAPER,
    READER,
    TYPED,
    City,
    case,
    code,
    officer,
)

WORKER = system("worker", "410100", ("intake.fulfil",))


def granted(city: City) -> Case:
    """Bring a case to a granted birth registration whose register has not delivered."""
    city.issue()
    found = city.born()
    case(city.cases.fill(CLERK, found.id, BIRTH, TYPED).value)
    case(city.cases.submit(CLERK, found.id, BIRTH).value)
    return case(city.cases.conclude(OFFICER, found.id, BIRTH, granted=True).value)


def handed_in(city: City) -> Case:
    """Bring a case to a medical certificate of birth that waits for its decision."""
    found = city.opened()
    city.cases.meet(CLERK, found.id)
    return case(city.cases.submit(CLERK, found.id, PAPER).value)


def state(found: Case, step: str) -> tuple[StepState, str]:
    record = found.step(step)
    assert record is not None
    return record.state, record.wait


def test_a_granted_step_waits_until_the_register_has_delivered(city: City) -> None:
    found = granted(city)
    assert state(found, BIRTH) == (StepState.GRANTED, "register-awaited")
    again = case(city.cases.produce(CLERK, found.id).value)
    assert state(again, BIRTH) == (StepState.GRANTED, "register-awaited")
    assert state(again, "medical-insurance") == (StepState.WAITING, "")
    city.enter()
    done = case(city.cases.produce(OFFICER, found.id).value)
    assert state(done, BIRTH) == (StepState.DONE, "")
    assert state(done, "medical-insurance") == (StepState.READY, "")
    twice = case(city.cases.produce(CLERK, found.id).value)
    assert twice.step(BIRTH) == done.step(BIRTH)
    assert len(city.events("intake.result-produced")) == 2


def test_the_worker_goes_on_and_writes_nothing_while_nothing_changes(city: City) -> None:
    granted(city)
    before = len(city.events("intake.result-awaited"))
    assert [city.cases.produce_all(WORKER) for _ in range(3)] == [0, 0, 0]
    assert len(city.events("intake.result-awaited")) == before
    city.enter()
    assert city.cases.produce_all(WORKER) == 1
    assert city.cases.produce_all(WORKER) == 0
    assert city.cases.produce_all(replace(WORKER, rights={})) == 0


def test_what_was_granted_stands_when_another_step_is_refused(city: City) -> None:
    found = granted(city)
    case(city.cases.submit(CLERK, found.id, "vaccination-record").value)
    nurse = officer("vaccination-record")
    lost = case(city.cases.conclude(nurse, found.id, "vaccination-record", granted=False).value)
    assert lost.state is CaseState.REJECTED
    assert code(city.cases.produce(CLERK, found.id).value) == "case-closed"
    before = len(city.rows())
    assert city.cases.produce_all(WORKER) == 0
    assert len(city.rows()) == before, "nothing is written while nothing changes"
    city.enter()
    assert city.cases.produce_all(WORKER) == 1
    done = case(city.cases.read(CLERK, found.id))
    assert state(done, BIRTH) == (StepState.DONE, "")
    assert state(done, "medical-insurance")[0] is StepState.WAITING
    assert done.state is CaseState.REJECTED


def test_four_who_ask_again_at_once_get_one_book(city: City) -> None:
    found = granted(city)
    city.enter()
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(city.cases.produce, CLERK, found.id) for _ in range(4)]
        for item in asked:
            case(item.result().value)
    done = case(city.cases.produce(CLERK, found.id).value)
    assert state(done, BIRTH) == (StepState.DONE, "")
    made = [item for item in city.events("intake.result-produced") if item["step"] == BIRTH]
    assert len(made) == 1
    assert sum(n for (kind, _), n in city.register.counts().items() if kind != PAPER) == 3


def test_only_window_and_department_may_ask_again(city: City) -> None:
    found = granted(city)
    strangers = (
        replace(CLERK, org=INSURANCE),
        replace(OFFICER, org=INSURANCE),
        city.person(MOTHER),
    )
    for actor in strangers:
        assert code(city.cases.produce(actor, found.id).value) == "case-unknown"


def test_a_signer_that_fails_leaves_the_decision_and_a_reason(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = handed_in(city)

    def broken(*_: Any, **__: Any) -> None:
        raise TongbanError("signer-unavailable")

    with monkeypatch.context() as patched:
        patched.setattr(type(city.bench.sealer), "seal", broken)
        decided = case(city.cases.conclude(MIDWIFE, found.id, PAPER, granted=True).value)
    assert state(decided, PAPER) == (StepState.GRANTED, "signer-unavailable")
    done = case(city.cases.produce(CLERK, found.id).value)
    assert state(done, PAPER) == (StepState.DONE, "")
    assert sum(n for (kind, _), n in city.register.counts().items() if kind == PAPER) == 1


def test_two_officers_at_once_decide_and_issue_once(city: City) -> None:
    found = handed_in(city)
    first = city.cases.conclude(MIDWIFE, found.id, PAPER, granted=True).value
    second = city.cases.conclude(MIDWIFE, found.id, PAPER, granted=True).value
    assert case(first).step(PAPER).certificate  # type: ignore[union-attr] # it exists
    assert code(second) == "step-not-ready"
    assert len(city.events("certificates.issued")) == 1


def test_a_birth_that_is_not_delivered_keeps_the_step_from_being_handed_in(city: City) -> None:
    city.bench.source.rows["births"].clear()
    found = city.opened()
    city.cases.meet(CLERK, found.id)
    assert code(city.cases.submit(CLERK, found.id, PAPER).value) == "gaps-open"


def test_a_birth_of_another_child_does_not_count(city: City) -> None:
    city.bench.source.rows["births"][:] = [birth("U090000009", "测试别", MOTHER, FATHER)]
    found = city.opened()
    met = case(city.cases.meet(CLERK, found.id).value)
    record = met.material(PAPER, "delivery-record")
    assert record is not None
    assert [item.code for item in record.tried] == ["values-differ"]


def test_a_certificate_there_already_is_the_result(city: City) -> None:
    made = city.issuer.issue(OFFICE, PAPER, "U090000001").value
    assert isinstance(made, Certificate)
    found = handed_in(city)
    done = case(city.cases.conclude(MIDWIFE, found.id, PAPER, granted=True).value)
    record = done.step(PAPER)
    assert record is not None
    assert (record.certificate, record.result_no) == (made.id, "U090000001")


def test_a_suspended_certificate_is_no_result(city: City) -> None:
    made = city.issuer.issue(OFFICE, PAPER, "U090000001").value
    assert isinstance(made, Certificate)
    city.register.change(OFFICE, made.id, CertificateStatus.SUSPENDED, "investigation")
    found = handed_in(city)
    done = case(city.cases.conclude(MIDWIFE, found.id, PAPER, granted=True).value)
    assert state(done, PAPER) == (StepState.GRANTED, "reissue-impossible")


def test_a_household_without_a_book_gets_its_first_one(city: City) -> None:
    found = city.born()
    case(city.cases.fill(CLERK, found.id, BIRTH, TYPED).value)
    values = {gap.item: "x" for gap in city.cases.gaps(CLERK, found.id) if gap.step == BIRTH}  # type: ignore[union-attr] # no refusal
    assert not values
    case(city.cases.submit(CLERK, found.id, BIRTH).value)
    city.enter()
    done = case(city.cases.conclude(OFFICER, found.id, BIRTH, granted=True).value)
    record = done.step(BIRTH)
    assert record is not None
    book = city.register.get(READER, CertificateId(record.certificate))
    assert isinstance(book, Certificate)
    assert (book.version, book.supersedes) == (1, None)


def test_a_department_makes_no_certificate_of_another(city: City) -> None:
    rights = {"certificates.issue": Reach.ORG}
    other = replace(OFFICER, rights=rights)
    answer = Results(city.bench.tools, city.issuer).ensure(other, PAPER, "U090000001").value
    assert answer == Refused("not-permitted", {"action": "certificates.issue"})


def test_a_next_version_left_half_made_is_finished_and_not_made_twice(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = granted(city)
    city.enter()
    with monkeypatch.context() as patched:
        patched.setattr(type(city.bench.sealer), "seal", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            city.cases.produce(CLERK, found.id)
    done = case(city.cases.produce(CLERK, found.id).value)
    assert state(done, BIRTH) == (StepState.DONE, "")
    made = sum(n for (kind, _), n in city.register.counts().items() if kind != PAPER)
    assert made == 3, "the marriage, the old book and the new one"


def test_a_kill_around_decision_and_result_loses_and_doubles_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.intake.killed", str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert {line["point"].partition("#")[0] for line in lines} == {
        "intake.conclude",
        "intake.result",
    }
    for line in lines:
        assert line["signal"] == 9, line
        assert line["state"] == "done", line
        assert (line["births"], line["books"]) == (1, 2), line
        assert line["done"] == [True, True], line
        assert line["certificates"], line
        assert (line["decisions"], line["produced"]) == (6, 2), line
