"""The health commission's births: pages of JSON, as its service hands them out one by one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from examples.world.departments.rows import City, Delivered, Sheet
from examples.world.faults import Kind, Row, wrong_check
from examples.world.model import Baby, Changes
from quality.errors import Code

SOURCE = "wj-births"
PAGE = 5
"""Records on a page: few, so that a small city already has several pages."""
TITLES = {
    "CSYXZMBH": "certificate_no",
    "XSEXM": "child_name",
    "XSEXB": "sex",
    "CSSJ": "birth_time",
    "CSTZ": "weight",
    "CSDD": "place",
    "MQXM": "mother_name",
    "MQSFZHM": "mother_id",
    "FQXM": "father_name",
    "FQSFZHM": "father_id",
    "ZCJG": "institution",
    "QFRQ": "issue_date",
}
"""Names in the records and the standard columns they mean."""
_LATE = 2
"""Births that only the second edition announces."""
_CORRECTED = 3
_SHARED = 9_000
"""Numbers of births in families across cities; these come last and are spoilt by nothing."""


def _no_mother(row: Mapping[str, str], rng: np.random.Generator) -> Row:
    del row, rng
    return {"mother_name": "", "mother_id": ""}


def _mother_check(row: Mapping[str, str], rng: np.random.Generator) -> Row:
    return {"mother_id": wrong_check(row["mother_id"], rng)}


def _grams(row: Mapping[str, str], rng: np.random.Generator) -> Row:
    del row, rng
    return {"weight": "3.2"}


def _no_hour(row: Mapping[str, str], rng: np.random.Generator) -> Row:
    del rng
    return {"birth_time": row["birth_time"][:10] + " 25:61"}


KINDS = (
    Kind(
        "mother-missing",
        0,
        _no_mother,
        ((Code.REQUIRED, "mother_name"), (Code.REQUIRED, "mother_id")),
    ),
    Kind("wrong-check-digit", 0, _mother_check, ((Code.ID_CHECK, "mother_id"),)),
    Kind("weight-in-kilograms", 0, _grams, ((Code.AMOUNT_FORMAT, "weight"),)),
    Kind("impossible-time", 0, _no_hour, ((Code.DATE_IMPOSSIBLE, "birth_time"),)),
)


def make(city: City, folder: Path) -> Delivered:
    """Write ``page-0001.json`` …: ``{"total", "page", "pages", "records"}``."""
    rng = city.rng(11)
    sheet = Sheet(SOURCE, [_row(city, place, baby, rng) for place, baby in enumerate(city.own)])
    sheet.spoil(range(2, min(len(sheet.rows) - _LATE, 2 + len(KINDS))), KINDS, rng)
    late = max(0, len(sheet.rows) - _LATE)
    changes = Changes()
    if city.plan.edition == 1:
        del sheet.rows[late:]
    else:
        changes = Changes(len(sheet.rows) - late, 0, _correct(sheet, late))
    sheet.rows += [_row(city, _SHARED + 9 * n, baby, rng) for n, baby in enumerate(city.shared)]
    warned = {"mother-in-population": len(city.shared)} if city.shared else {}
    return replace(_written(sheet, folder, changes), warned=warned)


def _row(city: City, place: int, baby: Baby, rng: np.random.Generator) -> Row:
    born = baby.child.birth_date
    issued = min(date.fromisoformat(born) + timedelta(days=2), city.plan.as_of)
    return {
        "certificate_no": f"{'UVWXYZ'[int(city.plan.region) // 100 % 6]}{90_000_001 + place:09d}",
        "child_name": baby.child.name,
        "sex": baby.child.sex,
        "birth_time": f"{born} {rng.integers(24):02d}:{rng.integers(60):02d}",
        "weight": str(2600 + int(rng.integers(160)) * 10),
        "place": city.address(place),
        "mother_name": baby.mother.name,
        "mother_id": baby.mother.id_number,
        # every ninth certificate names no father: the law asks for the mother alone
        "father_name": "" if place % 9 == 8 else baby.father.name,
        "father_id": "" if place % 9 == 8 else baby.father.id_number,
        "institution": f"{city.office}助产机构",
        "issue_date": issued.isoformat(),
    }


def _correct(sheet: Sheet, late: int) -> int:
    """Correct the weight of a few births announced before, as hospitals do; return how many."""
    sound = [place for place in range(late) if place not in sheet.found][-_CORRECTED:]
    for place in sound:
        sheet.rows[place]["weight"] = str(int(sheet.rows[place]["weight"]) + 5)
    return len(sound)


def _written(sheet: Sheet, folder: Path, changes: Changes) -> Delivered:
    files, faults = [], []
    pages = max(1, -(-len(sheet.rows) // PAGE))
    for page in range(1, pages + 1):
        start, stop = (page - 1) * PAGE, min(page * PAGE, len(sheet.rows))
        records = [
            {title: row[column] or None for title, column in TITLES.items()}
            for row in sheet.rows[start:stop]
        ]
        body = {"total": len(sheet.rows), "page": page, "pages": pages, "records": records}
        name = f"page-{page:04d}.json"
        (folder / name).write_text(json.dumps(body, ensure_ascii=False) + "\n", "utf-8")
        file, found = sheet.truth(name, start, stop, 1)
        files.append(file)
        faults += found
    return Delivered(SOURCE, tuple(files), tuple(faults), changes)
