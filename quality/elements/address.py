"""地址: a postal or registered address in Chinese."""

from __future__ import annotations

import polars as pl

from quality.engine import text
from quality.engine.shape import Context, Verdicts, first_of, flags_of
from quality.errors import Code
from quality.model import Element, Mask, Sensitivity

ELEMENT = Element(
    code="address",
    name="地址",
    identifier="DZMC",
    standard="GA/T 543.1-2011",
    datatype="c..200",
    definition="省、市、县（区）、街路巷、门牌号组成的详细地址，数字用半角。",
    sensitivity=Sensitivity.PERSONAL,
    mask=Mask.ADDRESS,
)
RULES = (Code.TEXT_FORMAT,)
_WIDE = {chr(code): chr(code - 0xFEE0) for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B))}


def normalise(raw: pl.Series, context: Context) -> pl.Series:
    """Narrow digits and letters, keep Chinese punctuation, drop white space."""
    del context
    return text.where(raw, f"{text.ODD}|[０-９Ａ-Ｚ]", _clean)


def _clean(rows: pl.Series) -> pl.Series:
    values = text.tidy(rows)
    wide = values.str.contains("[０-９Ａ-Ｚ]")
    values = text.on_rows(values, wide, lambda some: some.str.replace_many(_WIDE))
    spaced = values.str.contains(r"\s")
    return text.on_rows(values, spaced, lambda some: some.str.replace_all(r"\s+", ""))


def judge(values: pl.Series, context: Context) -> Verdicts:
    """Ask for 4 to 200 characters, a Han character among them, and no lost characters."""
    del context
    length = values.str.len_chars()
    lost = values.str.contains("[\ufffd\ue000-\uf8ff]")
    wordless = ~values.str.contains(r"\p{Han}")
    return first_of(flags_of(lost | wordless | (length < 4) | (length > 200)))
