"""Great Expectations against the bulk engine, in one warm child for the whole module."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from examples.world.model import Plan
from examples.world.people import make
from quality.engine.block import standard_frame
from quality.gates import GateJob, GateResult, Outcome, evaluate, start
from quality.gx.oracle import ORACLES, Facts
from quality.model import RuleCount
from quality.service import Standards
from tests.quality.test_department_elements import frame as department_rows

DAY = date(2026, 3, 2)
STANDARDS = Standards.load()
POPULATION, MARRIAGE = STANDARDS.suite("population"), STANDARDS.suite("marriage")
ID = "410199199001010011"
WRONG: dict[str, list[str | None]] = {
    "id_number": [
        *(None, "410199199001010012", "41019919900101", "410199199001011328"),
        *("410199199002300013", "419999199001010015", "41019919900101001X"),
    ],
    "name": [None, "测试?", "测试\ue000", "·测"],
    "sex": [None, "3", "2", "1"],
    "birth_date": [None, "2024-02-30", "2030-01-01", "1700-01-01", "昨天", "1990-01-02"],
    "nation": [None, "57"],
    "division": [None, "410112", "419999"],
    "address": [None, "1号"],
    "household_number": [None, "12"],
    "relation": ["00", None],
    "marital_status": ["99", None],
    "guardian1_id": [ID, "410199199001010012", None],
    "guardian2_id": [ID],
    "registration": [None, "0", "7"],
}


def people() -> pl.DataFrame:
    """500 sound residents, then one row per wrong value, then two doubles."""
    plan = Plan(500, "410100", 3, DAY)
    base = next(iter(make(plan).batches(500))).people.select(POPULATION.names)
    rows = [base]
    place = 0
    for column, values in WRONG.items():
        for value in values:
            place += 1
            row = base[place : place + 1]
            rows.append(row.with_columns(pl.lit(value, pl.String).alias(column)))
    rows.append(base[:2])
    frame = pl.concat(rows)
    return frame.with_columns(
        pl.int_range(2, 2 + frame.height).alias("_row"), pl.lit("f.csv").alias("_file")
    )


@pytest.fixture(scope="module")
def socket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("gx") / "gx.socket"
    child = start(path)
    for _ in range(600):
        if path.exists():
            break
        try:
            child.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
        pytest.fail(f"the child ended with {child.returncode}")
    yield path
    child.kill()
    child.wait()


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    return people()


@pytest.fixture(scope="module")
def counts(frame: pl.DataFrame) -> tuple[RuleCount, ...]:
    return STANDARDS.check_block(frame, POPULATION, on=DAY).counts


@pytest.fixture(scope="module")
def docs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("docs") / "v1"


@pytest.fixture(scope="module")
def answer(
    socket: Path, frame: pl.DataFrame, counts: tuple[RuleCount, ...], docs: Path
) -> GateResult:
    docs.parent.mkdir(exist_ok=True)
    part = docs.parent / "part.parquet"
    standard_frame(frame, POPULATION, STANDARDS, DAY).write_parquet(part)
    job = GateJob("population", "v1", counts, (str(part),), DAY.isoformat(), str(docs))
    return evaluate(job, socket)


def test_both_engines_count_the_same_bad_rows(
    answer: GateResult, counts: tuple[RuleCount, ...], frame: pl.DataFrame
) -> None:
    assert answer.outcome is Outcome.FAILED
    assert answer.sampled == frame.height
    bulk = {f"{count.rule}:{count.column}": count.bad for count in counts}
    theirs = dict(answer.sample)
    doubled = theirs.pop("duplicate:id_number")
    assert theirs == bulk
    assert sum(bulk.values()) >= sum(len(values) for values in WRONG.values()) - 8
    ids = standard_frame(frame, POPULATION, STANDARDS, DAY)["id_number"].drop_nulls()
    assert doubled == ids.is_duplicated().sum(), "the library counts all members of a group"


def test_rules_over_their_threshold_fail_the_gate(
    answer: GateResult, counts: tuple[RuleCount, ...]
) -> None:
    over = {f"{count.rule}:{count.column}" for count in counts if count.rate > count.threshold}
    assert over <= set(answer.failed)


def test_a_sound_version_passes_and_a_sample_is_bounded(
    socket: Path, frame: pl.DataFrame, tmp_path: Path
) -> None:
    block = STANDARDS.check_block(frame[:500], POPULATION, on=DAY)
    part = tmp_path / "part.parquet"
    block.good.write_parquet(part)
    job = GateJob("population", "v1", block.counts, (str(part),), DAY.isoformat())
    whole = evaluate(job, socket)
    assert (whole.outcome, whole.failed, whole.sampled) == (Outcome.PASSED, (), 500)
    some = evaluate(replace(job, sample_rows=50), socket)
    assert some.outcome is Outcome.PASSED
    assert 10 <= some.sampled <= 50


def test_marriage_rules_agree_too(socket: Path, tmp_path: Path) -> None:
    row = {
        "certificate_no": "J410105-2024-000001",
        "register_date": "2024-05-01",
        "male_name": "测试甲",
        "male_id": ID,
        "female_name": "测试乙",
        "female_id": "410199199001010046",
        "office": "示例婚姻登记处",
    }
    changes: list[dict[str, str | None]] = [
        {},
        {"certificate_no": "X"},
        {"male_id": row["female_id"]},
        {"female_id": ID},
        {"register_date": "2011-12-31"},
        {"register_date": "2009-12-31"},
        {"female_id": None, "female_name": None},
        {"office": "\ufffd"},
    ]
    frame = pl.DataFrame([{**row, **change} for change in changes]).with_columns(
        pl.int_range(5, 5 + len(changes)).alias("_row"), pl.lit("m.xlsx").alias("_file")
    )
    part = tmp_path / "m.parquet"
    standard_frame(frame, MARRIAGE, STANDARDS, DAY).write_parquet(part)
    counts = STANDARDS.check_block(frame, MARRIAGE, on=DAY).counts
    result = evaluate(GateJob("marriage", "v", counts, (str(part),), DAY.isoformat()), socket)
    bulk = {f"{count.rule}:{count.column}": count.bad for count in counts}
    assert {key: value for key, value in result.sample.items() if key in bulk} == bulk
    assert bulk["husband-of-age:male_id"] == 2
    assert bulk["wife-of-age:female_id"] == 1


def test_a_warning_in_a_published_row_does_not_refuse_the_version(
    socket: Path, tmp_path: Path
) -> None:
    row = {
        "certificate_no": "J410105-2011-000001",
        "register_date": "2011-12-31",
        "male_name": "测试甲",
        "male_id": ID,
        "female_name": "测试乙",
        "female_id": "410199199001010046",
        "office": "示例婚姻登记处",
    }
    frame = pl.DataFrame([row]).with_columns(
        pl.lit(5).alias("_row"), pl.lit("m.xlsx").alias("_file")
    )
    block = STANDARDS.check_block(frame, MARRIAGE, on=DAY)
    part = tmp_path / "m.parquet"
    block.good.write_parquet(part)
    many = tuple(replace(count, rows=1000) for count in block.counts)
    job = GateJob("marriage", "v", many, (str(part),), DAY.isoformat())
    result = evaluate(job, socket)
    assert (result.outcome, result.failed) == (Outcome.PASSED, ())
    assert result.sample["husband-of-age:male_id"] == 1
    often = evaluate(replace(job, counts=block.counts), socket)
    assert (often.outcome, often.failed) == (Outcome.FAILED, ("husband-of-age:male_id",))


def test_data_docs_show_no_personal_value_and_need_no_network(
    answer: GateResult, docs: Path, frame: pl.DataFrame
) -> None:
    assert answer.outcome is Outcome.FAILED
    pages = {path.name: path.read_text("utf-8") for path in docs.glob("*.html")}
    assert set(pages) == {"index.html", "summary.html", "sample.html"}
    text = "".join(pages.values())
    for column in ("id_number", "name", "address", "guardian1_id", "household_number"):
        values = {value for value in frame[column].drop_nulls() if len(value) > 2}
        assert not {value for value in values if value in text}, column
    assert "http://" not in text
    assert "https://" not in text
    assert "<script" not in text
    assert "41＊＊" in text, "values are shown, covered"
    assert "公民身份号码 · id-check-digit" in text


def test_a_broken_job_is_an_error_and_the_child_lives_on(
    socket: Path, counts: tuple[RuleCount, ...], tmp_path: Path
) -> None:
    missing = GateJob("population", "v", counts, (str(tmp_path / "no.parquet"),))
    assert evaluate(missing, socket).outcome is Outcome.ERROR
    garbage = tmp_path / "garbage.parquet"
    garbage.write_bytes(b"not parquet")
    assert evaluate(replace(missing, parts=(str(garbage),)), socket).outcome is Outcome.ERROR
    assert evaluate(replace(missing, suite="nothing"), socket).outcome is Outcome.ERROR
    assert evaluate(replace(missing, parts=()), socket).outcome in Outcome


def test_the_oracle_agrees_with_the_elements_value_by_value() -> None:
    facts = Facts(DAY, STANDARDS.code_table("division"))
    values = {
        "citizen_id": [value for value in WRONG["id_number"] if value] + [ID, "1.5E+17"],
        "credit_code": ["11410100MB0TE0038G", "11410100MB0TE0038H", "1", "I" * 18],
        "date": [value for value in WRONG["birth_date"] if value],
        "person_name": ["测试", "𬬭", "A B", "A.", ".A", "测·试", "测·", "〇", "José", "1", "—"],
    }
    for element, some in values.items():
        for value in some:
            reading = STANDARDS.read(element, value, on=DAY)
            assert ORACLES[element](value, facts) == reading.rule, (element, value)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        (
            "births",
            (
                {"mother_id": None},
                {"mother_id": ID},
                {"issue_date": "2026-01-31"},
                {"birth_time": "2026-02-30 01:00"},
                {"weight": "3.2"},
            ),
        ),
        (
            "enterprises",
            ({"capital": None}, {"credit_code": "91410100MA0TE02370"}, {"status": "8"}),
        ),
        (
            "real-estate",
            ({"owner_codes": f"{ID}、{ID}"}, {"unit_number": "41"}, {"area": "0"}),
        ),
    ],
)
def test_rules_of_the_further_departments_agree_too(
    socket: Path, tmp_path: Path, name: str, changes: tuple[dict[str, str | None], ...]
) -> None:
    suite = STANDARDS.suite(name)
    rows = department_rows(name, {}, *changes)
    counts = STANDARDS.check_block(rows, suite, on=DAY).counts
    part = tmp_path / "part.parquet"
    standard_frame(rows, suite, STANDARDS, DAY).write_parquet(part)
    answer = evaluate(GateJob(name, "v1", counts, (str(part),), DAY.isoformat()), socket)
    theirs = {rule: bad for rule, bad in answer.sample.items() if not rule.startswith("duplicate:")}
    assert theirs == {f"{count.rule}:{count.column}": count.bad for count in counts}
    assert sum(theirs.values()) >= len(changes)
