from __future__ import annotations

from pathlib import Path

import pytest

from catalog import guide, sources
from kernel.errors import TongbanError
from tests.catalog.rig import SOURCE

TEXT = SOURCE.format(connector="csv")


def lay(home: Path, name: str, text: str) -> None:
    folder = home / "registry" / "catalog" / "sources"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.toml").write_text(text, "utf-8")


def faults(text: str, name: str = "roll-source") -> str:
    with pytest.raises(TongbanError) as caught:
        sources.parse(name, text.encode())
    assert caught.value.code == "source-invalid"
    return caught.value.params["problems"]


def test_a_source_reads_as_written() -> None:
    source = sources.parse("roll-source", TEXT.encode())
    assert source.columns == {"编号": "code", "姓名": "name", "性别": "sex"}
    assert source.about.provider_code == source.org
    assert [item.name for item in source.items] == ["编号", "姓名", "性别"]
    assert source.items[1].sensitive


def test_all_faults_of_a_file_are_told_at_once() -> None:
    text = (
        TEXT.replace('separator = "|"', 'separator = "||"')
        .replace('share_condition = "办理登记事项"\n', "")
        .replace('key = ["code"]', 'key = ["nothing"]')
        .replace('pub_date = "2026-01-05"', 'pub_date = "5.1.2026"')
    )
    told = faults(text)
    for part in ("separator", "share_condition", "key names", "pub_date"):
        assert part in told


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('code = "307001/000001"', 'code = "97/1"', "about.code"),
        ('share_type = "2"', 'share_type = "5"', "share_type"),
        ('share_type = "2"', 'share_type = "3"\nunknown = 1', ""),
        ('type = "C"\nlength = 18', 'type = "Z"', "items.code.type"),
        ('"性别" = "sex"', '"性别" = "name"', "mapped twice"),
        ('pattern = "*.csv"', 'pattern = "../*.csv"', "without folders"),
        ('open_flag = "0"', 'open_flag = "1"', "open_condition"),
        ("[items.sex]", "[items.other]", "items.sex is missing"),
        ('title = "测试名册交换"', "", "title is required"),
        ("[delivery]", "[delivery]\nformat = 3", "delivery.format"),
        ('connector = "csv"', 'connector = "fax"', "connector must be one of csv"),
        ('org = "11410100MB0TE0038G"', 'org = "x"', "credit code"),
        ("[delivery]", "[delivery]\noptional = 3", "delivery.optional must be a list"),
        ("[delivery]", '[delivery]\noptional = "性别"', "delivery.optional must be a list"),
        ("[delivery]", "[delivery]\noptional = [[]]", "delivery.optional must be a list"),
        ("[delivery]", '[delivery]\noptional = ["民族"]', "unmapped title 民族"),
        ("[delivery]", '[delivery]\noptional = ["性别"]', ""),
        ("[rhythm]", "[rhythm]\nafter = 3", "rhythm.after must be a list"),
        ("[rhythm]", '[rhythm]\nafter = "roll"', "rhythm.after must be a list"),
        ("[delivery]", '[delivery]\nencoding = "big5"', "delivery.encoding must be one of"),
        ("[delivery]", "[delivery]\nheader_rows = 0", "delivery.header_rows"),
        ("[delivery]", '[delivery]\nblock_mib = "1"', "delivery.block_mib"),
        ('"性别" = "sex"', '"性别" = "Sex!"', "Sex! is no column name"),
        ('key = ["code"]', 'key = "code"', "key must list"),
        ('resource = "roll"', 'resource = "Roll/x"', "resource must be"),
        ('type = "C"\nlength = 1\n', "length = -1\n", "items.sex.length"),
        ('title = "测试名册交换"', 'title = "测试名册交换"\ncolour = 1', "unknown entry colour"),
        ('org = "11410100MB0TE0038G"', 'org = "11410100MB0TE010X4"\n', ""),
    ],
)
def test_a_faulty_entry_is_named(old: str, new: str, told: str) -> None:
    assert old in TEXT
    if not told:
        sources.parse("roll-source", TEXT.replace(old, new).encode())
        return
    assert told in faults(TEXT.replace(old, new))


@pytest.mark.parametrize("table", ["delivery", "columns", "rhythm", "about", "items"])
def test_a_value_in_the_place_of_a_table_is_told(table: str) -> None:
    head = TEXT.split("[delivery]")[0]
    assert f"[{table}] must be a table" in faults(f"{table} = 1\n{head}")


@pytest.mark.parametrize(
    "line", ["daily", "@day", "0 1 * *", "60 1 * * *", "0 24 * * *", "0 1 0 * *", "0 1 * 13 *", "0 1 * * 8", "0 1 * * */0", "a b c d e", "0 1 * * *;"]
)  # fmt: skip
def test_a_schedule_that_no_clock_understands_is_told(line: str) -> None:
    assert "rhythm.schedule" in faults(TEXT.replace("@daily", line))
    assert "rhythm.schedule" in faults(TEXT.replace('"@daily"', "5"))


@pytest.mark.parametrize(
    "line", ["", "@hourly", "@monthly", "0 1 * * *", "*/15 0-6/2,22 1,15 * 1-5"]
)
def test_presets_and_cron_lines_are_schedules(line: str) -> None:
    assert sources.parse("roll-source", TEXT.replace("@daily", line).encode()).schedule == line


@pytest.mark.parametrize("name", ["Roll", "1st", "a_b", "a" * 64, "名册"])
def test_a_file_whose_name_is_no_source_name_is_told(name: str) -> None:
    assert "file name" in faults(TEXT, name)


def test_items_that_are_no_tables_or_describe_nothing_are_told() -> None:
    assert "items.sex must be a table" in faults(
        TEXT.split("[items.sex]")[0].replace("[items.code]", "[items]\nsex = 1\n[items.code]")
    )
    assert "describes an unmapped column" in faults(TEXT + '\n[items.colour]\nname = "色"\n')


def test_a_file_that_is_no_toml_is_told_with_its_line() -> None:
    assert "line 2" in faults("title = 1\nx = = 2")


def test_a_faulty_file_does_not_stop_the_others(tmp_path: Path) -> None:
    lay(tmp_path, "good", TEXT)
    lay(tmp_path, "bad", "title =")
    found, wrong = sources.load_each(tmp_path)
    assert set(found) == {"good"}
    assert wrong["bad"].code == "source-invalid"
    with pytest.raises(TongbanError):
        sources.load(tmp_path)


def test_a_resource_has_one_source(tmp_path: Path) -> None:
    lay(tmp_path, "one", TEXT)
    lay(tmp_path, "two", TEXT)
    found, wrong = sources.load_each(tmp_path)
    assert not found
    assert set(wrong) == {"one", "two"}


def test_sources_come_after_what_they_look_into(tmp_path: Path) -> None:
    later = TEXT.replace('schedule = "@daily"', 'after = ["roll"]').replace(
        'resource = "roll"', 'resource = "awards"'
    )
    lay(tmp_path, "a-later", later)
    lay(tmp_path, "z-first", TEXT)
    names = [source.name for source in sources.in_order(sources.load(tmp_path))]
    assert names == ["z-first", "a-later"]


def test_every_mandatory_element_of_the_guide_is_asked_for() -> None:
    told = "\n".join(guide.about_problems({}))
    for term in guide.terms():
        assert (f"about.{term.name} " in told) == (term.obligation == "M")
