"""The market regulator's register: a live SQLite database with one table of enterprises."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from examples.world import ids
from examples.world.departments.rows import City, Delivered, Sheet
from examples.world.faults import Kind, Row
from examples.world.model import Changes
from quality.errors import Code

SOURCE = "sc-enterprises"
TABLE = "SCZT_JBXX"
FILE = "enterprises.sqlite"
ROWS = f"{TABLE}.jsonl"
"""What a hub calls the rows that it read from the table, in the order of XH, the first being 1."""
TITLES = {
    "TYSHXYDM": "credit_code",
    "ZTMC": "name",
    "ZTLX": "type",
    "FDDBR": "legal_representative",
    "ZCZB": "capital",
    "ZS": "address",
    "JYFW": "scope",
    "DJZT": "status",
    "CLRQ": "established",
    "DJJG": "authority",
}
"""Columns of the table and the standard columns they mean; besides XH (number), GXSJ (changed)."""
_TRADES = ("餐饮", "商贸", "科技", "物流", "建材", "农业", "文化", "软件")
_WORDS = ("测试", "示例", "样本", "虚构", "演示")
_TYPES = ("1130", "1151", "1100", "9500", "1200")
_EVERY = 50
"""One row in fifty is spoilt, at least one of each kind."""
_CHANGED, _FIRST_CHANGED = 25, 3
"""The second edition moves one row in 25, from the fourth on."""
_FOUNDED = 2
"""Enterprises that only the second edition knows."""
_BATCH = 5_000


def _wrong_check(row: Mapping[str, str], rng: np.random.Generator) -> Row:
    del rng
    code = row["credit_code"]
    return {"credit_code": code[:17] + ("0" if code[17] != "0" else "1")}


def _no_capital(row: Mapping[str, str], rng: np.random.Generator) -> Row:
    del row, rng
    return {"type": "1130", "capital": ""}


def _dollars(row: Mapping[str, str], rng: np.random.Generator) -> Row:
    del row, rng
    return {"capital": "50万美元"}


KINDS = (
    Kind("wrong-check-character", 0, _wrong_check, ((Code.CREDIT_CHECK, "credit_code"),)),
    Kind("capital-missing", 0, _no_capital, (("capital-of-companies", "capital"),)),
    Kind("capital-in-dollars", 0, _dollars, ((Code.AMOUNT_FORMAT, "capital"),)),
)


def make(city: City, folder: Path) -> Delivered:
    """Write ``enterprises.sqlite``; the second edition changed some rows and added two.

    Rows are made and written a batch at a time, so that memory does not grow with their number.
    """
    register = _Register(city)
    names = ", ".join(f"{title} TEXT" for title in TITLES)
    marks = ", ".join("?" * (len(TITLES) + 2))
    with closing(sqlite3.connect(folder / FILE)) as database, database:
        database.execute(f"CREATE TABLE {TABLE} (XH INTEGER PRIMARY KEY, {names}, GXSJ TEXT)")
        for rows in register.batches():
            database.executemany(f"INSERT INTO {TABLE} VALUES ({marks})", rows)  # noqa: S608 constants
    file, faults = register.sheet.truth(ROWS, 0, register.written, 1)
    return Delivered(SOURCE, (file,), tuple(faults), register.changes)


class _Register:
    """Makes the table row by row; its sheet holds the faults and no rows."""

    def __init__(self, city: City) -> None:
        self.city = city
        self.count = city.plan.enterprises
        self.later = city.plan.edition > 1
        self.sheet = Sheet(SOURCE)
        self.written = 0
        self.moved = 0
        step = max(1, min(_EVERY, self.count // (len(KINDS) + 1)))
        places = range(7, self.count, step)
        self.kinds = {place: KINDS[number % len(KINDS)] for number, place in enumerate(places)}

    @property
    def changes(self) -> Changes:
        """Return what this edition changed, once all rows are written."""
        return Changes(_FOUNDED, 0, self.moved) if self.later else Changes()

    def batches(self) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the rows as the table has them."""
        rng = self.city.rng(12)
        second: Row = {}
        last = self.count + (_FOUNDED if self.later else 0)
        for start in range(0, last, _BATCH):
            places = range(start, min(start + _BATCH, last))
            codes = ids.credit_codes(self.city.plan.region, np.array(places))
            rows = [
                _row(self.city, place, code, rng) for place, code in zip(places, codes, strict=True)
            ]
            if start == 0:
                second = dict(rows[1])
            yield [
                self._cells(self._now(place, row, rng), fresh=self._is_fresh(place))
                for place, row in zip(places, rows, strict=True)
            ]
        double = second | {"name": f"{self.city.office}虚构双名有限公司"}
        fault = str(Code.DUPLICATE), "credit_code", "one-code-two-names"
        self.sheet.found[self.written] = [fault]
        yield [self._cells(double, fresh=False)]

    def _now(self, place: int, row: Row, rng: np.random.Generator) -> Row:
        """Return the row with its fault or with what this edition changed."""
        kind = self.kinds.get(place)
        if kind is not None:
            fault = [(str(rule), column, kind.name) for rule, column in kind.findings]
            self.sheet.found[place] = fault
            return row | kind.change(row, rng)
        if self._is_fresh(place) and place < self.count:
            self.moved += 1
            return row | {"address": self.city.address(place + 1) + "（迁入）"}
        return row

    def _is_fresh(self, place: int) -> bool:
        """Tell whether this edition changed or added the row."""
        if not self.later or place in self.kinds:
            return False
        return place >= self.count or place % _CHANGED == _FIRST_CHANGED

    def _cells(self, row: Row, *, fresh: bool) -> tuple[Any, ...]:
        self.written += 1
        day = self.city.plan.as_of
        moment = f"{day} 01:00:00" if fresh else f"{day - timedelta(days=30)} 02:00:00"
        return self.written, *(row[column] or None for column in TITLES.values()), moment


def _row(city: City, place: int, code: str, rng: np.random.Generator) -> Row:
    kind = _TYPES[place % len(_TYPES)]
    trade, word = _TRADES[int(rng.integers(len(_TRADES)))], _WORDS[int(rng.integers(len(_WORDS)))]
    ending = "店" if kind == "9500" else "股份有限公司" if kind == "1200" else "有限公司"
    head = city.families[place % len(city.families)].head
    founded = city.plan.as_of - timedelta(days=int(rng.integers(30, 8000)))
    # the city's own spelling: thousands parted, or yuan instead of ten thousands
    amount = int(rng.integers(1, 5000))
    capital = (f"{amount}", f"{amount:,}.5万元", f"{amount * 10000}元")[place % 3]
    return {
        "credit_code": code,
        "name": f"{city.office}{word}{place + 1:06d}号{trade}{ending}",
        "type": kind,
        "legal_representative": head.name,
        "capital": "" if kind == "9500" else capital,
        "address": city.address(place),
        "scope": f"{trade}服务；{trade}用品销售（演示）",
        "status": "存续" if place % 11 else "1",
        "established": founded.isoformat(),
        "authority": f"{city.office}市场监督管理局",
    }
