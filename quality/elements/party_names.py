"""名称（多值）: the names of several persons or organisations in one cell, joined by 、."""

from __future__ import annotations

import polars as pl

from quality.elements import organisation_name
from quality.engine import several
from quality.engine.shape import Context, Verdicts
from quality.errors import Code
from quality.model import Element, Mask, Sensitivity

ELEMENT = Element(
    code="party_names",
    name="姓名或名称（多值）",
    identifier="XMMC",
    standard="GA/T 543.1-2011；企业名称登记管理规定",
    datatype="c..1000",
    definition="一个或多个自然人姓名、机构名称，以顿号分隔。",
    sensitivity=Sensitivity.PERSONAL,
    mask=Mask.NAME,
)
RULES = (Code.NAME_FORMAT,)
_BETWEEN = r"\s*[、;；，|\r\n]+\s*"
_COMMA = r"([\p{Han})）])\s*,\s*"
"""A comma of ASCII parts Chinese names; inside a Latin name (Co., Ltd.) it belongs to it."""


def normalise(raw: pl.Series, context: Context) -> pl.Series:
    """Read names parted by 、 ; ， | or line breaks; namesakes stay, each in its place."""
    split = raw.str.replace_all(_COMMA, "${1}、")
    return several.normalise(split, organisation_name.normalise, context, _BETWEEN)


def judge(values: pl.Series, context: Context) -> Verdicts:
    """Ask of each value what is asked of the name of an organisation; those of people pass it."""
    return several.judge(values, organisation_name.judge, context)
