from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from certificates import matters, typebook
from certificates.matters import Matterbook, between_regions
from certificates.matters import read as read_matter
from certificates.requests_model import CertificateAsk
from certificates.typebook import Typebook
from intake import journeys
from kernel.errors import Refused, TongbanError
from kernel.registry import Member
from tests.certificates.doubles import MOTHER, the_matters
from tests.intake.rig import CLERK, City

ROOT = Path(__file__).resolve().parents[2]
NEWBORN = (ROOT / "intake" / "journeys" / "newborn.toml").read_text("utf-8")
SCHOOL = (ROOT / "certificates" / "matters" / "school-enrolment.toml").read_text("utf-8")


@pytest.fixture(scope="module")
def types() -> Typebook:
    return typebook.load()


@pytest.fixture(scope="module")
def book(types: Typebook) -> Matterbook:
    return matters.load(types)


def member(text: str, name: str = "newborn") -> Member:
    data = text.encode()
    return Member(name, "overlay", data, hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ('kind = "subject"', 'kind = "applicant"', "exactly one"),
        ('matter = "birth-registration"', 'matter = "fishing"', "no matter fishing"),
        ('after = ["birth-registration"]', 'after = ["naming"]', "no earlier step naming"),
        ('step = "birth-registration"', 'step = "medical-insurance"', "no earlier step"),
        ('holders = ["head"]', 'holders = ["uncle"]', "no party uncle"),
        ('of = ["other.id_number"]', 'of = ["pet.id_number"]', "no party pet"),
        ('type = "marriage"', 'type = "passport"', "does not use passport"),
        ('"female_id", "register_date"]', '"blood_group"]', "blood_group not needed"),
        ('basis = ["consent"]', 'basis = ["because"]', "no basis because"),
        (
            'basis = ["consent", "household-regulation-7"]',
            'basis = ["household-regulation-7", "consent"]',
            "consent comes before",
        ),
        ('regions = ["guardian"]', "regions = []", "belong together"),
        ('regions = ["guardian"]', 'regions = ["uncle"]', "no party uncle"),
        ('abroad = ["cross-region-35"]', 'abroad = ["consent"]', "between regions"),
        ('when = "other"', 'when = "uncle"', "no party uncle"),
        ('{ "guardian.household_number" =', '{ "uncle.household_number" =', "no party uncle"),
        ('issues = "birth-certificate"', 'issues = "marriage"', "does not issue marriage"),
        ('issues = "birth-certificate"', 'issues = "passport"', "does not issue passport"),
        ('key = "child.household_number"', 'key = "pet.number"', "no source pet"),
        ('["child.id_number"] }', '["pet.id_number"] }', "no party pet"),
        ('basis = ["vaccine-47"]', "basis = []", "on a legal basis"),
        ('type = "birth-certificate"', 'type = "marriage"', "does not end with marriage"),
        ("[former]", "[formerly]", "unknown"),
        ('purpose = "newborn-registration"', 'purpose = "curiosity"', "no purpose curiosity"),
        ('sources = ["child.name"]', 'sources = ["pet.name"]', "no source pet.name"),
        ('kind = "chained"', 'kind = "magic"', "one of certificate"),
        ("days = 15", 'days = "soon"', "days"),
        ('title_en = "A child is born"', 'title_xx = "?"', "unknown"),
        ("[[parties]]", "[[parties", "newborn"),
    ],
)
def test_a_mistaken_journey_does_not_load(
    book: Matterbook, types: Typebook, before: str, after: str, reason: str
) -> None:
    assert before in NEWBORN
    with pytest.raises(TongbanError, match="journey-invalid") as caught:
        journeys.read(member(NEWBORN.replace(before, after, 1)), book, types)
    assert reason in str(caught.value)


def test_a_hub_lays_its_own_journey_over_the_default(
    tmp_path: Path, book: Matterbook, types: Typebook
) -> None:
    folder = tmp_path / "registry" / "intake" / "journeys"
    folder.mkdir(parents=True)
    (folder / "newborn.toml").write_text(NEWBORN.replace("新生儿出生一件事", "出生一件事"))
    found = journeys.load(book, types, tmp_path)
    assert found.journeys["newborn"].title == "出生一件事"
    assert found.digest != journeys.load(book, types).digest


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ('type = "household-register"', 'type = "passport"', "no certificate type passport"),
        ('"members"]', '"pets"]', "no field pets"),
        ('"address", "members"]', '"address"]', "a copy shows the whole face"),
        ('basis = ["consent", ', 'basis = ["because", ', "no basis because"),
        ("retention_days = 180", "retention_days = 0", "at least one day"),
        ('title = "核验适龄儿童入学资格"', f'title = "{"核" * 201}"', "at most 200"),
        ('formats = ["data", "ofd", "pdf"]', 'formats = ["docx"]', "one of"),
        ("synthetic = true", "", "synthetic"),
        ('basis = ["consent", ', 'abroad = ["consent"]\nbasis = ["consent", ', "counts by basis"),
    ],
)
def test_a_mistaken_matter_does_not_load(
    types: Typebook, before: str, after: str, reason: str
) -> None:
    assert before in SCHOOL
    with pytest.raises(TongbanError, match="matter-invalid") as caught:
        read_matter(member(SCHOOL.replace(before, after, 1), "school-enrolment"), types)
    assert reason in str(caught.value)


def test_a_matter_is_found_by_name_and_by_its_code(book: Matterbook) -> None:
    found = book.get("school-enrolment")
    assert found is not None
    assert book.get(found.code) == found
    assert book.get("fishing") is None


def test_a_ground_between_regions_opens_nothing_at_home(city: City) -> None:
    city.issue()
    ask = CertificateAsk(
        idempotency_key="k1",
        matter="birth-registration",
        case_no="case-1",
        purpose="newborn-registration",
        type="marriage",
        basis="cross-region-35",
        fields=("register_date",),
        holder_code=MOTHER,
    )
    answer = city.line.own.fetch(CLERK, ask).value
    assert isinstance(answer, Refused)
    assert answer.code == "basis-not-registered"
    need = the_matters().matters["birth-registration"].need("marriage")
    wider = between_regions(the_matters()).matters["birth-registration"].need("marriage")
    assert need is not None
    assert wider is not None
    assert need.basis == ("consent",)
    assert wider.basis == ("consent", "cross-region-35")
