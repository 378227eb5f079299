"""不动产单元代码, GB/T 37346-2019: 28 characters from county to flat."""

from __future__ import annotations

import polars as pl

from quality.engine import text
from quality.engine.shape import Context, Verdicts, first_of, flags_of
from quality.errors import Code
from quality.model import Element

ELEMENT = Element(
    code="estate_unit_number",
    name="不动产单元代码",
    identifier="BDCDYH",
    standard="GB/T 37346-2019",
    datatype="c28",
    definition="县级区划6位、地籍区3位、地籍子区3位、宗地特征2位、宗地顺序号5位、定着物9位。",
    table="division",
)
RULES = (Code.NUMBER_FORMAT, Code.UNIT_DIVISION)
_FORM = r"^[0-9]{12}[GJZ][A-HSWXY][0-9]{5}[FLQW][0-9]{8}$"


def normalise(raw: pl.Series, context: Context) -> pl.Series:
    """Narrow, drop spaces and the blanks between the groups, write letters in upper case."""
    del context
    values = text.where(raw, text.ODD_CODE, lambda rows: text.upper(text.compact(rows)))
    hyphened = values.str.contains("-", literal=True)
    return text.on_rows(values, hyphened, lambda rows: rows.str.replace_all("-", "", literal=True))


def judge(values: pl.Series, context: Context) -> Verdicts:
    """Ask for the form and for a county of GB/T 2260, abolished ones included: units keep theirs.

    Counties are judged in the provinces whose counties the table lists.
    """
    rows = context.code_table().rows
    covered = {code[:2] for code, row in rows.items() if row.kind == "county"}
    spelled = values.str.contains(_FORM)
    counties = values.str.slice(0, 6)
    listed = counties.str.slice(0, 2).is_in(sorted(covered))
    return first_of(flags_of(~spelled), flags_of(listed & ~counties.is_in(list(rows))))
