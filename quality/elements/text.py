"""A free text of one line: tidied, without control and replacement characters."""

from __future__ import annotations

import polars as pl

from quality.engine import text
from quality.engine.shape import Context, Verdicts, first_of, flags_of
from quality.errors import Code
from quality.model import Element

ELEMENT = Element(
    code="text",
    name="文本",
    identifier="WB",
    standard="GB/T 18391.1-2009",
    datatype="c..500",
    definition="单行文字说明。",
)
RULES = (Code.TEXT_FORMAT,)


def normalise(raw: pl.Series, context: Context) -> pl.Series:
    """Cut white space at both ends and reduce white space inside to one space."""
    del context
    return text.where(raw, text.ODD, lambda rows: text.tidy(rows).str.replace_all(r"\s+", " "))


def judge(values: pl.Series, context: Context) -> Verdicts:
    """Refuse texts over 500 characters and those that lost characters on their way."""
    del context
    lost = values.str.contains("[\ufffd\ue000-\uf8ff]")
    return first_of(flags_of(lost | (values.str.len_chars() > 500)))
