"""Elements and suites of births, enterprises and real estate: spellings, refusals, references."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.clock import FixedClock
from quality.errors import Code
from quality.model import Column, Reading
from quality.service import Standards

DAY = date(2026, 3, 2)
STANDARDS = Standards.load(clock=FixedClock(datetime(2026, 3, 2, 1, 0, tzinfo=UTC)))
HIM, HER = "410199199001010011", "410199199001010046"
FIRM = "91410100MA0TE0237E"
UNIT = "410105001002GB00233F00010013"


@pytest.mark.parametrize(
    ("element", "raw", "standard"),
    [
        ("birth_certificate_number", " v410000001　", "V410000001"),
        ("birth_certificate_number", "Ｖ４１０ ０００ ００１", "V410000001"),
        ("estate_unit_number", UNIT.lower(), UNIT),
        ("estate_unit_number", "410105 001002 GB00233 F00010013", UNIT),
        ("estate_unit_number", "410105001002-GB00233-F00010013", UNIT),
        (
            "estate_certificate_number",
            "豫(2024)郑州市不动产权第 0012345 号",
            "豫（2024）郑州市不动产权第0012345号",
        ),
        ("date_time", "2026-01-02 03:04:05", "2026-01-02T03:04:05"),
        ("date_time", "2026-01-02T03:04:05+08:00", "2026-01-02T03:04:05"),
        ("date_time", "2026/1/2 3:04", "2026-01-02T03:04:00"),
        ("date_time", "20260102030405", "2026-01-02T03:04:05"),
        ("date_time", "202601020304", "2026-01-02T03:04:00"),
        ("date_time", "2026年1月2日3时4分", "2026-01-02T03:04:00"),
        ("date_time", "2026年1月2日 3时4分5秒", "2026-01-02T03:04:05"),
        ("capital", "50", "50.000000"),
        ("capital", "1,234.5万元", "1234.500000"),
        ("capital", "500000元", "50.000000"),
        ("capital", "5元", "0.000500"),
        ("capital", "1.2亿元", "12000.000000"),
        ("capital", "１００万元人民币", "100.000000"),
        ("capital", "0.10", "0.100000"),
        ("area", "89.5㎡", "89.50"),
        ("area", "1,089.52 平方米", "1089.52"),
        ("area", "1.5公顷", "15000.00"),
        ("birth_weight", "3250", "3250"),
        ("birth_weight", "3.25kg", "3250"),
        ("birth_weight", "3250克", "3250"),
        ("organisation_name", "示例市测试(集团)有限 公司", "示例市测试（集团）有限公司"),
        ("organisation_name", "Demo Trading Co., Ltd.", "Demo Trading Co., Ltd."),
        ("party_names", "测试甲；测试乙", "测试甲、测试乙"),
        ("party_names", "测试甲,测试乙、", "测试甲、测试乙"),
        ("party_names", "Demo Co., Ltd.;测试乙", "Demo Co., Ltd.、测试乙"),
        ("party_names", "示例(甲)公司\n测试乙", "示例（甲）公司、测试乙"),
        ("party_codes", f"{HIM} / {HER.lower()}", f"{HIM}、{HER}"),
        ("party_codes", f"{HIM},{FIRM.lower()}；", f"{HIM}、{FIRM}"),
        ("enterprise_type", "有限责任公司（自然人独资）", "1151"),
        ("enterprise_status", "存续", "1"),
        ("owner_kind", "自然人", "1"),
        ("estate_sharing", "共同共有", "1"),
        ("estate_right", "国有建设用地使用权/房屋所有权", "4"),
        ("estate_use", "成套住宅", "11"),
        *(
            (element, blank, "")
            for element in ("party_names", "party_codes")
            for blank in ("", "、")
        ),
        *((element, None, "") for element in ("capital", "date_time", "party_codes", "area")),
    ],
)
def test_a_value_is_read_in_the_spellings_of_departments(
    element: str, raw: str | None, standard: str
) -> None:
    assert STANDARDS.read(element, raw) == Reading(standard)


@pytest.mark.parametrize(
    ("element", "raw", "rule"),
    [
        *(
            ("birth_certificate_number", raw, Code.NUMBER_FORMAT)
            for raw in ("V41000000", "4V", "无")
        ),
        *(
            ("estate_unit_number", raw, Code.NUMBER_FORMAT)
            for raw in (UNIT[:27], UNIT + "0", UNIT.replace("G", "Q"), "测" * 28)
        ),
        ("estate_unit_number", "419999" + UNIT[6:], Code.UNIT_DIVISION),
        ("estate_certificate_number", "豫2024郑州市不动产权第0012345号", Code.NUMBER_FORMAT),
        ("estate_certificate_number", "豫（2024）郑州市不动产权第12号", Code.NUMBER_FORMAT),
        ("date_time", "2026-01-02", Code.DATE_FORMAT),
        ("date_time", "2026-01-02T03:04:05Z", Code.DATE_FORMAT),
        ("date_time", "2026-02-30 03:04:05", Code.DATE_IMPOSSIBLE),
        ("date_time", "2026-01-02 25:04", Code.DATE_IMPOSSIBLE),
        ("date_time", "2026-03-03 00:00", Code.DATE_FUTURE),
        ("date_time", "1799-12-31 00:00", Code.DATE_EARLY),
        ("capital", "五十万", Code.AMOUNT_FORMAT),
        ("capital", "-5", Code.AMOUNT_FORMAT),
        ("capital", "1,23", Code.AMOUNT_FORMAT),
        ("capital", "50万美元", Code.AMOUNT_FORMAT),
        ("capital", "0.0000001", Code.AMOUNT_FORMAT),
        ("capital", "1e9", Code.AMOUNT_FORMAT),
        ("capital", "9" * 40, Code.AMOUNT_FORMAT),
        ("capital", "100000001", Code.AMOUNT_RANGE),
        ("area", "0", Code.AMOUNT_RANGE),
        ("area", "89.123", Code.AMOUNT_FORMAT),
        ("birth_weight", "3.25", Code.AMOUNT_FORMAT),
        ("birth_weight", "32", Code.AMOUNT_RANGE),
        ("birth_weight", "9000", Code.AMOUNT_RANGE),
        *(
            ("organisation_name", raw, Code.NAME_FORMAT)
            for raw in ("甲", "12345", "公司\ufffd", "?" * 5)
        ),
        ("party_names", "测试甲、?", Code.NAME_FORMAT),
        ("party_codes", f"{HIM}、{HER[:17]}9", Code.ID_CHECK),
        ("party_codes", f"{HIM}、{FIRM[:17]}0", Code.CREDIT_CHECK),
        ("party_codes", f"{HIM}、{HIM}", Code.LIST_REPEATED),
        ("party_codes", f"{HIM}、123", Code.ID_FORMAT),
        ("estate_use", "77", Code.CODE_UNKNOWN),
    ],
)
def test_a_wrong_value_names_what_is_wrong(element: str, raw: str, rule: Code) -> None:
    assert STANDARDS.read(element, raw).rule == rule


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["party_names", "party_codes", "capital", "area", "birth_weight", "date_time"]),
    st.lists(st.none() | st.text(max_size=24), max_size=6),
)
def test_any_text_is_read_once_and_reading_it_again_changes_nothing(
    element: str, raw: list[str | None]
) -> None:
    reader = STANDARDS.reader(element)
    context = STANDARDS.context().of(Column("v", "v", element), reader.element)
    once = reader.normalise(pl.Series("v", raw, dtype=pl.String), context)
    assert len(once) == len(raw)
    fine = pl.Series(reader.judge(once, context) == 0)
    assert reader.normalise(once, context).filter(fine).to_list() == once.filter(fine).to_list()


class City:
    """Stands for the current versions of other resources."""

    def __init__(self, known: dict[str, set[str]]) -> None:
        self.known = known

    def has(self, resource: str, column: str, values: Collection[str]) -> set[str] | None:
        found = self.known.get(f"{resource}.{column}")
        return None if found is None else found & set(values)


ROWS: dict[str, dict[str, str | None]] = {
    "births": {
        "certificate_no": "V410000001",
        "child_name": "测试宝",
        "sex": "1",
        "birth_time": "2026-02-01 08:30",
        "weight": "3250",
        "place": "郑州市示例路1号",
        "mother_name": "测试乙",
        "mother_id": HER,
        "father_name": None,
        "father_id": None,
        "institution": "示例市助产机构",
        "issue_date": "2026-02-01",
    },
    "enterprises": {
        "credit_code": FIRM,
        "name": "示例市测试有限公司",
        "type": "1100",
        "legal_representative": "测试甲",
        "capital": "50",
        "address": "郑州市示例路1号",
        "scope": None,
        "status": "1",
        "established": "2020-01-01",
        "authority": "示例市市场监督管理局",
    },
    "real-estate": {
        "certificate_no": "豫（2024）郑州市不动产权第0012345号",
        "unit_number": UNIT,
        "owner_names": "测试甲、测试乙",
        "owner_codes": f"{HIM}、{HER}",
        "owner_kind": "1",
        "sharing": "1",
        "location": "郑州市示例路1号",
        "right_type": "4",
        "right_nature": "出让/市场化商品房",
        "use": "11",
        "area": "89.5",
        "term_end": "2094-01-01",
        "register_date": "2024-05-01",
        "registry": "示例市自然资源和规划局",
    },
}


def frame(suite: str, *changes: dict[str, str | None]) -> pl.DataFrame:
    rows = [ROWS[suite] | change for change in changes or ({},)]
    table = pl.DataFrame(rows, schema=dict.fromkeys(ROWS[suite], pl.String))
    return table.with_columns(
        pl.int_range(2, 2 + table.height).alias("_row"), pl.lit("f").alias("_file")
    )


def findings(suite: str, *changes: dict[str, str | None]) -> set[tuple[str, str]]:
    block = STANDARDS.check_block(frame(suite, *changes), STANDARDS.suite(suite), on=DAY)
    return set(block.findings.select("rule", "column").rows())


@pytest.mark.parametrize("suite", list(ROWS))
def test_a_sound_row_has_no_finding(suite: str) -> None:
    assert findings(suite) == set()


@pytest.mark.parametrize(
    ("suite", "change", "found"),
    [
        ("births", {"mother_id": None}, {("required", "mother_id")}),
        ("births", {"mother_id": HIM}, {("mother-is-female", "mother_id")}),
        ("births", {"father_id": HER}, {("father-is-male", "father_id")}),
        ("births", {"issue_date": "2026-01-31"}, {("issued-after-birth", "issue_date")}),
        ("enterprises", {"capital": None}, {("capital-of-companies", "capital")}),
        ("enterprises", {"capital": None, "type": "9500"}, set()),
        ("enterprises", {"credit_code": FIRM[:17] + "0"}, {(Code.CREDIT_CHECK, "credit_code")}),
        ("real-estate", {"owner_codes": None}, {("required", "owner_codes")}),
        ("real-estate", {"unit_number": UNIT[:20]}, {(Code.NUMBER_FORMAT, "unit_number")}),
    ],
)
def test_a_wrong_row_is_found(
    suite: str, change: dict[str, str | None], found: set[tuple[str, str]]
) -> None:
    assert findings(suite, change) == found


def test_one_credit_code_with_two_names_keeps_the_first() -> None:
    suite = STANDARDS.suite("enterprises")
    block = STANDARDS.check_block(
        frame("enterprises", {}, {"name": "示例市虚构有限公司"}), suite, on=DAY
    )
    found = STANDARDS.check_dataset(block.good.lazy(), suite)
    assert found.select("row", "rule", "column").rows() == [(3, "duplicate", "credit_code")]


def warned(suite: str, city: City, *changes: dict[str, str | None]) -> dict[str, int]:
    rules = STANDARDS.suite(suite)
    block = STANDARDS.check_block(frame(suite, *changes), rules, on=DAY)
    assert block.bad.is_empty()
    counts = STANDARDS.dataset_counts(block.good.lazy(), rules, city)
    return {f"{count.rule}": count.bad for count in counts if count.rule != "duplicate"}


def test_each_of_several_owners_must_be_in_the_register_of_their_kind() -> None:
    city = City({"population.id_number": {HIM}, "enterprises.credit_code": {FIRM}})
    number = "豫（2024）郑州市不动产权第001234{}号"
    rows: list[dict[str, str | None]] = [
        {"certificate_no": number.format(0), "owner_names": "测试甲", "owner_codes": HIM},
        {"certificate_no": number.format(1)},
        {
            "certificate_no": number.format(2),
            "owner_names": "示例市测试有限公司",
            "owner_codes": FIRM,
            "owner_kind": "2",
        },
    ]
    assert warned("real-estate", city, *rows) == {
        "owner-in-population": 1,
        "owner-in-enterprises": 0,
    }
    only = City({"population.id_number": {HIM, HER}})
    assert warned("real-estate", only, *rows) == {"owner-in-population": 0}


def test_a_mother_from_elsewhere_is_counted_and_published() -> None:
    city = City({"population.id_number": {HIM}})
    assert warned("births", city, {"father_id": HIM}) == {
        "mother-in-population": 1,
        "father-in-population": 0,
    }
