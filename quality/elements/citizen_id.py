"""公民身份号码, GB 11643-1999: 18 characters; older spellings of 15 digits are extended."""

from __future__ import annotations

import numpy as np
import polars as pl

from quality.engine import digits, text
from quality.engine.shape import Context, Flags, Verdicts, first_of, flags_of, no_verdicts
from quality.errors import Code
from quality.model import CodeTable, Element, Mask, Sensitivity

ELEMENT = Element(
    code="citizen_id",
    name="公民身份号码",
    identifier="GMSFHM",
    standard="GB 11643-1999",
    datatype="c18",
    definition="公安机关为公民编定的唯一身份号码：地址码6位、出生日期8位、顺序码3位、校验码1位。",
    sensitivity=Sensitivity.IDENTIFYING,
    mask=Mask.ID,
    table="division",
)
RULES = (
    Code.ID_FORMAT,
    Code.ID_FLOAT,
    Code.ID_CHECK,
    Code.ID_DATE,
    Code.ID_FUTURE,
    Code.ID_DIVISION,
)
_FIRST_YEAR = 1800
_FLOAT = r"^\d(?:\.\d+)?[eE]\+?\d+$"


def normalise(raw: pl.Series, context: Context) -> pl.Series:
    """Narrow, drop spaces, write X in upper case, extend 15 digits by the century and check.

    A number cell of a spreadsheet ending in ``.0`` keeps its digits only up to 15 of them.
    """
    del context
    values = text.where(raw, text.ODD_CODE, _clean)
    legacy = values.str.len_bytes() == 15
    return text.on_rows(values, legacy, _extend)


def _clean(rows: pl.Series) -> pl.Series:
    values = text.upper(text.compact(rows))
    whole = values.str.contains(r"^\d{15}\.0$")
    return text.on_rows(values, whole, lambda some: some.str.slice(0, 15))


def _extend(rows: pl.Series) -> pl.Series:
    # 996 to 999 marked people over a hundred, so the century of those is not known
    sure = rows.str.contains(r"^\d{15}$") & ~rows.str.contains(r"99[6-9]$")
    return text.on_rows(rows, sure, _with_century)


def _with_century(rows: pl.Series) -> pl.Series:
    body = rows.str.slice(0, 6) + "19" + rows.str.slice(6)
    checks = digits.id_check(digits.matrix(body, 17))
    return body + pl.Series([chr(code) for code in checks])


def judge(values: pl.Series, context: Context) -> Verdicts:
    """Check form, check digit (ISO 7064 MOD 11-2), birth date and division of the birth year."""
    verdicts = no_verdicts(len(values))
    sized = flags_of((values.str.len_bytes() == 18) & (values.str.len_chars() == 18))
    present = flags_of(values.is_not_null())
    verdicts[present & ~sized] = 1
    verdicts[flags_of(values.str.contains(_FLOAT))] = 2
    places = np.flatnonzero(sized)
    if len(places) == 0:
        return verdicts
    chosen = values if len(places) == len(values) else values.gather(places)
    verdicts[places] = _judge_sized(chosen, context)
    return verdicts


def _judge_sized(values: pl.Series, context: Context) -> Verdicts:
    codes = digits.matrix(values, 18)
    last = codes[:, 17]
    malformed = ~(digits.are_digits(codes[:, :17]) & (((last - np.uint8(48)) <= 9) | (last == 88)))
    days = digits.number(codes[:, 6:14])
    today = int(context.today.strftime("%Y%m%d"))
    wrong = digits.id_check(codes[:, :17]) != last
    wrong[malformed] = False
    damaged = np.zeros(len(wrong), dtype=np.bool_)
    suspects = np.flatnonzero(wrong)
    if len(suspects):
        damaged[suspects] = _damaged(values.gather(suspects))
    undated = ~digits.real_dates(days) | (days < _FIRST_YEAR * 10000)
    fine = ~(malformed | wrong | undated)
    return first_of(
        malformed, damaged, wrong, undated, days > today, _unplaced(values, fine, context)
    )


def _damaged(rows: pl.Series) -> Flags:
    """Tell numbers that a double can hold, among ids whose check digit is wrong.

    Between 2**57 and 2**60 neighbouring doubles lie 32, 64 and 128 apart, so an id that went
    through a number cell is such a multiple. By chance one typing mistake in 64 is, too.
    """
    numbers = rows.cast(pl.Int64, strict=False)
    steps = 32 * (1 + (numbers >= 2**58).cast(pl.Int64)) * (1 + (numbers >= 2**59).cast(pl.Int64))
    return flags_of(numbers % steps == 0)


def _unplaced(values: pl.Series, fine: Flags, context: Context) -> Flags:
    """Tell which divisions were no codes of GB/T 2260 at any time of the birth year."""
    births = values.str.slice(0, 10)
    distinct = births.filter(pl.Series(fine)).unique()
    table = context.code_table()
    covered = frozenset(code[:2] for code, row in table.rows.items() if row.kind == "county")
    unknown = [
        birth for birth in distinct if not _placed(birth[:6], int(birth[6:]), table, covered)
    ]
    if not unknown:
        return np.zeros(len(values), dtype=np.bool_)
    return flags_of(births.is_in(unknown)) & fine


def _placed(code: str, year: int, table: CodeTable, covered: frozenset[str]) -> bool:
    """Tell whether ``code`` was a division in ``year``.

    Counties are judged in the provinces whose counties the table lists, elsewhere the province.
    Residence permits of foreigners start with 9, the province and a country.
    """
    province = code[1:3] if code[0] == "9" else code[:2]
    if province not in covered or code[0] == "9":
        return f"{province}0000" in table.rows
    row = table.rows.get(code)
    if row is None or row.kind in {"statistical", "grouping"}:
        return False
    started = row.valid_from is None or row.valid_from.year <= year
    return started and (row.valid_to is None or year <= row.valid_to.year)


def _sex(values: pl.Series) -> pl.Series:
    odd = values.str.slice(16, 1).cast(pl.Int8, strict=False) % 2
    return odd.cast(pl.String).replace_strict({"1": "1", "0": "2"}, default=None)


def _birth_date(values: pl.Series) -> pl.Series:
    return values.str.slice(6, 4) + "-" + values.str.slice(10, 2) + "-" + values.str.slice(12, 2)


DERIVED = {"sex": _sex, "birth-date": _birth_date}
"""``sex``: GB/T 2261.1 from the sequence number (odd 1, even 2); ``birth-date``: ISO 8601."""
