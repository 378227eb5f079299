"""The market regulator's register: a live SQLite database with one table of enterprises."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path

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
_CHANGED = 25


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


def size(residents: int) -> int:
    """Return how many enterprises a city has: 300 for 2,000 residents, 150,000 for a million."""
    return max(60, residents * 3 // 20)


def make(city: City, folder: Path) -> Delivered:
    """Write ``enterprises.sqlite``; the second edition changed some rows and added two."""
    count = size(city.plan.residents)
    codes = ids.credit_codes(city.plan.region, np.arange(count + 2))
    rng = city.rng(12)
    sheet = Sheet(SOURCE, [_row(city, place, codes[place], rng) for place in range(count + 2)])
    places = range(7, count, min(_EVERY, count // (len(KINDS) + 1)))
    sheet.spoil(places, KINDS, rng)
    changes = Changes()
    touched: list[int] = []
    if city.plan.edition == 1:
        del sheet.rows[count:]
    else:
        touched = [place for place in range(3, count, _CHANGED) if place not in sheet.found]
        for place in touched:
            sheet.rows[place]["address"] = city.address(place + 1) + "（迁入）"
        changes = Changes(2, 0, len(touched))
        touched += [count, count + 1]
    double = dict(sheet.rows[1]) | {"name": f"{city.office}虚构双名有限公司"}
    sheet.append(double, str(Code.DUPLICATE), "credit_code", "one-code-two-names")
    _write(city, sheet, folder / FILE, set(touched))
    file, faults = sheet.truth(ROWS, 0, len(sheet.rows), 1)
    return Delivered(SOURCE, (file,), tuple(faults), changes)


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


def _write(city: City, sheet: Sheet, path: Path, touched: set[int]) -> None:
    names = ", ".join(f"{title} TEXT" for title in TITLES)
    marks = ", ".join("?" * (len(TITLES) + 2))
    day = city.plan.as_of
    before = f"{day - timedelta(days=30)} 02:00:00"
    rows = (
        (
            place + 1,
            *(row[column] or None for column in TITLES.values()),
            f"{day} 01:00:00" if place in touched else before,
        )
        for place, row in enumerate(sheet.rows)
    )
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(f"CREATE TABLE {TABLE} (XH INTEGER PRIMARY KEY, {names}, GXSJ TEXT)")
        database.executemany(f"INSERT INTO {TABLE} VALUES ({marks})", rows)  # noqa: S608 constants
