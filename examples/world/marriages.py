"""The civil affairs' workbook: merged titles, serial dates, ids in number cells."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from examples.world import faults, ids, names
from examples.world.model import MARRIAGE, Fault, FileTruth, Plan
from examples.world.people import Batch
from examples.world.places import Places
from examples.world.spelling import Speller
from quality.errors import Code

TITLES = {
    "结婚证字号": "certificate_no",
    "登记日期": "register_date",
    "男方/姓名": "male_name",
    "男方/公民身份号码": "male_id",
    "女方/姓名": "female_name",
    "女方/公民身份号码": "female_id",
    "登记机关": "office",
}
"""Titles (group/title) and the standard columns they mean."""
COLUMNS = tuple(TITLES.values())
TOP = 4
"""Rows above the data: two merged titles and a header of two rows."""
SHEET_ROWS = 400_000
_EXCEL_EPOCH = date(1899, 12, 30).toordinal()


@dataclass(slots=True)
class Writer:
    """Writes workbooks of at most 400,000 rows and notes the truth about them."""

    plan: Plan
    where: Places
    speller: Speller
    folder: Path
    files: list[FileTruth] = field(default_factory=list)
    expected: list[Fault] = field(default_factory=list)
    serial: int = 0
    _sheet: _Sheet | None = None

    def add(self, batch: Batch, number: int) -> pl.DataFrame:
        """Write the couples of a batch; return them in standard form with ``newborn``."""
        couples = self._standard(batch)
        self._put(couples, self.plan.stream(number, 5))
        return couples

    def share(self, couples: pl.DataFrame) -> None:
        """Write couples across cities, as ``crossing.marriages`` returns them; none is spoilt."""
        self._put(couples, self.plan.stream(6), doubled=False)

    def _put(
        self, couples: pl.DataFrame, rng: np.random.Generator, *, doubled: bool = True
    ) -> None:
        if self._sheet is None or self._sheet.row + couples.height > SHEET_ROWS:
            self.close()
            name = f"hydj_{self.plan.region}_{len(self.files) + 1}.xlsx"
            self._sheet = _Sheet(self.folder, name, self.where.office(self.plan.region))
        self._rows(self._sheet, couples, rng, doubled=doubled)

    def close(self) -> None:
        """Append the doubled rows and finish the workbook."""
        sheet = self._sheet
        if sheet is None:
            return
        for copy in sheet.copies[:: max(1, len(sheet.copies) // 2)][:2]:
            sheet.write(copy)
            sheet.refused += 1
            self._expect(sheet, str(Code.DUPLICATE), "certificate_no", "duplicate")
        sheet.book.close()
        self.files.append(FileTruth(MARRIAGE, sheet.name, sheet.row - TOP, sheet.refused))
        self._sheet = None

    def _standard(self, batch: Batch) -> pl.DataFrame:
        residents, couples = batch.people, batch.couples
        known = residents.select("place", "id_number", "name", "division", "household_number")
        him, her = known.rename(lambda name: f"male_{name}"), known.rename(lambda n: f"female_{n}")
        found = couples.join(him, left_on="husband", right_on="male_place", maintain_order="left")
        found = found.join(her, left_on="wife", right_on="female_place", maintain_order="left")
        days = ids.numbers_of(found["married"].to_numpy())
        districts = dict(zip(self.where.codes, self.where.names, strict=True))
        start = self.serial
        self.serial += found.height
        numbers = [
            f"J{division}-{day // 10000}-{start + place:06d}"
            for place, (division, day) in enumerate(
                zip(found["male_division"], days, strict=True), 1
            )
        ]
        offices = [f"{self.where.city}{districts[d]}婚姻登记处" for d in found["male_division"]]
        return found.select(
            pl.Series("certificate_no", numbers, dtype=pl.String),
            names.column(ids.iso(days)).alias("register_date"),
            "male_name",
            pl.col("male_id_number").alias("male_id"),
            "female_name",
            pl.col("female_id_number").alias("female_id"),
            pl.Series("office", offices, dtype=pl.String),
            "newborn",
            "married",
            pl.col("male_household_number").alias("household_number"),
        )

    def _rows(
        self, sheet: _Sheet, couples: pl.DataFrame, rng: np.random.Generator, *, doubled: bool
    ) -> None:
        chance = pl.Series(rng.random(couples.height))
        style = rng.integers(10, size=couples.height)
        spelled = couples.with_columns(
            self.speller.date(couples["register_date"], rng),
            self.speller.id_number(couples["male_id"], rng),
            self.speller.id_number(couples["female_id"], rng),
            self.speller.name(couples["male_name"], chance),
        )
        victims = self._victims(sheet, couples, rng)
        for place, row in enumerate(spelled.iter_rows(named=True)):
            cells: dict[str, Any] = {name: row[name] for name in COLUMNS}
            if style[place] < 7:
                cells["register_date"] = int(row["married"]) - _EXCEL_EPOCH
            numeric = "date" if style[place] < 4 else ""
            kind = victims.get(place)
            if kind is not None:
                change = kind.change(couples.row(place, named=True), rng)
                cells.update(change)
                if kind.name == faults.FLOAT:
                    cells["male_id"] = float(change["male_id"])
            sheet.write(cells, dated=numeric == "date")
            if kind is not None:
                sheet.refused += 1
                for rule, column in kind.findings:
                    self._expect(sheet, str(rule), column, kind.name)
            elif doubled and place % 97 == 0:
                sheet.copies.append(cells)
        self.speller.repaired["date-serial"] += int((style < 7).sum())

    def _victims(
        self, sheet: _Sheet, couples: pl.DataFrame, rng: np.random.Generator
    ) -> dict[int, faults.Kind]:
        """Choose couples without a newborn."""
        sheet.seen += couples.height
        free = rng.permutation((~couples["newborn"]).arg_true().to_numpy()).tolist()
        chosen: dict[int, faults.Kind] = {}
        for kind in sheet.quota.owed(sheet.seen):
            if free:
                chosen[free.pop()] = kind
                sheet.quota.give(kind)
        return chosen

    def _expect(self, sheet: _Sheet, rule: str, column: str, kind: str) -> None:
        self.expected.append(Fault(MARRIAGE, sheet.name, sheet.row, rule, column, kind))


class _Sheet:
    """One workbook, written row by row to disk; ``row`` is the last sheet row, from 1."""

    def __init__(self, folder: Path, name: str, office: str) -> None:
        import xlsxwriter  # type: ignore[import-untyped] # ships no types

        self.name = name
        self.row = TOP
        self.seen = 0
        self.refused = 0
        self.copies: list[dict[str, Any]] = []
        self.quota = faults.Quota(faults.MARRIAGE, SHEET_ROWS, {})
        # fixed properties, so that the same seed gives the same bytes
        self.book = xlsxwriter.Workbook(str(folder / name), {"constant_memory": True})
        self.book.set_properties(
            {"created": datetime(2026, 1, 1, tzinfo=UTC), "author": f"{office}民政局"}
        )
        self._dated = self.book.add_format({"num_format": "yyyy-mm-dd"})
        self._page = self.book.add_worksheet("婚姻登记")
        self._head(office)

    def _head(self, office: str) -> None:
        page, last = self._page, len(COLUMNS) - 1
        bold = self.book.add_format({"bold": True, "align": "center"})
        page.merge_range(0, 0, 0, last, f"{office}婚姻登记信息交换表（虚构数据）", bold)
        page.merge_range(1, 0, 1, last, f"填报单位：{office}民政局", bold)
        groups = [title.split("/") for title in TITLES]
        for place, parts in enumerate(groups):
            if len(parts) == 2 and (place == 0 or groups[place - 1][0] != parts[0]):
                page.merge_range(2, place, 2, place + 1, parts[0], bold)
            elif len(parts) == 1:
                page.write_string(2, place, parts[0], bold)
        for place, parts in enumerate(groups):
            if len(parts) == 2:
                page.write_string(3, place, parts[1], bold)

    def write(self, cells: dict[str, Any], *, dated: bool = False) -> None:
        """Write one row: texts as texts, numbers as numbers, nothing for the empty text."""
        for place, name in enumerate(COLUMNS):
            value = cells[name]
            if isinstance(value, str):
                if value:
                    self._page.write_string(self.row, place, value)
            else:
                form = self._dated if dated and name == "register_date" else None
                self._page.write_number(self.row, place, value, form)
        self.row += 1
