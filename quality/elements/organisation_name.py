"""机构名称: the registered name of an enterprise or other organisation."""

from __future__ import annotations

import polars as pl

from quality.engine import text
from quality.engine.shape import Context, Verdicts, first_of, flags_of
from quality.errors import Code
from quality.model import Element

ELEMENT = Element(
    code="organisation_name",
    name="机构名称",
    identifier="JGMC",
    standard="企业名称登记管理规定",
    datatype="c2..200",
    definition="登记机关核准的机构名称。括号统一为全角。",
)
RULES = (Code.NAME_FORMAT,)
FORM = r"^[\p{Han}〇\p{Latin}\d·（）《》“”&'’.,、\- ]{2,200}$"
_LETTERS = r"[\p{Han}\p{Latin}].*[\p{Han}\p{Latin}]"
_BRACKETS = {"(": "（", ")": "）", "﹙": "（", "﹚": "）"}


def normalise(raw: pl.Series, context: Context) -> pl.Series:
    """Narrow letters and digits, write brackets in full width, drop blanks behind Han."""
    del context
    return text.narrow(raw).str.replace_many(_BRACKETS).str.replace_all(r"(\p{Han})\s+", "$1")


def judge(values: pl.Series, context: Context) -> Verdicts:
    """Accept 2 to 200 characters of a name with at least two letters or Han characters."""
    del context
    fine = values.str.contains(FORM) & values.str.contains(_LETTERS)
    return first_of(flags_of(~fine))
