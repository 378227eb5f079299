from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import xlsxwriter

from catalog import connectors, sources
from catalog.blocks import Block
from catalog.model import Source
from kernel.errors import TongbanError
from tests.catalog.rig import SOURCE

XLSX = connectors.by_name("xlsx")


def source(**changes: object) -> Source:
    known = sources.parse("roll-source", SOURCE.format(connector="xlsx").encode())
    return replace(known, delivery=replace(known.delivery, **changes))


def read(path: Path, known: Source) -> list[Block]:
    layout = XLSX.examine(path, path.name, known)
    return list(XLSX.blocks(path, path.name, known, layout, layout.start))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A sheet with a merged title, a number row, typed cells, a gap, and an id stored as number."""
    path = tmp_path / "a.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet("登记")
    sheet.merge_range(0, 0, 0, 2, "名册")
    for column, title in enumerate(("编号", "姓名", "性别")):
        sheet.write(1, column, title)
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.write_row(2, 0, ["410199198001010011", "测试甲", 1])
    sheet.write_number(3, 0, 410199198001010011)
    sheet.write(3, 1, "测试乙")
    sheet.write_datetime(5, 0, date(2020, 1, 2), day)
    sheet.write(5, 1, "𠮷")
    sheet.write_number(6, 0, 410199800101001)
    book.close()
    return path


def test_title_rows_gaps_dates_and_numbers_are_read(path: Path) -> None:
    (block,) = read(path, source())
    assert block.frame.drop("_file").rows() == [
        ("410199198001010011", "测试甲", "1", 3),
        ("4.1019919800101e+17", "测试乙", None, 4),
        ("2020-01-02", "𠮷", None, 6),
        ("410199800101001", None, None, 7),
    ]


def test_two_header_rows_join_their_titles(tmp_path: Path) -> None:
    path = tmp_path / "b.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    sheet.merge_range(0, 0, 0, 1, "本人")
    sheet.write_row(0, 2, ["性别"])
    sheet.write_row(1, 0, ["编号", "姓名"])
    sheet.write_row(2, 0, ["c1", "甲", "男"])
    book.close()
    known = source(header_rows=2)
    known = replace(known, columns={"本人/编号": "code", "本人/姓名": "name", "性别": "sex"})
    (block,) = read(path, known)
    assert block.frame.row(0)[:4] == ("c1", "甲", "男", 3)


def test_a_worksheet_is_chosen_by_name(path: Path) -> None:
    assert read(path, source(sheet="登记"))
    with pytest.raises(TongbanError) as caught:
        read(path, source(sheet="没有"))
    assert caught.value.code == "delivery-unreadable"


def test_a_cut_off_workbook_is_refused(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(TongbanError) as caught:
        read(path, source())
    assert caught.value.code == "delivery-truncated"


def test_another_kind_of_file_is_refused(path: Path) -> None:
    path.write_bytes(b"\xd0\xcf\x11\xe0 an old workbook")
    with pytest.raises(TongbanError) as caught:
        read(path, source())
    assert caught.value.code == "delivery-unreadable"


def test_a_workbook_that_unpacks_to_too_much_is_refused(path: Path) -> None:
    with pytest.raises(TongbanError) as caught:
        read(path, source(max_bytes=1000))
    assert caught.value.code == "delivery-too-large"


def test_missing_titles_are_named(path: Path) -> None:
    known = replace(source(), columns={"编号": "code", "民族": "nation"})
    with pytest.raises(TongbanError) as caught:
        read(path, known)
    assert caught.value.params["missing"] == "民族"
