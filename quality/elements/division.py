"""行政区划代码, GB/T 2260-2007."""

from __future__ import annotations

from quality.engine import codes
from quality.model import Element

ELEMENT = Element(
    code="division",
    name="行政区划代码",
    identifier="XZQHDM",
    standard="GB/T 2260-2007",
    datatype="n6",
    definition="县及县以上行政区划的数字代码，随设立和撤销而有起止日期。",
    table="division",
)
RULES = codes.RULES
normalise = codes.normalise
judge = codes.judge
