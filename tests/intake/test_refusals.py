from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from certificates.model import CertificateStatus
from intake.model import CaseState, Opening, StepState, WayKind
from kernel.errors import Refused
from kernel.ids import CaseId
from tests.certificates.doubles import BABY, FATHER, MOTHER, UNCLE
from tests.intake.rig import (
    BIRTH,
    CLERK,
    INSURANCE,
    OFFICE,
    OFFICER,
    PNG,
    POLICE,
    TYPED,
    City,
    case,
    code,
    officer,
)


@pytest.mark.parametrize(
    ("media", "data", "expected"),
    [
        ("image/png", b"", "upload-empty"),
        ("image/png", b"%PDF-1.7", "upload-type"),
        ("image/gif", b"GIF89a", "upload-type"),
        ("application/pdf", PNG, "upload-type"),
        ("image/png", PNG + bytes(10485760), "upload-too-large"),
    ],
)
def test_a_bad_upload_is_refused_and_nothing_is_kept(
    city: City, tmp_path: Path, media: str, data: bytes, expected: str
) -> None:
    city.bench.source.rows["marriage"].clear()
    opened = city.born()
    city.cases.meet(CLERK, opened.id)
    before = sum(path.is_file() for path in (tmp_path / "objects").rglob("*"))
    done = city.cases.upload(
        CLERK, opened.id, step=BIRTH, material="parents-marriage", media=media, data=data
    )
    assert code(done.value) == expected
    assert sum(path.is_file() for path in (tmp_path / "objects").rglob("*")) == before
    assert city.events("intake.upload-refused") == [{"code": expected}]


@pytest.mark.parametrize(
    ("opening", "expected"),
    [
        (Opening("funeral", BABY, MOTHER), "journey-unknown"),
        (Opening("newborn", "41019920260201999X", MOTHER), "subject-not-found"),
        (Opening("newborn", "", MOTHER), "subject-not-found"),
        (Opening("newborn", BABY, "nobody"), "subject-not-found"),
        (Opening("newborn", BABY, UNCLE), "applicant-not-guardian"),
        (Opening("newborn", UNCLE, UNCLE), "applicant-not-guardian"),
    ],
)
def test_a_case_is_opened_only_for_a_child_and_its_guardian(
    city: City, opening: Opening, expected: str
) -> None:
    assert code(city.cases.open(CLERK, opening).value) == expected
    assert city.events("intake.open-refused") == [{"code": expected}]


def test_a_child_already_registered_or_doubled_in_the_data_is_refused(city: City) -> None:
    rows = city.bench.source.rows["population"]
    rows[-1]["registration"] = "1"
    refused = city.cases.open(CLERK, Opening("newborn", BABY, MOTHER)).value
    assert refused == Refused("entry-condition", {"field": "registration"})
    rows[-1]["registration"] = "0"
    rows.append(dict(rows[-1]))
    assert code(city.cases.open(CLERK, Opening("newborn", BABY, MOTHER)).value) == (
        "subject-ambiguous"
    )


def test_the_same_child_gets_its_open_case_again(city: City) -> None:
    first = city.opened()
    assert city.opened().id == first.id
    elsewhere = city.cases.open(replace(CLERK, org=POLICE), Opening("newborn", BABY, MOTHER))
    assert code(elsewhere.value) == "entry-condition"


def test_only_the_applicant_consents(city: City) -> None:
    city.issue()
    opened = city.opened()
    for actor in (city.person(FATHER), city.person(UNCLE), CLERK):
        assert code(city.cases.consent(actor, opened.id).value) == "case-unknown"
    assert len(city.events("intake.consent-refused")) == 3
    agreed = case(city.cases.consent(city.person(MOTHER), opened.id).value)
    assert list(agreed.grants) == [
        "birth-certificate/parents-marriage",
        "birth-registration/parents-marriage",
    ]


def test_a_revoked_certificate_does_not_count(city: City) -> None:
    household, wedding = city.issue()
    city.register.change(OFFICE, wedding.id, CertificateStatus.REVOKED, "issued-in-error")
    city.register.change(OFFICE, household.id, CertificateStatus.SUSPENDED, "investigation")
    city.bench.source.rows["marriage"].clear()
    opened = city.opened()
    city.cases.consent(city.person(MOTHER), opened.id)
    met = case(city.cases.meet(CLERK, opened.id).value)
    record = met.material(BIRTH, "parents-marriage")
    assert record is not None
    assert record.tried[0].code == "certificate-revoked"
    other = met.material(BIRTH, "household-register")
    assert other is not None
    assert other.way is WayKind.DATA
    assert other.tried[0].code == "certificate-suspended"


def test_a_certificate_of_other_people_does_not_count(city: City) -> None:
    rows = city.bench.source.rows
    rows["marriage"][0]["male_id"] = UNCLE
    city.issue()
    opened = city.opened()
    city.cases.consent(city.person(MOTHER), opened.id)
    met = case(city.cases.meet(CLERK, opened.id).value)
    record = met.material(BIRTH, "parents-marriage")
    assert record is not None
    assert record.tried[0].code == "values-differ"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"nickname": "x"}, "field-unknown"),
        ({"guardian_phone": "call me"}, "field-invalid"),
        ({"guardian_phone": ""}, "field-invalid"),
        ({"relation_to_head": "子" * 21}, "field-invalid"),
        ({"relation_to_head": "子\x00"}, "field-invalid"),
    ],
)
def test_bad_typing_is_refused(city: City, values: dict[str, str], expected: str) -> None:
    opened = city.born()
    assert code(city.cases.fill(CLERK, opened.id, BIRTH, values).value) == expected


def test_steps_keep_their_order(city: City) -> None:
    city.issue()
    opened = city.born()
    assert opened.step("medical-insurance").state is StepState.WAITING  # type: ignore[union-attr] # it exists
    verbs = city.cases
    assert code(verbs.submit(CLERK, opened.id, BIRTH).value) == "gaps-open"
    assert code(verbs.submit(CLERK, opened.id, "medical-insurance").value) == "step-not-ready"
    assert code(verbs.submit(CLERK, opened.id, "naming").value) == "step-unknown"
    early = verbs.conclude(OFFICER, opened.id, BIRTH, granted=True, result_no="1").value
    assert code(early) == "step-not-ready"
    city.cases.meet(CLERK, opened.id)
    city.cases.fill(CLERK, opened.id, BIRTH, TYPED)
    case(verbs.submit(CLERK, opened.id, BIRTH).value)
    assert code(verbs.submit(CLERK, opened.id, BIRTH).value) == "step-not-ready"
    assert code(verbs.fill(CLERK, opened.id, BIRTH, TYPED).value) == "step-not-ready"
    nurse = officer("vaccination-record")
    case(verbs.submit(CLERK, opened.id, "vaccination-record").value)
    numberless = verbs.conclude(nurse, opened.id, "vaccination-record", granted=True, result_no=" ")
    assert code(numberless.value) == "result-missing"
    own = verbs.conclude(CLERK, opened.id, BIRTH, granted=True, result_no="1").value
    assert code(own) == "not-permitted"
    lost = case(verbs.conclude(OFFICER, opened.id, BIRTH, granted=False).value)
    assert lost.state is CaseState.REJECTED
    assert code(verbs.meet(CLERK, opened.id).value) == "case-closed"


def test_strangers_may_do_nothing(city: City) -> None:
    opened = city.opened()
    stranger = replace(CLERK, org=INSURANCE)
    nobody = replace(CLERK, rights={})
    for actor in (stranger, nobody):
        verbs = city.cases
        place: dict[str, Any] = {"step": BIRTH, "material": "parents-marriage"}
        assert code(verbs.read(actor, opened.id)) == "case-unknown"
        assert code(verbs.meet(actor, opened.id).value) == "case-unknown"
        assert code(verbs.fill(actor, opened.id, BIRTH, TYPED).value) == "case-unknown"
        assert code(verbs.submit(actor, opened.id, BIRTH).value) == "case-unknown"
        assert code(verbs.gaps(actor, opened.id)) == "case-unknown"
        assert code(verbs.report(actor, opened.id)) == "case-unknown"
        assert code(verbs.offers(actor, opened.id)) == "case-unknown"
        promised = verbs.promise(actor, opened.id, **place, accepted=True).value
        assert code(promised) == "case-unknown"
        loaded = verbs.upload(actor, opened.id, **place, media="image/png", data=PNG).value
        assert code(loaded) == "case-unknown"
    assert code(city.cases.open(nobody, Opening("newborn", BABY, MOTHER)).value) == "not-permitted"
    assert code(city.cases.list(nobody)) == "not-permitted"
    assert city.cases.list(stranger) == ()
    assert code(city.cases.read(CLERK, CaseId("case-0"))) == "case-unknown"
