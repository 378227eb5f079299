"""统一社会信用代码, GB 32100-2015, with the organisation code of GB 11714 inside."""

from __future__ import annotations

import numpy as np
import polars as pl

from quality.engine import digits, text
from quality.engine.shape import Context, Verdicts, first_of, flags_of, no_verdicts
from quality.errors import Code
from quality.model import Element

ELEMENT = Element(
    code="credit_code",
    name="统一社会信用代码",
    identifier="TYSHXYDM",
    standard="GB 32100-2015",
    datatype="c18",
    definition="法人和其他组织的唯一代码：登记管理部门、机构类别、登记机关区划、主体标识码、校验码。",
)
RULES = (Code.CREDIT_FORMAT, Code.CREDIT_CHECK, Code.CREDIT_ORG)


def normalise(raw: pl.Series, context: Context) -> pl.Series:
    """Narrow, drop spaces and hyphens, write letters in upper case."""
    del context
    values = text.upper(text.compact(raw))
    hyphened = values.str.contains("-", literal=True)
    return text.on_rows(values, hyphened, lambda rows: rows.str.replace_all("-", "", literal=True))


def judge(values: pl.Series, context: Context) -> Verdicts:
    """Check alphabet, weighted sum mod 31 and the check digit of the organisation code."""
    del context
    verdicts = no_verdicts(len(values))
    sized = flags_of((values.str.len_bytes() == 18) & (values.str.len_chars() == 18))
    verdicts[flags_of(values.is_not_null()) & ~sized] = 1
    places = np.flatnonzero(sized)
    if len(places) == 0:
        return verdicts
    codes = digits.matrix(values.gather(places), 18)
    numbers = digits.credit_values(codes)
    malformed = (numbers < 0).any(axis=1) | ~digits.are_digits(codes[:, 2:8])
    wrong = digits.credit_check(numbers[:, :17]) != codes[:, 17]
    foreign = digits.org_check(codes[:, 8:16]) != codes[:, 16]
    verdicts[places] = first_of(malformed, wrong, foreign)
    return verdicts
