"""证件号码（多值）: citizen ids and credit codes of several parties in one cell, joined by 、."""

from __future__ import annotations

import polars as pl

from quality.elements import citizen_id, credit_code
from quality.engine import several
from quality.engine.shape import Context, Verdicts
from quality.errors import Code
from quality.model import Element, Mask, Sensitivity

ELEMENT = Element(
    code="party_codes",
    name="证件号码（多值）",
    identifier="ZJH",
    standard="GB 11643-1999；GB 32100-2015",
    datatype="c18..500",
    definition="一个或多个公民身份号码、统一社会信用代码，以顿号分隔，次序与姓名一致。",
    sensitivity=Sensitivity.IDENTIFYING,
    mask=Mask.ID,
    table="division",
)
RULES = (*citizen_id.RULES, *credit_code.RULES, Code.LIST_REPEATED)
_BETWEEN = r"\s*[、;；,，/|\r\n]+\s*"
_CREDIT_LIKE = r"[A-WYZ]|X."
"""A letter that no citizen id has, or an X that is not the last character."""


def normalise(raw: pl.Series, context: Context) -> pl.Series:
    """Read numbers parted by 、 ; , / | or line breaks, each in its standard form."""
    return several.normalise(raw, _one, context, _BETWEEN)


def _one(raw: pl.Series, context: Context) -> pl.Series:
    return credit_code.normalise(citizen_id.normalise(raw, context), context)


def judge(values: pl.Series, context: Context) -> Verdicts:
    """Accept what is a sound citizen id or a sound credit code, and each of them once."""
    verdicts = several.judge(values, _judge_one, context)
    return several.append(verdicts, several.repeated(values), len(RULES))


def _judge_one(values: pl.Series, context: Context) -> Verdicts:
    person = citizen_id.judge(values, context)
    body = credit_code.judge(values, context)
    lettered = values.str.contains(_CREDIT_LIKE).fill_null(value=False).to_numpy()
    found = person.copy()
    found[lettered] = body[lettered] + len(citizen_id.RULES)
    found[(person == 0) | (body == 0)] = 0
    return found
