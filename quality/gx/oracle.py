"""A second, independent way to judge values, one at a time in plain Python.

The bulk engine and this module share no code, so that a cross-test of both means something. Each
function returns the rule that a value breaks, or the empty text.
"""

from __future__ import annotations

import calendar
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from quality.errors import Code
from quality.model import CodeTable

_CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """What values are judged by; compared by identity, so that answers can be remembered."""

    today: date
    divisions: CodeTable


@lru_cache(maxsize=400_000)
def citizen_id(value: str, facts: Facts) -> str:
    """Judge by GB 11643: form, MOD 11-2 in its recursive form, date, division of the birth year."""
    if re.fullmatch(r"\d(?:\.\d+)?[eE]\+?\d+", value, re.ASCII):
        return Code.ID_FLOAT
    if not re.fullmatch(r"\d{17}[\dX]", value, re.ASCII):
        return Code.ID_FORMAT
    rest = 0
    for digit in value[:17]:
        rest = (rest + int(digit)) * 2 % 11
    if "0123456789X"[(12 - rest) % 11] != value[17]:
        return Code.ID_FLOAT if value[17] != "X" and _double(int(value)) else Code.ID_CHECK
    year, month, day = int(value[6:10]), int(value[10:12]), int(value[12:14])
    if year < 1800 or not 1 <= month <= 12 or not 1 <= day <= calendar.monthrange(year, month)[1]:
        return Code.ID_DATE
    if date(year, month, day) > facts.today:
        return Code.ID_FUTURE
    return "" if _division(value[:6], year, facts.divisions) else Code.ID_DIVISION


def _double(number: int) -> bool:
    return int(float(number)) == number


def _division(code: str, year: int, table: CodeTable) -> bool:
    province = (code[1:3] if code.startswith("9") else code[:2]) + "0000"
    counted = any(row.kind == "county" and row.code[:2] == code[:2] for row in table.rows.values())
    if code.startswith("9") or not counted:
        return province in table.rows
    row = table.rows.get(code)
    if row is None or row.kind in {"statistical", "grouping"}:
        return False
    first, last = date(year, 1, 1), date(year, 12, 31)
    return (row.valid_from or first) <= last and (row.valid_to or last) >= first


@lru_cache(maxsize=100_000)
def credit_code(value: str, facts: Facts) -> str:
    """Judge by GB 32100 and, for characters 9 to 17, GB 11714."""
    del facts
    if len(value) != 18 or any(mark not in _CREDIT for mark in value) or not value[2:8].isdigit():
        return Code.CREDIT_FORMAT
    total = sum(_CREDIT.index(mark) * 3**place for place, mark in enumerate(value[:17]))
    if (total + _CREDIT.index(value[17])) % 31:
        return Code.CREDIT_CHECK
    body = sum(
        int(mark, 36) * weight
        for mark, weight in zip(value[8:16], (3, 7, 9, 10, 5, 8, 4, 2), strict=True)
    )
    last = 11 - body % 11
    expected = {10: "X", 11: "0"}.get(last, str(last))
    return "" if expected == value[16] else Code.CREDIT_ORG


@lru_cache(maxsize=100_000)
def day(value: str, facts: Facts) -> str:
    """Judge a date written CCYY-MM-DD."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        return Code.DATE_FORMAT
    try:
        found = date.fromisoformat(value)
    except ValueError:
        return Code.DATE_IMPOSSIBLE
    if found > facts.today:
        return Code.DATE_FUTURE
    return Code.DATE_EARLY if found.year < 1800 else ""


@lru_cache(maxsize=400_000)
def person_name(value: str, facts: Facts) -> str:
    """Judge a name character by character, by the names that Unicode gives them."""
    del facts
    parts = value.split("·")
    if len(value) <= 50 and all(part and all(map(_han, part)) for part in parts):
        return ""
    marks = [mark for mark in value if mark not in " .'’-"]
    latin = bool(marks) and all("LATIN" in unicodedata.name(mark, "") for mark in marks)
    ends = value[0] not in " .'’-" and value[-1] not in " '’-"
    return "" if latin and ends and len(value) <= 50 else Code.NAME_FORMAT


def _han(mark: str) -> bool:
    named = unicodedata.name(mark, "")
    return named.startswith(("CJK UNIFIED", "CJK COMPATIBILITY IDEOGRAPH")) or mark in "〇々〆"


ORACLES: Mapping[str, Callable[[str, Facts], str]] = {
    "citizen_id": citizen_id,
    "credit_code": credit_code,
    "date": day,
    "person_name": person_name,
}
"""Elements that have a second judge; others are judged by their element here, too."""
