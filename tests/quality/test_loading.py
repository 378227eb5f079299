from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from kernel.errors import TongbanError
from quality.service import Standards


def overlay(home: Path, folder: str, name: str, text: str) -> Path:
    path = home / "registry" / "quality" / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return home


HEAD = "code,name,valid_from,valid_to,successors,aliases,parent,kind,synthetic,source\n"
SUITE = """
title = "测试"
resource = "pets"
key = ["chip"]
[columns.chip]
title = "芯片"
element = "{element}"
required = true
{rest}
"""


def test_a_city_adds_codes_and_a_suite_by_files_alone(tmp_path: Path) -> None:
    overlay(
        tmp_path, "codes", "division.city.csv", HEAD + "410105001000,示例街道,,,,,410105,,,own\n"
    )
    overlay(tmp_path, "codes", "colour.csv", "# title: 毛色\n" + HEAD + "1,黑,,,,乌,,,,own\n")
    rest = '[columns.colour]\ntitle="毛色"\nelement="sex"\ntable="colour"'
    overlay(tmp_path, "suites", "pets.toml", SUITE.format(element="household_number", rest=rest))
    standards = Standards.load(tmp_path)
    table = standards.code_table("division")
    assert table.name_of("410105001000") == "示例街道"
    assert table.name_of("410105") == "金水区"
    assert table.name_of("999999") == ""
    assert standards.code_table("colour").title == "毛色"
    assert standards.suite("pets").key == ("chip",)
    assert standards.suite("pets").column("colour").table == "colour"
    assert "population" in standards.suites
    assert standards.digest != Standards.load().digest


def test_loading_twice_gives_the_same_digest() -> None:
    assert Standards.load().digest == Standards.load().digest


@pytest.mark.parametrize(
    "text",
    [
        "code;name\n1;a\n",
        HEAD + "1,,,,,,,,,\n",
        HEAD + "1,a,,,,,,,,\n1,b,,,,,,,,\n",
        HEAD + "1,a,2024-13-01,,,,,,,\n",
    ],
)
def test_a_faulty_code_table_is_named(tmp_path: Path, text: str) -> None:
    overlay(tmp_path, "codes", "faulty.csv", text)
    with pytest.raises(TongbanError) as refused:
        Standards.load(tmp_path)
    assert refused.value.code == "code-table-invalid"
    assert refused.value.params["table"] == "faulty"


def test_a_code_table_in_another_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "registry" / "quality" / "codes" / "gbk.csv"
    path.parent.mkdir(parents=True)
    path.write_bytes((HEAD + "1,黑,,,,,,,,\n").encode("gbk"))
    with pytest.raises(TongbanError, match="code-table-invalid"):
        Standards.load(tmp_path)


@pytest.mark.parametrize(
    ("element", "rest"),
    [
        ("unknown_element", ""),
        ("text", "colour = 1"),
        ("text", '[columns.b]\ntitle="b"\nelement="sex"\ntable="nowhere"'),
        ("text", '[[rules]]\nid="a"\nkind="matches"\ncolumn="chip"\ntitle="t"'),
        ("text", '[[rules]]\nid="a"\nkind="nonsense"\ncolumn="chip"\ntitle="t"'),
        ("text", '[[rules]]\nid="a"\nkind="different"\ncolumn="chip"\nother="x"\ntitle="t"'),
        ("text", '[[rules]]\nid="a"\nkind="element"\ncolumn="chip"\ntitle="t"'),
        (
            "text",
            '[[rules]]\nid="a"\nkind="unique"\ncolumns=["chip"]\ncolumn="chip"\ntitle="t"\nx=1',
        ),
    ],
)
def test_a_faulty_suite_is_named(tmp_path: Path, element: str, rest: str) -> None:
    overlay(tmp_path, "suites", "pets.toml", SUITE.format(element=element, rest=rest))
    with pytest.raises(TongbanError) as refused:
        Standards.load(tmp_path).suite("pets")
    assert refused.value.code == "suite-invalid"


@pytest.mark.parametrize(
    "text", ["title = ", 'title="x"\nkey=["a"]', 'colour="red"\n[columns.a]\nb=1']
)
def test_a_suite_that_is_no_suite_is_refused_at_load(tmp_path: Path, text: str) -> None:
    overlay(tmp_path, "suites", "broken.toml", text)
    with pytest.raises(TongbanError, match="suite-invalid"):
        Standards.load(tmp_path)


def test_a_key_must_name_a_column(tmp_path: Path) -> None:
    text = SUITE.format(element="text", rest="").replace('["chip"]', '["chop"]')
    overlay(tmp_path, "suites", "pets.toml", text)
    with pytest.raises(TongbanError, match="key names no column"):
        Standards.load(tmp_path).suite("pets")


def test_a_reading_that_an_element_does_not_offer_is_refused(tmp_path: Path) -> None:
    import polars as pl

    rest = '[[rules]]\nid="a"\nkind="derived-is"\ncolumn="chip"\nderive="text.sex"\nvalue="1"\ntitle="t"'
    overlay(tmp_path, "suites", "pets.toml", SUITE.format(element="text", rest=rest))
    standards = Standards.load(tmp_path)
    frame = pl.DataFrame({"chip": ["1"], "_row": [1], "_file": ["f"]})
    with pytest.raises(TongbanError, match="suite-invalid"):
        standards.check_block(frame, standards.suite("pets"))


def test_unknown_names_are_told() -> None:
    standards = Standards.load()
    for call, code in (
        (lambda: standards.element("nothing"), "element-unknown"),
        (lambda: standards.suite("nothing"), "suite-unknown"),
        (lambda: standards.code_table("nothing"), "code-table-unknown"),
    ):
        with pytest.raises(TongbanError) as refused:
            call()
        assert refused.value.code == code


def test_a_suite_travels_to_other_processes() -> None:
    suite = Standards.load().suite("population")
    assert pickle.loads(pickle.dumps(suite)) == suite


def test_every_suite_binds_known_elements_and_has_titles() -> None:
    standards = Standards.load()
    for name in standards.suites:
        suite = standards.suite(name)
        assert suite.title
        assert all(column.title for column in suite.columns)
        assert len({rule.key for rule in suite.rules}) == len(suite.rules)


@pytest.mark.parametrize("name", sorted(Standards.load().tables))
def test_every_code_table_says_where_it_comes_from(name: str) -> None:
    table = Standards.load().code_table(name)
    assert table.title
    assert table.standard
    for row in table.rows.values():
        assert row.source, row.code
        assert all(code in table.rows for code in row.successors), row.code
        assert row.valid_from is None or row.valid_to is None or row.valid_from <= row.valid_to


def test_loading_standards_imports_no_heavy_library() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from quality.service import Standards; s = Standards.load(); "
        "import quality.gates, quality.masking; "
        "print([m for m in ('polars', 'numpy', 'pandas', 'great_expectations') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
