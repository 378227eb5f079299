"""The police's file: GB18030 text, ``|`` between fields, two files, faults included."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import polars as pl

from examples.world import faults
from examples.world.model import POPULATION, Changes, Fault, FileTruth, Plan
from examples.world.people import Batch, Kind, Maker
from examples.world.spelling import Speller
from quality.errors import Code

TITLES = {
    "公民身份号码": "id_number",
    "姓名": "name",
    "性别": "sex",
    "出生日期": "birth_date",
    "民族": "nation",
    "户籍地区划代码": "division",
    "户籍地详址": "address",
    "户号": "household_number",
    "与户主关系": "relation",
    "婚姻状况": "marital_status",
    "监护人一公民身份号码": "guardian1_id",
    "监护人二公民身份号码": "guardian2_id",
    "落户状态": "registration",
}
"""Titles of the file and the standard columns they mean."""
COLUMNS = tuple(TITLES.values())
BROKEN, SHORT, DOUBLE = "broken-byte", "field-missing", "duplicate"
_DOUBLES = 0.002
_MOVED = 0.02
_LEFT = 0.05


@dataclass(slots=True)
class Writer:
    """Writes the files and notes the truth about them."""

    plan: Plan
    maker: Maker
    speller: Speller
    folder: Path
    files: list[FileTruth] = field(default_factory=list)
    expected: list[Fault] = field(default_factory=list)
    copies: list[str] = field(default_factory=list)
    added: int = 0
    removed: int = 0
    changed: int = 0

    def write(self, shared: Batch | None = None) -> Iterator[Batch]:
        """Write all files and yield each batch of residents, changes of the edition included.

        ``shared`` are the members of families across cities: they come first and no fault or
        change strikes them.
        """
        half = self.plan.residents // 2
        for number, quota in enumerate((self.plan.residents - half, half), 1):
            name = f"rkjbxx_{self.plan.region}_{number}.csv"
            with (self.folder / name).open("wb") as file:
                yield from self._file(file, name, number, quota, shared if number == 1 else None)

    @property
    def changes(self) -> Changes:
        """Return what differs from the edition before, by published id number."""
        return Changes(self.added, self.removed, self.changed)

    def _file(
        self, file: BinaryIO, name: str, number: int, residents: int, shared: Batch | None
    ) -> Iterator[Batch]:
        file.write(("|".join(TITLES) + "\r\n").encode("gb18030"))
        page = _Page(name, faults.Quota(faults.POPULATION, residents, {}))
        if shared is not None:
            self._lines(file, page, shared.people, {})
            yield shared
        for batch in self.maker.batches(residents):
            yield self._batch(file, page, batch, number)
        if self.plan.edition > 1 and number == 2:
            newcomers = self.maker.singles(max(1, residents // 100))
            self.added += newcomers.people.height
            self._lines(file, page, newcomers.people, {})
            yield newcomers
        self._copies(file, page, max(1, round(residents * _DOUBLES)))
        self.files.append(FileTruth(POPULATION, name, page.line - 1, page.refused))

    def _batch(self, file: BinaryIO, page: _Page, batch: Batch, number: int) -> Batch:
        rng = self.plan.stream(self.maker.batch, 2)
        page.seen += batch.people.height
        victims = self._victims(batch.people, page, rng, number)
        current = self._current(batch, list(victims)) if self.plan.edition > 1 else batch
        self._lines(file, page, current.people, victims)
        return current

    def _victims(
        self, residents: pl.DataFrame, page: _Page, rng: np.random.Generator, number: int
    ) -> dict[int, faults.Kind | str]:
        """Choose people who live alone, so that no family loses a member to a fault."""
        alone = residents.filter(pl.col("kind") == int(Kind.SINGLE))["place"].to_numpy()
        free = rng.permutation(alone).tolist()
        chosen: dict[int, faults.Kind | str] = {}
        if not page.marked and free:
            page.marked = True
            chosen[free.pop()] = BROKEN if number == 1 else SHORT
        for kind in page.quota.owed(page.seen):
            if free:
                chosen[free.pop()] = kind
                page.quota.give(kind)
        return chosen

    def _current(self, batch: Batch, victims: list[int]) -> Batch:
        """Return the batch as it is one edition later: some moved, some left."""
        rng = self.plan.stream(self.maker.batch, 3)
        residents = batch.people
        alone = (residents["kind"] == int(Kind.SINGLE)) & ~residents["place"].is_in(victims)
        left = alone & pl.Series(rng.random(residents.height) < _LEFT)
        houses = residents["household_number"].unique(maintain_order=True)
        movers = houses.filter(pl.Series(rng.random(len(houses)) < _MOVED))
        moved = residents["household_number"].is_in(movers.implode()) & (
            residents["kind"] == int(Kind.COUPLE)
        )
        self.removed += int(left.sum())
        self.changed += int(moved.sum())
        address = (residents["address"] + "（迁入）").zip_with(moved, residents["address"])
        return Batch(residents.with_columns(address).filter(~left), batch.couples)

    def _lines(
        self,
        file: BinaryIO,
        page: _Page,
        residents: pl.DataFrame,
        victims: dict[int, faults.Kind | str],
    ) -> None:
        rng = self.plan.stream(self.maker.batch, 4)
        spelled = self.speller.population(self._entered(residents), rng)
        places = {place: row for row, place in enumerate(residents["place"].to_list())}
        spoiled = _Spoiled({name: ([], []) for name in COLUMNS}, {})
        for place, kind in victims.items():
            row = places[place]
            change: faults.Row = {}
            if not isinstance(kind, str):
                change = kind.change(residents.row(row, named=True), rng)
            self._spoil(page, row, kind, change, spoiled)
        columns = [
            spelled[name].scatter(rows, pl.Series(values, dtype=pl.String))
            if rows
            else spelled[name]
            for name, (rows, values) in spoiled.cells.items()
        ]
        lines = _joined(columns)
        couples = spelled["kind"] == int(Kind.COUPLE)
        self.copies += [lines[row] for row in couples.arg_true().to_list()[:2000:7]]
        file.write(_encoded(lines, spoiled.lines))
        page.line += len(lines)

    def _entered(self, residents: pl.DataFrame) -> pl.DataFrame:
        """Return the residents with those newborns entered whom the police have entered since."""
        chosen = pl.col("id_number").is_in(self.plan.entered)
        state = pl.when(chosen).then(pl.lit("1")).otherwise("registration")
        return residents.with_columns(state.alias("registration"))

    def _spoil(
        self,
        page: _Page,
        row: int,
        kind: faults.Kind | str,
        change: faults.Row,
        spoiled: _Spoiled,
    ) -> None:
        line = page.line + row + 1
        if isinstance(kind, str):
            spoiled.lines[row] = kind
            code = Code.UNDECODABLE if kind == BROKEN else Code.FIELD_COUNT
            self._expect(page, line, str(code), "", kind)
            return
        if self.plan.edition > 1 and kind.name == faults.WRONG_CHECK:
            self.added += 1
            return
        for name, value in change.items():
            spoiled.cells[name][0].append(row)
            spoiled.cells[name][1].append(value)
        page.refused += 1
        for rule, column in kind.findings:
            self.expected.append(Fault(POPULATION, page.name, line, str(rule), column, kind.name))

    def _copies(self, file: BinaryIO, page: _Page, count: int) -> None:
        """Append lines that occurred before, in this file or in the one before it."""
        step = max(1, len(self.copies) // count)
        lines = self.copies[::step][:count]
        file.write(_encoded(lines, {}))
        for _ in lines:
            page.line += 1
            self._expect(page, page.line, str(Code.DUPLICATE), "id_number", DOUBLE)

    def _expect(self, page: _Page, line: int, rule: str, column: str, kind: str) -> None:
        page.refused += 1
        self.expected.append(Fault(POPULATION, page.name, line, rule, column, kind))


@dataclass(slots=True)
class _Spoiled:
    """Faults of a batch: new cells by column as (rows, values), and lines to break by row."""

    cells: dict[str, tuple[list[int], list[str]]]
    lines: dict[int, str]


@dataclass(slots=True)
class _Page:
    """Where the writing of one file stands; ``line`` is the last line written."""

    name: str
    quota: faults.Quota
    line: int = 1
    seen: int = 0
    refused: int = 0
    marked: bool = False


def _joined(columns: list[pl.Series]) -> list[str]:
    frame = pl.DataFrame(columns)
    joined = frame.select(pl.concat_str(pl.all().fill_null(""), separator="|"))
    return joined.to_series().to_list()


def _encoded(lines: list[str], raw: dict[int, str]) -> bytes:
    """Return lines in GB18030; ``raw`` names lines to break: a stray byte, a field too few."""
    if not raw:
        return "".join(line + "\r\n" for line in lines).encode("gb18030")
    encoded = [line.encode("gb18030") for line in lines]
    for row, kind in raw.items():
        line = encoded[row]
        fields = line.split(b"|")
        if kind == SHORT:
            encoded[row] = b"|".join(fields[:-1])
        else:
            encoded[row] = b"|".join([fields[0], fields[1][:2] + b"\xff", *fields[2:]])
    return b"".join(line + b"\r\n" for line in encoded)
