"""日期: a day of the Gregorian calendar, written CCYY-MM-DD (GB/T 7408.1, ISO 8601-1)."""

from __future__ import annotations

import polars as pl

from quality.engine import text
from quality.engine.shape import Context, Verdicts, first_of, flags_of
from quality.errors import Code
from quality.model import Element

ELEMENT = Element(
    code="date",
    name="日期",
    identifier="RQ",
    standard="GB/T 7408.1-2023",
    datatype="d10",
    definition="公历日期，写作 CCYY-MM-DD。",
)
RULES = (Code.DATE_FORMAT, Code.DATE_IMPOSSIBLE, Code.DATE_FUTURE, Code.DATE_EARLY)
_MARKS = {"年": "-", "月": "-", "日": "", "号": "", "/": "-", ".": "-"}
_PARTED = r"^\d{4}-\d{1,2}-\d{1,2}$"
_ISO = r"^\d{4}-\d{2}-\d{2}$"
_CLOCK = r"(?:[ T]0{1,2}:00(?::00(?:\.0+)?)?Z?)$"
_SERIAL = r"^[1-9]\d{4}(?:\.\d+)?$"
_EXCEL_EPOCH = -25569
"""Day 0 of Excel's 1900 system, 1899-12-30, in days from 1970-01-01."""
_EARLIEST = "1800-01-01"


def normalise(raw: pl.Series, context: Context) -> pl.Series:
    """Read 2024-01-02, 2024/1/2, 2024.1.2, 20240102, 2024年1月2日 and Excel serial days.

    A clock time of midnight behind the date is dropped. Texts that are spelled like a date but name
    no day come back in hyphens, so that the reader of a finding sees what was understood.
    """
    del context
    iso = raw.str.contains(_ISO)
    return text.on_rows(raw, ~iso, lambda rows: text.by_unique(rows, _normalise))


def _normalise(raw: pl.Series) -> pl.Series:
    values = text.where(raw, "[^0-9年月日/-]", _clean)
    serial = values.str.contains(_SERIAL)
    values = text.on_rows(values, serial, _from_serial)
    marked = values.str.contains("[年月日号/.]")
    values = text.on_rows(values, marked, lambda rows: rows.str.replace_many(_MARKS))
    solid = values.str.contains(r"^(?:1[89]|20|21)\d{6}$")
    values = text.on_rows(values, solid, _hyphened)
    short = values.str.contains(_PARTED) & (values.str.len_bytes() < 10)
    return text.on_rows(values, short, _padded)


def _clean(rows: pl.Series) -> pl.Series:
    values = text.narrow(rows)
    midnight = values.str.contains(_CLOCK)
    values = text.on_rows(values, midnight, lambda some: some.str.replace(_CLOCK, ""))
    spaced = values.str.contains(r"\s")
    return text.on_rows(values, spaced, lambda some: some.str.replace_all(r"\s+", ""))


def _hyphened(rows: pl.Series) -> pl.Series:
    return rows.str.slice(0, 4) + "-" + rows.str.slice(4, 2) + "-" + rows.str.slice(6, 2)


def _padded(rows: pl.Series) -> pl.Series:
    return rows.str.replace(r"-(\d)-", "-0$1-").str.replace(r"-(\d)$", "-0$1")


def _from_serial(rows: pl.Series) -> pl.Series:
    days = rows.str.slice(0, 5).cast(pl.Int32) + _EXCEL_EPOCH
    return days.cast(pl.Date).cast(pl.String)


def judge(values: pl.Series, context: Context) -> Verdicts:
    """Refuse other spellings, days that do not exist, days to come and days before 1800."""
    spelled = values.str.contains(_ISO)
    days = values.str.to_date("%Y-%m-%d", strict=False)
    return first_of(
        flags_of(~spelled),
        flags_of(values.is_not_null() & days.is_null()),
        flags_of(values > context.today.isoformat()),
        flags_of(values < _EARLIEST),
    )
