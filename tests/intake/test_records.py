"""What the journal says of cases: every reading, every refusal, and never what somebody typed."""

from __future__ import annotations

import json

from intake import store
from intake.model import Case, CaseState
from kernel.ids import CaseId
from tests.certificates.doubles import MOTHER, UNCLE
from tests.intake.rig import CLERK, City, code

TYPED = CaseId("测试丙 410199202602010014")


def subjects(city: City, kind: str) -> list[str]:
    rows = city.database.transactions.read(lambda tx: city.database.journal.after(tx, 0, 9999))
    return [row.subject for row in rows if row.kind == kind]


def test_each_look_at_a_case_is_recorded_and_so_is_each_refused_one(city: City) -> None:
    opened = city.opened()
    for actor in (CLERK, city.person(MOTHER)):
        done = city.cases.look(actor, opened.id)
        assert isinstance(done.value, Case)
        assert done.journal
    assert code(city.cases.look(city.person(UNCLE), opened.id).value) == "case-unknown"
    assert subjects(city, "intake.case-read") == [opened.id] * 2
    assert subjects(city, "intake.read-refused") == [opened.id]


def test_what_names_no_case_stays_out_of_the_journal(city: City) -> None:
    assert code(city.cases.look(CLERK, TYPED).value) == "case-unknown"
    assert code(city.cases.meet(CLERK, TYPED).value) == "case-unknown"
    assert code(city.cases.consent(city.person(MOTHER), TYPED).value) == "case-unknown"
    rows = city.database.transactions.read(lambda tx: city.database.journal.after(tx, 0, 9999))
    assert {row.subject for row in rows} >= {"unknown"}
    for row in rows:
        assert TYPED not in row.subject
        assert TYPED not in json.dumps(json.loads(row.body), ensure_ascii=False)


def test_consent_to_a_closed_case_grants_nothing(city: City) -> None:
    opened = city.opened()
    close = city.database.transactions.housekeep
    close(lambda tx: store.save_state(tx, opened.id, CaseState.REJECTED))
    closed = city.cases.read(CLERK, opened.id)
    assert isinstance(closed, Case)
    assert closed.state is CaseState.REJECTED
    mother = city.person(MOTHER)
    assert code(city.cases.consent(mother, opened.id).value) == "case-closed"
    assert city.events("certificates.grant-given") == []


def test_consent_given_again_grants_nothing_that_is_still_open(city: City) -> None:
    city.issue()
    opened = city.opened()
    mother = city.person(MOTHER)
    first = city.cases.consent(mother, opened.id).value
    again = city.cases.consent(mother, opened.id).value
    assert isinstance(first, Case)
    assert isinstance(again, Case)
    assert again.grants == first.grants
    given = city.events("certificates.grant-given")
    assert len(given) == len(first.grants) > 0


def test_consent_when_nothing_is_left_to_use_is_recorded_and_grants_nothing(city: City) -> None:
    city.issue()
    opened = city.opened()
    mother = city.person(MOTHER)
    city.cases.consent(mother, opened.id)
    city.cases.meet(CLERK, opened.id)
    given = len(city.events("certificates.grant-given"))
    assert isinstance(city.cases.consent(mother, opened.id).value, Case)
    assert len(city.events("certificates.grant-given")) == given
    assert city.events("intake.consented")[-1] == {"grants": []}
