"""姓名: Han characters of any plane, with · between parts; or Latin letters as in a passport."""

from __future__ import annotations

import polars as pl

from quality.engine import text
from quality.engine.shape import Context, Verdicts, first_of, flags_of
from quality.errors import Code
from quality.model import Element, Mask, Sensitivity

ELEMENT = Element(
    code="person_name",
    name="姓名",
    identifier="XM",
    standard="GA/T 543.1-2011",
    datatype="c..50",
    definition="在公安户籍管理部门正式登记注册的姓氏名称。间隔号统一为 U+00B7。",
    sensitivity=Sensitivity.PERSONAL,
    mask=Mask.NAME,
)
RULES = (Code.NAME_FORMAT,)
_DOTS = dict.fromkeys("•‧∙⋅・･．●", "·")
_ODD = f"{text.ODD}|[{''.join(_DOTS)}Ａ-Ｚａ-ｚ]"
_HAN = r"[\p{Han}〇]+(?:·[\p{Han}〇]+)*"
_LATIN = r"\p{Latin}+(?:[ .'’\-]+\p{Latin}+)*\.?"


def normalise(raw: pl.Series, context: Context) -> pl.Series:
    """Tidy, unify the separator dot, drop padding between Han characters (``张　三``)."""
    del context
    return text.where(raw, _ODD, _clean)


def _clean(rows: pl.Series) -> pl.Series:
    values = text.tidy(rows)
    dotted = values.str.contains(f"[{''.join(_DOTS)}]")
    values = text.on_rows(values, dotted, lambda some: some.str.replace_many(_DOTS))
    wide = values.str.contains("[Ａ-Ｚａ-ｚ]")
    values = text.on_rows(values, wide, text.narrow)
    spaced = values.str.contains(r"\s")
    return text.on_rows(values, spaced, _close)


def _close(rows: pl.Series) -> pl.Series:
    han = rows.str.contains(r"\p{Han}")
    closed = text.on_rows(rows, han, lambda some: some.str.replace_all(r"\s+", ""))
    return text.on_rows(closed, ~han, lambda some: some.str.replace_all(r"\s+", " "))


def judge(values: pl.Series, context: Context) -> Verdicts:
    """Accept Han or Latin names of 1 to 50 characters.

    Characters of the private use area, question marks and boxes are signs of a lost character.
    """
    del context
    formed = values.str.contains(f"^(?:{_HAN}|{_LATIN})$") & (values.str.len_chars() <= 50)
    return first_of(flags_of(~formed))
