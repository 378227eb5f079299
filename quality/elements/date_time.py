"""日期时间: a moment in Beijing time, written CCYY-MM-DDThh:mm:ss (GB/T 7408.1, ISO 8601-1)."""

from __future__ import annotations

import polars as pl

from quality.engine import text
from quality.engine.shape import Context, Verdicts, first_of, flags_of
from quality.errors import Code
from quality.model import Element

ELEMENT = Element(
    code="date_time",
    name="日期时间",
    identifier="RQSJ",
    standard="GB/T 7408.1-2023",
    datatype="d19",
    definition="公历日期和北京时间，写作 CCYY-MM-DDThh:mm:ss；来源未给出秒时记为00秒。",
)
RULES = (Code.DATE_FORMAT, Code.DATE_IMPOSSIBLE, Code.DATE_FUTURE, Code.DATE_EARLY)
_ISO = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$"
_SOLID = r"^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})?$"
_PARTED = (
    r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?[T ]*"
    r"(\d{1,2})[:时点](\d{1,2})(?:[:分](?:(\d{1,2})(?:\.0+)?秒?)?)?(?:\+08:?00)?$"
)
_EARLIEST = "1800-01-01"


def normalise(raw: pl.Series, context: Context) -> pl.Series:
    """Read 2026-01-02 03:04:05, 2026/1/2 3:04, 20260102030405, 2026年1月2日3时4分 and ISO 8601.

    An offset of +08:00 is dropped; other offsets stay and are refused, for the day may be another.
    """
    del context
    iso = raw.str.contains(_ISO)
    return text.on_rows(raw, ~iso, lambda rows: text.by_unique(rows, _normalise))


def _normalise(raw: pl.Series) -> pl.Series:
    values = text.narrow(raw)
    for form in (_SOLID, _PARTED):
        values = text.on_rows(values, values.str.contains(form), lambda rows: _written(rows, form))  # noqa: B023 used at once
    return values


def _written(rows: pl.Series, form: str) -> pl.Series:
    parts = [rows.str.extract(form, place).fill_null("0") for place in range(1, 7)]
    year, month, day, hour, minute, second = (part.str.zfill(2) for part in parts)
    return year + "-" + month + "-" + day + "T" + hour + ":" + minute + ":" + second


def judge(values: pl.Series, context: Context) -> Verdicts:
    """Refuse other spellings, moments that do not exist, days to come and days before 1800."""
    spelled = values.str.contains(_ISO)
    moments = values.str.to_datetime("%Y-%m-%dT%H:%M:%S", strict=False)
    days = values.str.slice(0, 10)
    return first_of(
        flags_of(~spelled),
        flags_of(values.is_not_null() & moments.is_null()),
        flags_of(days > context.today.isoformat()),
        flags_of(days < _EARLIEST),
    )


def _date(values: pl.Series) -> pl.Series:
    return values.str.slice(0, 10)


DERIVED = {"date": _date}
"""``date``: the day in Beijing, ISO 8601."""
