from __future__ import annotations

import csv
from datetime import UTC, date, datetime
from importlib import resources

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.clock import FixedClock
from quality.errors import Code
from quality.model import Reading
from quality.service import Standards

STANDARDS = Standards.load(clock=FixedClock(datetime(2026, 3, 2, 1, 0, tzinfo=UTC)))
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def person(body: str) -> str:
    return body + "10X98765432"[sum(int(a) * w for a, w in zip(body, WEIGHTS, strict=True)) % 11]


def read(element: str, value: str | None) -> Reading:
    return STANDARDS.read(element, value)


WIDE = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")
FINE = person("41019919900101001")
WITH_X = next(
    found for n in range(1, 999) if (found := person(f"41019919900101{n:03d}")).endswith("X")
)


@pytest.mark.parametrize(
    ("raw", "standard"),
    [
        (FINE, FINE),
        (f" {FINE}　", FINE),
        (WITH_X.lower(), WITH_X),
        (WITH_X.translate(WIDE), WITH_X),
        (f"{FINE[:6]} {FINE[6:14]} {FINE[14:]}", FINE),
        (f"\ufeff{FINE}\u200b", FINE),
        (FINE[:6] + FINE[8:17], FINE),
        (FINE[:6] + FINE[8:17] + ".0", FINE),
        ("", ""),
        (None, ""),
        (" \t　", ""),
    ],
)
def test_a_citizen_id_is_read_in_every_known_spelling(raw: str | None, standard: str) -> None:
    assert read("citizen_id", raw) == Reading(standard)


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (FINE[:17] + ("1" if FINE[17] != "1" else "3"), Code.ID_CHECK),
        (FINE[:17], Code.ID_FORMAT),
        (FINE + "0", Code.ID_FORMAT),
        ("测" * 18, Code.ID_FORMAT),
        ("测" * 6, Code.ID_FORMAT),
        ("X" + FINE[1:], Code.ID_FORMAT),
        (FINE[:17] + "A", Code.ID_FORMAT),
        ("410199900101998", Code.ID_FORMAT),
        ("4.10199199001010E+17", Code.ID_FLOAT),
        ("410199199001011328", Code.ID_FLOAT),
        (person("41019919900230001"), Code.ID_DATE),
        (person("41019919901301001"), Code.ID_DATE),
        (person("41019900000101001"), Code.ID_DATE),
        (person("41019917990101001"), Code.ID_DATE),
        (person("41019920260303001"), Code.ID_FUTURE),
        (person("41999919900101001"), Code.ID_DIVISION),
        (person("00000019900101001"), Code.ID_DIVISION),
        (person("41011219900101001"), Code.ID_DIVISION),
        (person("41017120100101001"), Code.ID_DIVISION),
    ],
)
def test_a_wrong_citizen_id_names_what_is_wrong(raw: str, rule: Code) -> None:
    assert read("citizen_id", raw).rule == rule


@pytest.mark.parametrize(
    "body",
    [
        "41011219850101001",  # 郊区, abolished at the end of 1987
        "41032220000101001",  # 孟津县, abolished in 2021
        "41032220210101001",  # in the year of the change both codes stand
        "41030820210401001",
        "11010519900101001",  # a province whose counties the table does not list
        "81000019900101001",
        "83000019900101001",
        "91115619900101001",  # residence card of a foreigner in 11
        "41019920260302001",  # born today
        "41019919000101001",
    ],
)
def test_a_division_counts_as_of_the_birth_year(body: str) -> None:
    assert read("citizen_id", person(body)).ok


def test_a_code_is_refused_after_its_abolition_and_before_its_birth() -> None:
    assert read("citizen_id", person("41032220220101001")).rule == Code.ID_DIVISION
    assert read("citizen_id", person("41030820200101001")).rule == Code.ID_DIVISION


def test_synthetic_divisions_can_be_left_out() -> None:
    strict = Standards.load(synthetic=False)
    assert strict.read("citizen_id", FINE).rule == Code.ID_DIVISION
    assert strict.digest != STANDARDS.digest


CREDIT = [
    *("11410100MB0TE0038G", "11410100MB0TE010X4", "12410100MB0TE02225", "91410100MA0TE0237E"),
]


@pytest.mark.parametrize("code", CREDIT)
def test_a_credit_code_is_read(code: str) -> None:
    assert read("credit_code", code) == Reading(code)
    assert read("credit_code", f" {code[:8].lower()}-{code[8:].lower()}　") == Reading(code)


def test_every_department_of_the_registry_has_a_sound_credit_code() -> None:
    text = (resources.files("identity") / "orgs" / "departments.csv").read_text("utf-8")
    rows = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    column = next(name for name in rows[0] if rows[0][name].startswith("1141"))
    assert len(rows) > 20
    assert all(read("credit_code", row[column]).ok for row in rows)


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("11410100MB0TE0038H", Code.CREDIT_CHECK),
        ("11410100MB0TE0038", Code.CREDIT_FORMAT),
        ("11410100MB0TE0O38G", Code.CREDIT_FORMAT),
        ("1141O100MB0TE0038G", Code.CREDIT_FORMAT),
        ("统一社会信用代码统一社会信用代码统一", Code.CREDIT_FORMAT),
    ],
)
def test_a_wrong_credit_code_names_what_is_wrong(code: str, rule: Code) -> None:
    assert read("credit_code", code).rule == rule


def test_a_credit_code_holds_a_sound_organisation_code() -> None:
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    body = "11410100MB0TE0039"
    total = sum(alphabet.index(mark) * 3**place for place, mark in enumerate(body))
    assert read("credit_code", body + alphabet[-total % 31]).rule == Code.CREDIT_ORG


@pytest.mark.parametrize(
    "raw",
    [
        *("2024-01-02", "2024/1/2", "2024/01/02", "2024.1.2", "20240102", "2024年1月2日"),
        *("2024年01月02日", "２０２４年１月２日", " 2024-1-2 ", "2024-01-02 00:00:00", "45293"),
        *("45293.0", "45293.75", "2024-01-02T00:00:00", "2024 年 1 月 2 日", "2024年1月2号"),
    ],
)
def test_a_date_is_read_in_every_known_spelling(raw: str) -> None:
    assert read("date", raw) == Reading("2024-01-02")


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        ("2023-02-29", Code.DATE_IMPOSSIBLE),
        ("2023年2月30日", Code.DATE_IMPOSSIBLE),
        ("20231301", Code.DATE_IMPOSSIBLE),
        ("2023-00-10", Code.DATE_IMPOSSIBLE),
        ("2026-03-03", Code.DATE_FUTURE),
        ("20260303", Code.DATE_FUTURE),
        ("1799-12-31", Code.DATE_EARLY),
        ("24-01-02", Code.DATE_FORMAT),
        ("02/01/2024", Code.DATE_FORMAT),
        ("2024-01-02 13:45:00", Code.DATE_FORMAT),
        ("2024年1月", Code.DATE_FORMAT),
        ("2024", Code.DATE_FORMAT),
        ("+2024-01-02", Code.DATE_FORMAT),
        ("2024-01-02-", Code.DATE_FORMAT),
        ("昨天", Code.DATE_FORMAT),
        ("0", Code.DATE_FORMAT),
        ("-1", Code.DATE_FORMAT),
    ],
)
def test_a_wrong_date_names_what_is_wrong(raw: str, rule: Code) -> None:
    assert read("date", raw).rule == rule


@pytest.mark.parametrize(
    ("element", "raw", "standard"),
    [
        ("sex", "1", "1"),
        ("sex", "男", "1"),
        ("sex", "女性", "2"),
        ("sex", "２", "2"),
        ("sex", "1.0", "1"),
        ("sex", "m", "1"),
        ("nation", "1", "01"),
        ("nation", "01", "01"),
        ("nation", "1.0", "01"),
        ("nation", "汉", "01"),
        ("nation", "汉族", "01"),
        ("nation", "97", "97"),
        ("marital_status", "未婚", "10"),
        ("relation", "2", "02"),
        ("relation", "户主", "02"),
        ("registration_state", "待落户", "0"),
        ("division", "410105", "410105"),
        ("division", "金水区", "410105"),
        ("division", "410171", "410171"),
        ("person_name", " 测试　甲 ", "测试甲"),
        ("person_name", "示例•买买提", "示例·买买提"),
        ("person_name", "示例・艾力", "示例·艾力"),
        ("person_name", "测试𠮷", "测试𠮷"),
        ("person_name", "𬬭", "𬬭"),
        ("person_name", "测试〇", "测试〇"),
        ("person_name", "TEST  Person", "TEST Person"),
        ("person_name", "ＴＥＳＴ", "TEST"),
        ("person_name", "José O'Test-Ñandú", "José O'Test-Ñandú"),
        ("address", "郑州市　金水区示例路１２号Ａ座", "郑州市金水区示例路12号A座"),
        ("address", "郑州市示例路1号（院内）", "郑州市示例路1号（院内）"),
        ("household_number", " 4101 0000 0001 ", "410100000001"),
        ("household_number", "h00123a", "H00123A"),
        ("marriage_certificate_number", "j410105-2024-000123", "J410105-2024-000123"),
        ("marriage_certificate_number", "J410105—2024－000123", "J410105-2024-000123"),
        ("text", "  甲   乙 ", "甲 乙"),
    ],
)
def test_other_elements_are_brought_to_their_standard_form(
    element: str, raw: str, standard: str
) -> None:
    assert read(element, raw) == Reading(standard)


@pytest.mark.parametrize(
    ("element", "raw", "rule"),
    [
        ("sex", "3", Code.CODE_UNKNOWN),
        ("sex", "男女", Code.CODE_UNKNOWN),
        ("nation", "57", Code.CODE_UNKNOWN),
        ("nation", "00", Code.CODE_UNKNOWN),
        ("division", "410121", Code.CODE_ABOLISHED),
        ("division", "410112", Code.CODE_ABOLISHED),
        ("division", "419999", Code.CODE_UNKNOWN),
        ("division", "4101", Code.CODE_UNKNOWN),
        ("person_name", "测试?", Code.NAME_FORMAT),
        ("person_name", "测试\ue000", Code.NAME_FORMAT),
        ("person_name", "测试\ufffd", Code.NAME_FORMAT),
        ("person_name", "测试1", Code.NAME_FORMAT),
        ("person_name", "·测试", Code.NAME_FORMAT),
        ("person_name", "测试··甲", Code.NAME_FORMAT),
        ("person_name", "测" * 51, Code.NAME_FORMAT),
        ("address", "1号", Code.TEXT_FORMAT),
        ("address", "12345678", Code.TEXT_FORMAT),
        ("address", "郑州市\ufffd路1号", Code.TEXT_FORMAT),
        ("household_number", "123", Code.NUMBER_FORMAT),
        ("household_number", "户12345678", Code.NUMBER_FORMAT),
        ("marriage_certificate_number", "410105-2024-000123", Code.NUMBER_FORMAT),
        ("marriage_certificate_number", "J410105-1824-000123", Code.NUMBER_FORMAT),
        ("text", "甲" * 501, Code.TEXT_FORMAT),
    ],
)
def test_other_elements_name_what_is_wrong(element: str, raw: str, rule: Code) -> None:
    assert read(element, raw).rule == rule


@pytest.mark.parametrize("name", STANDARDS.elements)
def test_every_element_is_described_and_lives_with_empty_input(name: str) -> None:
    reader = STANDARDS.reader(name)
    element = reader.element
    assert element.code == name
    assert all((element.name, element.identifier, element.standard, element.definition))
    assert not element.table or element.table in STANDARDS.tables
    context = STANDARDS.context()
    for values in (pl.Series("v", [], dtype=pl.String), pl.Series("v", [None], dtype=pl.String)):
        from quality.model import Column

        own = context.of(Column("v", "", name), element)
        standard = reader.normalise(values, own)
        assert standard.to_list() == values.to_list()
        assert reader.judge(standard, own).tolist() == [0] * len(values)


@pytest.mark.parametrize("name", STANDARDS.elements)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_no_text_breaks_an_element_and_standard_form_is_stable(
    name: str, data: st.DataObject
) -> None:
    alphabet = st.characters(exclude_categories=("Cs",)) | st.sampled_from(
        "0123456789年月日男-Xx.　"
    )
    values = data.draw(st.lists(st.none() | st.text(alphabet, max_size=24), max_size=8))
    whole = [read(name, value) for value in values]
    assert all(read(name, found.value).value == found.value for found in whole)
    assert all(found.ok for found in whole if not found.value)


@settings(max_examples=40, deadline=None)
@given(
    st.dates(min_value=date(1900, 1, 1), max_value=date(2026, 3, 2)),
    st.integers(0, 995),
    st.integers(0, 17),
    st.sampled_from("0123456789X"),
)
def test_one_changed_digit_of_an_id_is_always_found(
    born: date, number: int, place: int, mark: str
) -> None:
    sound = person(f"410199{born:%Y%m%d}{number:03d}")
    assert read("citizen_id", sound).ok
    changed = sound[:place] + mark + sound[place + 1 :]
    assert changed == sound or not read("citizen_id", changed).ok
