from __future__ import annotations

import json
from datetime import date

import polars as pl
import pytest

from kernel.errors import TongbanError
from quality.engine.block import FINDINGS
from quality.model import RuleCount, add_counts
from quality.service import Standards

DAY = date(2026, 3, 2)
STANDARDS = Standards.load()
HIM, HER = "410199199001010011", "410199199001010046"


def marriages(**columns: list[str | None]) -> pl.DataFrame:
    count = max((len(values) for values in columns.values()), default=1)
    base: dict[str, list[str | None]] = {
        "certificate_no": [f"J410105-2024-{n:06d}" for n in range(count)],
        "register_date": ["2024-05-01"] * count,
        "male_name": ["测试甲"] * count,
        "male_id": [HIM] * count,
        "female_name": ["测试乙"] * count,
        "female_id": [HER] * count,
        "office": ["示例婚姻登记处"] * count,
    }
    frame = pl.DataFrame({**base, **columns}, schema=dict.fromkeys(base, pl.String))
    return frame.with_columns(
        pl.int_range(5, 5 + count).alias("_row"), pl.lit("a.xlsx").alias("_file")
    )


def findings(frame: pl.DataFrame) -> set[tuple[int, str, str, str]]:
    found = STANDARDS.check_block(frame, STANDARDS.suite("marriage"), on=DAY).findings
    return set(found.select("row", "rule", "column", "value").rows())


def test_good_rows_come_back_in_standard_form_with_their_position() -> None:
    frame = marriages(register_date=["2024年5月1日", "45413"], male_name=["　测试甲", "测试甲"])
    block = STANDARDS.check_block(frame, STANDARDS.suite("marriage"), on=DAY)
    assert block.good["register_date"].to_list() == ["2024-05-01", "2024-05-01"]
    assert block.good["_row"].to_list() == [5, 6]
    assert block.good["_file"].to_list() == ["a.xlsx"] * 2
    assert block.bad.is_empty()
    assert block.findings.is_empty()


def test_a_row_with_two_findings_is_quarantined_once_and_raw() -> None:
    frame = marriages(female_name=[None, "测试乙"], female_id=["  ", HER], male_name=["　甲", "乙"])
    block = STANDARDS.check_block(frame, STANDARDS.suite("marriage"), on=DAY)
    assert findings(frame) == {
        (5, "required", "female_name", ""),
        (5, "required", "female_id", "  "),
    }
    assert block.bad.height == 1
    raw = json.loads(block.bad["raw"][0])
    assert raw["male_name"] == "　甲"
    assert raw["female_name"] is None
    assert block.good.height + block.bad.height == frame.height


def test_one_mistake_in_an_id_is_one_finding() -> None:
    frame = marriages(male_id=[HIM[:17] + "9"])
    assert findings(frame) == {(5, "id-check-digit", "male_id", HIM[:17] + "9")}


def test_rules_between_columns_speak_where_both_values_are_sound() -> None:
    frame = marriages(male_id=[HER, HIM], female_id=[HER, HIM])
    assert findings(frame) == {
        (5, "husband-is-male", "male_id", HER),
        (6, "wife-is-female", "female_id", HIM),
    }


def test_a_warning_counts_and_does_not_quarantine() -> None:
    frame = marriages(register_date=["2011-12-31", "2012-01-01"])
    block = STANDARDS.check_block(frame, STANDARDS.suite("marriage"), on=DAY)
    assert block.bad.is_empty()
    bad = {(count.rule, count.bad) for count in block.counts if count.bad}
    assert bad == {("husband-of-age", 1)}


def test_population_rules_compare_sex_birth_date_and_guardians() -> None:
    columns = {
        "id_number": [HIM, HIM, HER, HER, HIM],
        "name": ["测试甲"] * 5,
        "sex": ["1", "2", "2", "女", "1"],
        "birth_date": ["1990-01-01", "1990-01-01", "1990-01-02", "19900101", "1990/1/1"],
        "nation": ["01"] * 5,
        "division": ["410105", "410105", "410105", "410121", "410112"],
        "address": ["郑州市金水区示例路1号"] * 5,
        "household_number": ["410100000001"] * 5,
        "relation": ["02"] * 5,
        "registration": ["1", "1", "1", "0", "1"],
        "_row": [2, 3, 4, 5, 6],
        "_file": ["p.csv"] * 5,
    }
    block = STANDARDS.check_block(pl.DataFrame(columns), STANDARDS.suite("population"), on=DAY)
    assert set(block.findings.select("row", "rule", "column").rows()) == {
        (3, "sex-matches-id", "sex"),
        (4, "birth-date-matches-id", "birth_date"),
        (5, "guardian-for-newborn", "guardian1_id"),
        (6, "code-abolished", "division"),
    }
    assert block.good["guardian1_id"].to_list() == [None]


def test_an_abolished_division_with_one_successor_is_replaced_where_the_suite_says_so() -> None:
    suite = STANDARDS.suite("population")
    assert suite.column("division").successor
    reader = STANDARDS.reader("division")
    own = STANDARDS.context(DAY).of(suite.column("division"), reader.element)
    old = pl.Series("division", ["410121", "410381", "411123", "410112"])
    assert reader.normalise(old, own).to_list() == ["410182", "410307", "411123", "410112"]


def test_an_empty_block_has_all_columns_and_counts_of_zero() -> None:
    block = STANDARDS.check_block(marriages().head(0), STANDARDS.suite("marriage"))
    assert block.good.is_empty()
    assert block.findings.schema == FINDINGS
    assert block.good.columns == [*STANDARDS.suite("marriage").names, "_row", "_file"]
    assert all(count.rows == count.bad == 0 for count in block.counts)


def test_columns_of_other_types_are_read_as_text() -> None:
    frame = marriages(office=["1"]).with_columns(
        pl.Series("register_date", [date(2024, 5, 1)]),
        pl.Series("male_id", [4.1019919900101e17]),
        pl.Series("female_id", [int(HER)]),
        pl.lit(7).alias("office"),
    )
    block = STANDARDS.check_block(frame, STANDARDS.suite("marriage"), on=DAY)
    assert set(block.findings.select("rule", "column").rows()) == {("id-float-damage", "male_id")}


def test_a_missing_column_is_refused_when_required_and_empty_when_not() -> None:
    with pytest.raises(TongbanError) as refused:
        STANDARDS.check_block(marriages().drop("male_id", "_file"), STANDARDS.suite("marriage"))
    assert refused.value.code == "column-missing"
    assert refused.value.params["columns"] == "male_id、_file"


def test_counts_of_blocks_add_up() -> None:
    suite = STANDARDS.suite("marriage")
    frame = marriages(female_name=[None, "测试乙", "??"])
    whole = STANDARDS.check_block(frame, suite, on=DAY).counts
    parts = [STANDARDS.check_block(frame[n : n + 1], suite, on=DAY).counts for n in range(3)]
    assert add_counts(*parts) == whole
    assert {(count.rule, round(count.rate, 3)) for count in whole if count.bad} == {
        ("required", 0.333),
        ("name-format", 0.333),
    }


class Known:
    def __init__(self, values: set[str] | None) -> None:
        self.values = values

    def has(self, resource: str, column: str, values: object) -> set[str] | None:
        assert (resource, column) == ("population", "id_number")
        return self.values


def test_the_first_of_doubled_keys_is_kept_across_files_and_blocks() -> None:
    suite = STANDARDS.suite("marriage")
    twice = marriages(certificate_no=["J410105-2024-000001", "J410105-2024-000001", None, None])
    later = twice.with_columns(pl.lit("b.xlsx").alias("_file"))
    parts = pl.concat([later.lazy(), twice.lazy()])
    found = STANDARDS.check_dataset(parts, suite)
    assert found.select("file", "row", "rule", "column").rows() == [
        ("a.xlsx", 6, "duplicate", "certificate_no"),
        ("b.xlsx", 5, "duplicate", "certificate_no"),
        ("b.xlsx", 6, "duplicate", "certificate_no"),
    ]


def test_references_warn_and_are_skipped_without_a_published_version() -> None:
    suite = STANDARDS.suite("marriage")
    parts = marriages(certificate_no=["J410105-2024-000001", "J410105-2024-000002"]).lazy()
    assert STANDARDS.check_dataset(parts, suite, Known({HIM})).is_empty()

    def bad(counts: tuple[RuleCount, ...]) -> dict[str, int]:
        return {count.rule: count.bad for count in counts}

    assert bad(STANDARDS.dataset_counts(parts, suite, Known({HIM}))) == {
        "husband-in-population": 0,
        "wife-in-population": 2,
        "duplicate": 0,
    }
    assert bad(STANDARDS.dataset_counts(parts, suite, Known(None))) == {"duplicate": 0}
    assert bad(STANDARDS.dataset_counts(parts, suite)) == {"duplicate": 0}
