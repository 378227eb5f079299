from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog import connectors, sources
from catalog.blocks import Block
from catalog.model import Source
from kernel.errors import TongbanError
from tests.catalog.rig import HEAD, SOURCE

CSV = connectors.by_name("csv")


def source(**changes: object) -> Source:
    known = sources.parse("roll-source", SOURCE.format(connector="csv").encode())
    return replace(known, delivery=replace(known.delivery, **changes))


def read(path: Path, data: bytes, known: Source | None = None) -> list[Block]:
    known = known or source()
    path.write_bytes(data)
    layout = CSV.examine(path, path.name, known)
    return list(CSV.blocks(path, path.name, known, layout, layout.start))


def good(blocks: list[Block]) -> list[tuple[object, ...]]:
    return [row for block in blocks for row in block.frame.drop("_file").rows()]


def broken(blocks: list[Block]) -> list[tuple[int, str]]:
    return [(item.row, item.rule) for block in blocks for item in block.broken]


def code_of(path: Path, data: bytes, known: Source | None = None) -> TongbanError:
    with pytest.raises(TongbanError) as caught:
        read(path, data, known)
    return caught.value


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.csv"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_encodings_and_line_ends_are_found(path: Path, encoding: str, end: str) -> None:
    text = (HEAD + "1|𠮷野|男\n2||女\n").replace("\n", end)
    assert good(read(path, text.encode(encoding))) == [("1", "𠮷野", "男", 2), ("2", None, "女", 3)]


def test_a_separator_inside_a_two_byte_character_is_no_separator(path: Path) -> None:
    trail = bytes([0xE4, 0x7C]).decode("gb18030")
    data = (HEAD + f"1|{trail}|男\n" + "2|测试|女\n" * 9).encode("gb18030")
    assert good(read(path, data))[0] == ("1", trail, "男", 2)


def test_a_line_with_a_foreign_byte_is_kept_whole_and_alone(path: Path) -> None:
    lines = [b"1|\xb2\xe2|\xc4\xd0", b"2|\xff\xff|\xc4\xd0", b"3|\xb2\xe2|\xc4\xd0"]
    blocks = read(path, HEAD.encode("gb18030") + b"\n".join(lines) + b"\n")
    assert [row[0] for row in good(blocks)] == ["1", "3"]
    assert broken(blocks) == [(3, "line-undecodable")]
    assert base64.b64decode(blocks[0].broken[0].raw) == lines[1]


def test_lines_of_other_widths_are_kept_aside(path: Path) -> None:
    blocks = read(path, (HEAD + "1|甲\n2|乙|男|多\n\n3|丙|女\n").encode())
    assert [row[0] for row in good(blocks)] == ["3"]
    assert broken(blocks) == [(2, "field-count"), (3, "field-count")]


def test_quoted_newlines_separators_and_marks_are_one_field(path: Path) -> None:
    blocks = read(path, (HEAD + '1|"上\n下"|男\n2|"a|b"|女\n3|"说""好"""|男\n4|末|女\n').encode())
    assert good(blocks) == [
        ("1", "上\n下", "男", 2),
        ("2", "a|b", "女", 4),
        ("3", '说"好"', "男", 5),
        ("4", "末", "女", 6),
    ]


def test_a_mark_left_open_spoils_its_own_line_alone(path: Path) -> None:
    blocks = read(path, (HEAD + '1|"开|男\n' + "2|乙|女\n" * 200).encode())
    assert broken(blocks) == [(2, "line-quotes")]
    assert len(good(blocks)) == 200


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(["1|甲|男", '2|"多\n行"|女', '3|"坏|男', "4|少", "", '5|"x"y|女']), min_size=1, max_size=40),
    st.sampled_from([40, 64, 97, 4096]),
)  # fmt: skip
def test_boundaries_change_nothing_and_lose_nothing(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], size: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "property.csv"
    data = (HEAD + "\n".join(lines) + "\n").encode("gb18030")
    if not any(lines):
        return
    whole = read(path, data, source(block_bytes=1 << 20))
    cut = read(path, data, source(block_bytes=size))
    assert good(cut) == good(whole)
    assert broken(cut) == broken(whole)


def test_reading_may_start_again_at_any_block(path: Path) -> None:
    known = source(block_bytes=120)
    path.write_bytes((HEAD + "".join(f'{n}|"多\n行"|男\n' for n in range(60))).encode())
    layout = CSV.examine(path, "a.csv", known)
    blocks = list(CSV.blocks(path, "a.csv", known, layout, layout.start))
    assert len(blocks) > 4
    for number, block in enumerate(blocks[:-1]):
        rest = list(CSV.blocks(path, "a.csv", known, layout, block.end))
        assert good(rest) == good(blocks[number + 1 :])


def test_columns_may_come_in_any_order_with_others_between(path: Path) -> None:
    data = "登记导出\n性别|备注| 姓　名 |编号\n男|x|甲|1\n".encode()
    assert good(read(path, data)) == [("1", "甲", "男", 3)]


def test_missing_columns_are_named_with_what_was_found(path: Path) -> None:
    error = code_of(path, "编号|全名\n1|甲\n".encode())
    assert error.code == "columns-missing"
    assert error.params["missing"] == "姓名、性别"
    assert "全名" in error.params["found"]


def test_an_optional_column_may_be_missing(path: Path) -> None:
    known = source(optional=("性别",))
    assert good(read(path, "编号|姓名\n1|甲\n".encode(), known)) == [("1", "甲", None, 2)]


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfe" + HEAD.encode("utf-16-le"),
        b"\x00\x01\x02" * 50,
        bytes(range(128, 256)) * 20 + b"\n" + bytes(range(128, 256)) * 3,
    ],
)
def test_other_encodings_are_refused(path: Path, data: bytes) -> None:
    assert code_of(path, data).code == "encoding-unknown"


def test_a_file_cut_off_in_the_middle_of_a_line_is_refused(path: Path) -> None:
    data = (HEAD + "1|测试甲|男\n2|测").encode("gb18030")
    assert code_of(path, data).code == "delivery-truncated"
    assert code_of(path, data[:-1]).code == "delivery-truncated"


def test_a_last_line_without_line_end_is_fine(path: Path) -> None:
    assert len(good(read(path, (HEAD + "1|甲|男").encode()))) == 1


def test_a_file_without_line_ends_is_refused_before_it_fills_memory(path: Path) -> None:
    error = code_of(
        path, (HEAD + "1|" + "甲" * 500_000 + "|男\n").encode(), source(block_bytes=4096)
    )
    assert error.code == "line-too-long"


def test_a_declared_encoding_is_held_to(path: Path) -> None:
    data = (HEAD + "1|测试|男\n" * 30).encode("gb18030")
    assert code_of(path, data, source(encoding="utf-8")).code == "encoding-unknown"


def test_an_unknown_connector_names_those_there_are() -> None:
    with pytest.raises(TongbanError) as caught:
        connectors.by_name("os")
    assert caught.value.params["known"] == ", ".join(connectors.names())
