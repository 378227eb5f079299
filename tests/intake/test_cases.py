from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from certificates.register_model import Certificate
from intake.model import CaseState, Gap, Report, StepState, WayKind
from kernel.clock import FixedClock
from kernel.errors import Refused, load_messages
from kernel.ids import CertificateId
from tests.certificates.doubles import BABY, MOTHER, UNCLE, person
from tests.intake.rig import (
    BIRTH,
    CLERK,
    PAPER,
    PNG,
    READER,
    TYPED,
    City,
    case,
    code,
    ways,
)


def test_a_newborn_gets_everything_and_no_paper_is_brought(city: City, clock: FixedClock) -> None:
    old, _ = city.issue()
    opened = city.opened()
    case(city.cases.consent(city.person(MOTHER), opened.id).value)
    met = case(city.cases.meet(CLERK, opened.id).value)
    assert ways(met) == {
        f"{PAPER}/guardian-identity": WayKind.DATA,
        f"{PAPER}/other-identity": WayKind.DATA,
        f"{PAPER}/parents-marriage": WayKind.CERTIFICATE,
        f"{PAPER}/delivery-record": WayKind.DATA,
        "vaccination-record/birth-certificate": None,
        f"{BIRTH}/birth-certificate": None,
        f"{BIRTH}/parents-marriage": WayKind.CERTIFICATE,
        f"{BIRTH}/household-register": WayKind.CERTIFICATE,
        f"{BIRTH}/guardian-identity": WayKind.DATA,
        f"{BIRTH}/other-identity": WayKind.DATA,
        "medical-insurance/newborn-household": None,
        "medical-insurance/guardian-identity": WayKind.DATA,
        "social-security-card/guardianship": None,
        "social-security-card/newborn-household": None,
        "birth-expenses/birth-certificate": None,
    }, "one household: no second book is asked for"
    gaps = city.cases.gaps(CLERK, opened.id)
    assert [(gap.step, gap.item) for gap in gaps] == [  # type: ignore[union-attr] # no refusal
        (BIRTH, "relation_to_head"),
        (BIRTH, "guardian_phone"),
        ("birth-expenses", "bank_account"),
    ], "everything at once, and nothing that comes by itself"
    clock.advance(days=1)
    waiting = city.walk(opened.id)
    step = waiting.step(BIRTH)
    assert step is not None
    assert (step.state, step.wait) == (StepState.GRANTED, "register-awaited")
    assert waiting.step("medical-insurance").state is StepState.WAITING  # type: ignore[union-attr] # it exists
    city.enter()
    done = city.walk(opened.id)
    assert done.state is CaseState.DONE
    report = city.cases.report(CLERK, opened.id)
    assert isinstance(report, Report)
    assert (report.brought, report.promised, report.open) == ((), (), ())
    assert len(report.saved) == len(done.materials) - 1, "the delivery record was never a paper"
    assert report.typed == 3
    made = {item.code: item for item in report.results}
    assert made[PAPER].result_no == "U090000001"
    book = city.register.get(READER, CertificateId(made[BIRTH].certificate))
    assert isinstance(book, Certificate)
    assert (book.version, book.supersedes, book.type) == (2, old.id, "household-register")
    assert done.material("medical-insurance", "newborn-household").certificate == book.id  # type: ignore[union-attr] # it exists
    served = city.events("certificates.request-served")
    assert {item["case"] for item in served} == {opened.id}
    assert {item["basis"] for item in served if item["type"] == "marriage"} == {"consent"}
    assert sum(item["type"] == "birth-certificate" for item in served) == 4
    assert sum(item["type"] == "household-register" for item in served) == 3


def test_days_and_ways_are_reckoned_against_the_former_figures(
    city: City, clock: FixedClock
) -> None:
    city.issue()
    opened = city.opened()
    city.cases.consent(city.person(MOTHER), opened.id)
    city.cases.meet(CLERK, opened.id)
    clock.advance(days=1)
    city.enter()
    city.walk(opened.id)
    report = city.cases.report(CLERK, opened.id)
    assert isinstance(report, Report)
    spared = report.spared
    assert spared is not None
    assert (spared.former_days, spared.former_visits) == (61, 7)
    assert (spared.days, spared.visits) == (1, 1)
    assert (spared.days_saved, spared.visits_saved) == (60, 6)
    assert spared.example, "figures nobody verified say so"


def test_the_form_is_filled_from_certificates_and_data(city: City) -> None:
    city.issue()
    opened = city.opened()
    city.cases.consent(city.person(MOTHER), opened.id)
    met = case(city.cases.meet(CLERK, opened.id).value)
    values = {item.name: (item.value, item.origin) for item in met.fields if item.step == BIRTH}
    assert values["child_name"] == ("测试丙", "child.name")
    assert values["marriage_date"] == (
        "2020-05-20",
        "material:birth-registration/parents-marriage.register_date",
    )
    assert values["address"][1] == "material:birth-registration/household-register.address"
    changed = city.cases.fill(CLERK, opened.id, PAPER, {"child_name": "别名"}).value
    assert code(changed) == "field-prefilled"


def test_without_consent_the_data_answers_where_it_can(city: City) -> None:
    city.issue()
    opened = city.opened()
    met = case(city.cases.meet(CLERK, opened.id).value)
    record = met.material(BIRTH, "parents-marriage")
    assert record is not None
    assert record.way is WayKind.DATA
    assert [(item.way, item.code) for item in record.tried] == [
        (WayKind.CERTIFICATE, "consent-needed")
    ]
    assert record.values["register_date"] == "2020-05-20"


def test_a_grandfathers_household_needs_no_consent_of_the_guardian(city: City) -> None:
    city.issue()
    opened = city.opened()
    offers = city.cases.offers(city.person(MOTHER), opened.id)
    assert not isinstance(offers, Refused)
    assert {item.type for item in offers.values()} == {"marriage"}


def test_missing_certificates_and_data_fall_back_to_promise_and_upload(city: City) -> None:
    city.bench.source.rows["marriage"].clear()
    opened = city.opened()
    place: dict[str, Any] = {"step": PAPER, "material": "parents-marriage"}
    early = city.cases.promise(CLERK, opened.id, **place, accepted=True).value
    assert code(early) == "automatic-first"
    met = case(city.cases.meet(CLERK, opened.id).value)
    record = met.material(PAPER, "parents-marriage")
    assert record is not None
    assert [(item.way, item.code) for item in record.tried] == [
        (WayKind.CERTIFICATE, "consent-needed"),
        (WayKind.DATA, "no-record"),
    ]
    gaps = city.cases.gaps(CLERK, opened.id)
    first = Gap(
        "material-open",
        PAPER,
        "parents-marriage",
        (WayKind.PROMISE, WayKind.UPLOAD),
        "consent-needed",
    )
    assert not isinstance(gaps, Refused)
    assert gaps[0] == first
    declined = city.cases.promise(CLERK, opened.id, **place, accepted=False).value
    assert code(declined) == "promise-declined"
    promised = case(city.cases.promise(CLERK, opened.id, **place, accepted=True).value)
    record = promised.material(PAPER, "parents-marriage")
    assert record is not None
    assert record.due_at is not None
    assert (record.due_at - opened.opened_at).days == 15
    twice = city.cases.promise(CLERK, opened.id, **place, accepted=True).value
    assert code(twice) == "material-met"
    report = city.cases.report(CLERK, opened.id)
    assert isinstance(report, Report)
    assert report.promised == ("birth-certificate/parents-marriage",)


def test_an_upload_is_kept_and_counts_as_brought(city: City) -> None:
    city.bench.source.rows["marriage"].clear()
    opened = city.born()
    city.cases.meet(CLERK, opened.id)
    done = city.cases.upload(
        CLERK, opened.id, step=BIRTH, material="parents-marriage", media="image/png", data=PNG
    )
    record = case(done.value).material(BIRTH, "parents-marriage")
    assert record is not None
    assert record.digest is not None
    assert city.bench.tools.objects.get(record.digest) == PNG
    report = city.cases.report(CLERK, opened.id)
    assert isinstance(report, Report)
    assert report.brought == ("birth-registration/parents-marriage",)


def test_a_guardian_reads_the_case_and_others_do_not(city: City) -> None:
    opened = city.opened()
    assert case(city.cases.read(city.person(MOTHER), opened.id)).id == opened.id
    assert code(city.cases.read(city.person(UNCLE), opened.id)) == "case-unknown"
    mine = city.cases.list(city.person(MOTHER))
    assert [item.id for item in mine] == [opened.id]  # type: ignore[union-attr] # no refusal
    assert city.cases.list(city.person(UNCLE)) == ()
    windows = city.cases.list(CLERK)
    assert [item.id for item in windows] == [opened.id]  # type: ignore[union-attr] # no refusal


def test_no_personal_value_lies_open_in_the_database(city: City, tmp_path: Path) -> None:
    city.issue()
    opened = city.opened()
    city.cases.consent(city.person(MOTHER), opened.id)
    city.cases.meet(CLERK, opened.id)
    city.cases.fill(CLERK, opened.id, BIRTH, TYPED)
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("hub.db*"))
    for value in (BABY, MOTHER, "测试丙", "测试路", TYPED["guardian_phone"]):
        assert value.encode() not in stored


def test_a_meeting_cut_short_repeats_its_request_and_uses_the_grant_once(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    city.issue()
    opened = city.opened()
    city.cases.consent(city.person(MOTHER), opened.id)
    with monkeypatch.context() as patched:
        patched.setattr("intake.store.save_material", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            city.cases.meet(CLERK, opened.id)
    met = case(city.cases.meet(CLERK, opened.id).value)
    assert ways(met)["birth-registration/parents-marriage"] is WayKind.CERTIFICATE
    assert len(city.events("certificates.request-served")) == 3
    assert len(city.events("certificates.request-repeated")) == 3


def test_every_code_a_gap_or_a_try_names_has_a_text(city: City) -> None:
    texts = {**load_messages("intake"), **load_messages("certificates")}
    city.bench.source.rows["marriage"].clear()
    opened = city.opened()
    met = case(city.cases.meet(CLERK, opened.id).value)
    named = {reason.code for item in met.materials for reason in item.tried}
    gaps = city.cases.gaps(CLERK, opened.id)
    assert not isinstance(gaps, Refused)
    named |= {gap.code for gap in gaps}
    assert named <= set(texts)


def test_a_single_guardian_opens_a_case_too(city: City) -> None:
    rows = city.bench.source.rows["population"]
    rows[-1] |= {"guardian1_id": MOTHER, "guardian2_id": ""}
    rows.append(person("41019919850203004X", "测试戊"))
    opened = city.opened()
    assert {item.name for item in opened.parties} == {"child", "guardian", "head", "guardian-head"}
    met = case(city.cases.meet(CLERK, opened.id).value)
    assert ways(met)["birth-registration/guardian-identity"] is WayKind.DATA
    assert "birth-registration/other-identity" not in ways(met), "nobody asks for who is not there"
