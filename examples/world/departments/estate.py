"""The land registry's rights: text in UTF-8 with a byte order mark, in a zip archive."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import numpy as np

from examples.world.departments.rows import City, Delivered, Sheet, stranger
from examples.world.faults import Kind, Row
from examples.world.model import Changes
from quality.errors import Code

SOURCE = "zr-real-estate"
TITLES = {
    "不动产权证号": "certificate_no",
    "不动产单元号": "unit_number",
    "权利人": "owner_names",
    "权利人证件号码": "owner_codes",
    "权利人类型": "owner_kind",
    "共有情况": "sharing",
    "坐落": "location",
    "权利类型": "right_type",
    "权利性质": "right_nature",
    "规划用途": "use",
    "建筑面积": "area",
    "使用期限止": "term_end",
    "登记日期": "register_date",
    "登记机构": "registry",
}
"""Titles of the file and the standard columns they mean."""
_STRANGERS = 4
_CHANGED = 40


def _short_unit(row: Mapping[str, str], rng: np.random.Generator) -> Row:
    del rng
    return {"unit_number": row["unit_number"][:24]}


def _one_twice(row: Mapping[str, str], rng: np.random.Generator) -> Row:
    del rng
    one = row["owner_codes"][:18]
    return {"owner_codes": f"{one};{one}", "owner_names": "测试甲;测试甲"}


def _no_area(row: Mapping[str, str], rng: np.random.Generator) -> Row:
    del row, rng
    return {"area": "0"}


def _bad_day(row: Mapping[str, str], rng: np.random.Generator) -> Row:
    del rng
    return {"register_date": row["register_date"][:4] + "-02-30"}


KINDS = (
    Kind("unit-number-cut", 0, _short_unit, ((Code.NUMBER_FORMAT, "unit_number"),)),
    Kind("one-owner-twice", 0, _one_twice, ((Code.LIST_REPEATED, "owner_codes"),)),
    Kind("area-zero", 0, _no_area, ((Code.AMOUNT_RANGE, "area"),)),
    Kind("impossible-date", 0, _bad_day, ((Code.DATE_IMPOSSIBLE, "register_date"),)),
)


def make(city: City, folder: Path) -> Delivered:
    """Write ``bdcqz_REGION.zip`` with one text inside.

    Some rights belong to two people in one cell; a few owners are in no register, which is counted
    and published.
    """
    rng = city.rng(13)
    count = len(city.families)
    sheet = Sheet(SOURCE, [_row(city, place, rng) for place in range(count)])
    outside = [place for place in range(5, count, 7) if place % 3][:_STRANGERS]
    for number, place in enumerate(outside):
        sheet.rows[place]["owner_codes"] = stranger(number)
        sheet.rows[place]["sharing"] = "单独所有"
    free = [place for place in range(11, count, 13) if place not in outside]
    sheet.spoil(free[: 2 * len(KINDS)], KINDS, rng)
    changes = Changes()
    if city.plan.edition > 1:
        sold = [p for p in range(1, count, _CHANGED) if p not in sheet.found and p not in outside]
        for place in sold:
            sheet.rows[place]["right_nature"] = "出让/存量房"
        changes = Changes(0, 0, len(sold))
    copy = dict(sheet.rows[0])
    sheet.append(copy, str(Code.DUPLICATE), "certificate_no", "duplicate")
    name = f"bdcqz_{city.plan.region}.zip"
    _write(sheet, folder / name)
    file, faults = sheet.truth(name, 0, len(sheet.rows), 2)
    warned = {"owner-in-population": len(outside)}
    return Delivered(SOURCE, (file,), tuple(faults), changes, warned)


def _row(city: City, place: int, rng: np.random.Generator) -> Row:
    owners = [city.families[place].head]
    if place % 3 == 0 and place + 1 < len(city.families):
        owners.append(city.families[place + 1].head)
    parted = (";", "、", ",")[place % 9 // 3]
    day = city.plan.as_of - timedelta(days=int(rng.integers(30, 3000)))
    district = place % len(city.where.codes)
    area = int(rng.integers(4500, 20000)) / 100
    return {
        "certificate_no": f"豫({day.year}){city.where.city}不动产权第{place + 1:07d}号",
        "unit_number": f"{city.where.codes[district]}001{place % 7 + 1:03d}"
        f"GB{place // 40 + 1:05d}F{place % 20 + 1:04d}{place % 40 + 1:04d}",
        "owner_names": parted.join(owner.name for owner in owners),
        "owner_codes": parted.join(owner.id_number for owner in owners),
        "owner_kind": "个人",
        "sharing": "共同共有" if len(owners) > 1 else "单独所有",
        "location": city.address(place),
        "right_type": "国有建设用地使用权/房屋（构筑物）所有权" if place % 4 else "4",
        "right_nature": "出让/市场化商品房",
        "use": "成套住宅",
        "area": f"{area:.2f}㎡" if place % 2 else f"{area:.2f}",
        "term_end": f"{day.year + 70}年{day.month}月{day.day}日",
        "register_date": day.isoformat(),
        "registry": f"{city.office}自然资源和规划局",
    }


def _write(sheet: Sheet, path: Path) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(TITLES.values()), lineterminator="\r\n")
    writer.writerow({column: title for title, column in TITLES.items()})
    writer.writerows(sheet.rows)
    inside = zipfile.ZipInfo(f"{path.stem}.csv", (2026, 1, 1, 0, 0, 0))
    inside.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(inside, b"\xef\xbb\xbf" + text.getvalue().encode())
