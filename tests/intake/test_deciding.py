"""What a department is shown of cases, and what it is not."""

from __future__ import annotations

from dataclasses import replace

from intake.model import Case, Report
from intake.reports import papers_spared
from kernel.actors import Actor, Reach
from kernel.errors import Refused
from kernel.ids import CaseId
from tests.intake.rig import (
    BIRTH,
    CLERK,
    INSURANCE,
    OFFICER,
    PNG,
    TYPED,
    City,
    case,
    code,
    the_journeys,
)

INSURER = replace(OFFICER, id="staff:10", org=INSURANCE)
BOTH = replace(CLERK, rights={**CLERK.rights, "intake.decide": Reach.ORG})


def handed_in(city: City) -> Case:
    """Hand in a birth registration for which the marriage certificate was brought as a scan."""
    city.bench.source.rows["marriage"].clear()
    opened = city.born()
    city.cases.meet(CLERK, opened.id)
    city.cases.upload(
        CLERK, opened.id, step=BIRTH, material="parents-marriage", media="image/png", data=PNG
    )
    city.cases.fill(CLERK, opened.id, BIRTH, TYPED)
    gaps = city.cases.gaps(CLERK, opened.id)
    assert not isinstance(gaps, Refused)
    for gap in gaps:
        if gap.step == BIRTH:
            city.cases.fill(CLERK, opened.id, BIRTH, {gap.item: "2020-05-20"})
    return case(city.cases.submit(CLERK, opened.id, BIRTH).value)


def places(city: City, actor: Actor) -> list[tuple[CaseId, str]]:
    found = city.cases.tasks(actor)
    assert not isinstance(found, Refused)
    return [(item.case, item.step) for item in found]


def test_only_the_department_of_the_matter_has_the_task(city: City) -> None:
    assert places(city, OFFICER) == []
    found = handed_in(city)
    assert places(city, OFFICER) == [(found.id, BIRTH)]
    assert places(city, INSURER) == places(city, BOTH) == []
    refused = city.cases.tasks(CLERK)
    assert code(refused) == "not-permitted"
    city.cases.conclude(OFFICER, found.id, BIRTH, granted=False)
    assert places(city, OFFICER) == []


def test_a_department_reads_its_own_step_and_no_other(city: City) -> None:
    found = handed_in(city)
    seen = case(city.cases.task(OFFICER, found.id, BIRTH).value)
    assert {item.code for item in seen.steps} == {BIRTH}
    assert {item.step for item in seen.materials} == {BIRTH}
    assert {item.step for item in seen.fields} == {BIRTH}
    assert not seen.grants
    tries = ((OFFICER, "medical-insurance"), (INSURER, BIRTH), (CLERK, BIRTH), (OFFICER, "none"))
    for actor, step in tries:
        assert code(city.cases.task(actor, found.id, step).value) == "case-unknown"
    assert code(city.cases.task(OFFICER, CaseId("case-none"), BIRTH).value) == "case-unknown"
    assert city.events("intake.task-read") == [{"step": BIRTH}]
    assert len(city.events("intake.read-refused")) == 5


def test_a_step_is_not_shown_before_it_is_handed_in(city: City) -> None:
    opened = city.opened()
    assert code(city.cases.task(OFFICER, opened.id, BIRTH).value) == "case-unknown"


def test_a_scan_is_handed_to_the_department_alone_and_recorded(city: City) -> None:
    found = handed_in(city)
    assert city.cases.scan(OFFICER, found.id, BIRTH, "parents-marriage").value == PNG
    none = city.cases.scan(OFFICER, found.id, BIRTH, "birth-certificate").value
    assert code(none) == "material-unknown"
    for actor in (INSURER, CLERK):
        other = city.cases.scan(actor, found.id, BIRTH, "parents-marriage").value
        assert code(other) == "case-unknown"
    assert len(city.events("intake.scan-read")) == 1


def test_whoever_took_a_case_in_does_not_decide_it(city: City) -> None:
    found = handed_in(city)
    own = city.cases.conclude(CLERK, found.id, BIRTH, granted=True, result_no="1").value
    assert code(own) == "not-permitted"
    assert places(city, OFFICER) == [(found.id, BIRTH)]


def test_the_hubs_total_of_papers_is_the_sum_of_the_cases(city: City) -> None:
    def total() -> int:
        return city.database.transactions.read(lambda tx: papers_spared(tx, the_journeys()))

    assert total() == 0
    found = handed_in(city)
    report = city.cases.report(CLERK, found.id)
    assert isinstance(report, Report)
    assert total() == len(report.saved) > 0
