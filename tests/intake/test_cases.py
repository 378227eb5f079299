from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from certificates.grants import Grants
from certificates.guardianship import PopulationGuardianship
from certificates.issue import Issuer
from certificates.model import CertificateStatus
from certificates.register import Register
from certificates.register_model import Certificate
from certificates.requests import Requests
from certificates.store import METADATA as CERTIFICATES
from certificates.subjects import holder_ref
from intake import journeys
from intake.cases import Cases
from intake.desk import Desk
from intake.model import Case, CaseState, Gap, Opening, Report, StepState, WayKind
from intake.store import METADATA as INTAKE
from kernel.actors import Actor, ActorKind, Reach, system
from kernel.clock import FixedClock
from kernel.errors import Refused, load_messages
from kernel.ids import CaseId
from storage.database import Database
from tests.certificates.doubles import (
    BABY,
    FATHER,
    MOTHER,
    UNCLE,
    Bench,
    make_bench,
    person,
    the_matters,
    the_types,
)

WINDOW = "11410100MB0TE0011Q"
POLICE = "11410100MB0TE0038G"
INSURANCE = "11410100MB0TE0070U"
CLERK = Actor(
    "staff:7",
    ActorKind.STAFF,
    org=WINDOW,
    window="zwfw-01",
    rights={
        "certificates.request": Reach.ALL,
        "intake.open": Reach.ORG,
        "intake.read": Reach.ORG,
        "intake.fulfil": Reach.ORG,
    },
)
OFFICER = Actor("staff:9", ActorKind.STAFF, org=POLICE, rights={"intake.fulfil": Reach.ORG})
OFFICE = system("issue", "410100", ("certificates.issue", "certificates.revoke"))
BIRTH = "birth-registration"
TYPED = {"relation_to_head": "子", "guardian_phone": "100-0000"}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


@cache
def the_journeys() -> journeys.Journeybook:
    return journeys.load(the_matters(), the_types())


class City:
    def __init__(self, bench: Bench, database: Database) -> None:
        self.bench = bench
        self.database = database
        tools = bench.tools
        book = the_matters()
        guardianship = PopulationGuardianship(tools.source)
        self.issuer = Issuer(tools)
        self.register = Register(tools)
        self.cases = Cases(
            Desk(
                transactions=tools.transactions,
                objects=tools.objects,
                vault=tools.vault,
                clock=tools.clock,
                journeys=the_journeys(),
                matters=book,
                source=tools.source,
                guardianship=guardianship,
                fetch=Requests(tools, book, frozenset({"111"})),
                consents=Grants(tools, book, guardianship),
                division="410100",
            )
        )

    def issue(self) -> tuple[Certificate, Certificate]:
        one = self.issuer.issue(OFFICE, "household-register", "H0001").value
        two = self.issuer.issue(OFFICE, "marriage", "J410199-2020-000001").value
        assert isinstance(one, Certificate)
        assert isinstance(two, Certificate)
        return one, two

    def person(self, code: str) -> Actor:
        rights = {"certificates.grant": Reach.SELF, "intake.read": Reach.SELF}
        ref = holder_ref(self.bench.tools.vault, "111", code)
        return Actor(f"holder:{ref[:8]}", ActorKind.HOLDER, rights=rights, holder=ref)

    def opened(self, applicant: str = MOTHER) -> Case:
        return case(self.cases.open(CLERK, Opening("newborn", BABY, applicant)).value)

    def events(self, kind: str) -> list[dict[str, Any]]:
        rows = self.database.transactions.read(lambda tx: self.database.journal.after(tx, 0, 9999))
        return [json.loads(row.body)["data"] for row in rows if row.kind == kind]


@pytest.fixture
def city(make_database: Any, objects: Any, vault: Any, clock: FixedClock, tmp_path: Path) -> City:
    database = make_database(CERTIFICATES, INTAKE)
    return City(make_bench(database.transactions, objects, vault, clock, tmp_path), database)


def case(answer: object) -> Case:
    assert isinstance(answer, Case), answer
    return answer


def code(answer: object) -> str:
    assert isinstance(answer, Refused), answer
    return answer.code


def ways(found: Case) -> dict[str, WayKind | None]:
    return {f"{item.step}/{item.code}": item.way for item in found.materials}


def test_a_newborn_is_registered_and_insured_without_any_paper(
    city: City, clock: FixedClock
) -> None:
    city.issue()
    opened = city.opened()
    case(city.cases.consent(city.person(MOTHER), opened.id).value)
    met = case(city.cases.meet(CLERK, opened.id).value)
    assert ways(met) == {
        "birth-registration/parents-marriage": WayKind.CERTIFICATE,
        "birth-registration/household-register": WayKind.CERTIFICATE,
        "birth-registration/parents-identity": WayKind.DATA,
        "birth-registration/birth-record": WayKind.DATA,
        "medical-insurance/newborn-household": None,
        "medical-insurance/guardian-identity": WayKind.DATA,
    }
    gaps = city.cases.gaps(CLERK, opened.id)
    assert [(gap.step, gap.item) for gap in gaps] == [  # type: ignore[union-attr] # no refusal
        (BIRTH, "relation_to_head"),
        (BIRTH, "guardian_phone"),
    ], "everything at once, and nothing that comes by itself"
    case(city.cases.fill(CLERK, opened.id, BIRTH, TYPED).value)
    assert city.cases.gaps(CLERK, opened.id) == ()
    case(city.cases.submit(CLERK, opened.id, BIRTH).value)
    clock.advance(days=1)
    case(city.cases.conclude(OFFICER, opened.id, BIRTH, granted=True, result_no="HJ-1").value)
    again = case(city.cases.meet(CLERK, opened.id).value)
    assert again.material("medical-insurance", "newborn-household").way is WayKind.CHAINED  # type: ignore[union-attr] # it exists
    case(city.cases.submit(CLERK, opened.id, "medical-insurance").value)
    insurer = replace(OFFICER, org=INSURANCE)
    done = city.cases.conclude(
        insurer, opened.id, "medical-insurance", granted=True, result_no="Y1"
    )
    assert case(done.value).state is CaseState.DONE
    report = city.cases.report(CLERK, opened.id)
    assert isinstance(report, Report)
    assert len(report.saved) == 6
    assert (report.brought, report.promised, report.open) == ((), (), ())
    assert report.typed == 2
    assert report.prefilled == 14
    served = city.events("certificates.request-served")
    assert [(item["type"], item["basis"]) for item in served] == [
        ("marriage", "consent"),
        ("household-register", "household-regulation-7"),
    ]
    assert {item["case"] for item in served} == {opened.id}
    assert len(city.events("intake.data-checked")) == 3


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
    changed = city.cases.fill(CLERK, opened.id, BIRTH, {"child_name": "别名"}).value
    assert code(changed) == "field-prefilled"


def test_without_consent_the_data_answers_where_it_can(city: City) -> None:
    city.issue()
    opened = city.opened()
    met = case(city.cases.meet(CLERK, opened.id).value)
    record = met.material(BIRTH, "parents-marriage")
    assert record is not None
    assert record.way is WayKind.DATA
    assert record.tried == ((WayKind.CERTIFICATE, "consent-needed"),)
    assert record.values["register_date"] == "2020-05-20"


def test_a_grandfathers_household_needs_no_consent_of_the_guardian(city: City) -> None:
    city.issue()
    opened = city.opened()
    offers = city.cases.offers(city.person(MOTHER), opened.id)
    assert not isinstance(offers, Refused)
    assert list(offers) == ["birth-registration/parents-marriage"]


def test_missing_certificates_and_data_fall_back_to_promise_and_upload(city: City) -> None:
    city.bench.source.rows["marriage"].clear()
    opened = city.opened()
    place: dict[str, Any] = {"step": BIRTH, "material": "parents-marriage"}
    early = city.cases.promise(CLERK, opened.id, **place, accepted=True).value
    assert code(early) == "automatic-first"
    met = case(city.cases.meet(CLERK, opened.id).value)
    record = met.material(BIRTH, "parents-marriage")
    assert record is not None
    assert record.tried == (
        (WayKind.CERTIFICATE, "consent-needed"),
        (WayKind.DATA, "no-record"),
    )
    gaps = city.cases.gaps(CLERK, opened.id)
    first = Gap(
        "material-open",
        BIRTH,
        "parents-marriage",
        (WayKind.PROMISE, WayKind.UPLOAD),
        "consent-needed",
    )
    assert not isinstance(gaps, Refused)
    assert gaps[0] == first
    declined = city.cases.promise(CLERK, opened.id, **place, accepted=False).value
    assert code(declined) == "promise-declined"
    promised = case(city.cases.promise(CLERK, opened.id, **place, accepted=True).value)
    record = promised.material(BIRTH, "parents-marriage")
    assert record is not None
    assert record.due_at is not None
    assert (record.due_at - opened.opened_at).days == 15
    twice = city.cases.promise(CLERK, opened.id, **place, accepted=True).value
    assert code(twice) == "material-met"
    report = city.cases.report(CLERK, opened.id)
    assert isinstance(report, Report)
    assert report.promised == ("birth-registration/parents-marriage",)


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
    opened = city.opened()
    city.cases.meet(CLERK, opened.id)
    before = sum(path.is_file() for path in (tmp_path / "objects").rglob("*"))
    done = city.cases.upload(
        CLERK, opened.id, step=BIRTH, material="parents-marriage", media=media, data=data
    )
    assert code(done.value) == expected
    assert sum(path.is_file() for path in (tmp_path / "objects").rglob("*")) == before
    assert city.events("intake.upload-refused") == [{"code": expected}]


def test_an_upload_is_kept_and_counts_as_brought(city: City) -> None:
    city.bench.source.rows["marriage"].clear()
    opened = city.opened()
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
    assert list(agreed.grants) == ["birth-registration/parents-marriage"]


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
    assert record.tried[0] == (WayKind.CERTIFICATE, "certificate-revoked")
    other = met.material(BIRTH, "household-register")
    assert other is not None
    assert other.way is WayKind.DATA
    assert other.tried[0] == (WayKind.CERTIFICATE, "certificate-suspended")


def test_a_certificate_of_other_people_does_not_count(city: City) -> None:
    rows = city.bench.source.rows
    rows["marriage"][0]["male_id"] = UNCLE
    city.issue()
    opened = city.opened()
    city.cases.consent(city.person(MOTHER), opened.id)
    met = case(city.cases.meet(CLERK, opened.id).value)
    record = met.material(BIRTH, "parents-marriage")
    assert record is not None
    assert record.tried[0] == (WayKind.CERTIFICATE, "values-differ")


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
    opened = city.opened()
    assert code(city.cases.fill(CLERK, opened.id, BIRTH, values).value) == expected


def test_steps_keep_their_order(city: City) -> None:
    city.issue()
    opened = city.opened()
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
    numberless = verbs.conclude(OFFICER, opened.id, BIRTH, granted=True, result_no=" ").value
    assert code(numberless) == "result-missing"
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
    assert len(city.events("certificates.request-served")) == 2
    assert len(city.events("certificates.request-repeated")) == 2


def test_every_code_a_gap_or_a_try_names_has_a_text(city: City) -> None:
    texts = {**load_messages("intake"), **load_messages("certificates")}
    city.bench.source.rows["marriage"].clear()
    opened = city.opened()
    met = case(city.cases.meet(CLERK, opened.id).value)
    named = {reason for item in met.materials for _, reason in item.tried}
    gaps = city.cases.gaps(CLERK, opened.id)
    assert not isinstance(gaps, Refused)
    named |= {gap.code for gap in gaps}
    assert named <= set(texts)


def test_a_single_guardian_opens_a_case_too(city: City) -> None:
    rows = city.bench.source.rows["population"]
    rows[-1] |= {"guardian1_id": MOTHER, "guardian2_id": ""}
    rows.append(person("41019919850203004X", "测试戊"))
    opened = city.opened()
    assert {item.name for item in opened.parties} == {"child", "guardian", "head"}
    met = case(city.cases.meet(CLERK, opened.id).value)
    assert ways(met)["birth-registration/parents-identity"] is WayKind.DATA
