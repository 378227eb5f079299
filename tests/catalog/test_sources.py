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
        ('org = "11410100MB0TE0038G"', 'org = "x"', "credit code"),
    ],
)
def test_a_faulty_entry_is_named(old: str, new: str, told: str) -> None:
    assert old in TEXT
    if not told:
        sources.parse("roll-source", TEXT.replace(old, new).encode())
        return
    assert told in faults(TEXT.replace(old, new))


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
