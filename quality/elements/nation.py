"""民族代码, GB/T 3304-1991."""

from __future__ import annotations

from quality.engine import codes
from quality.model import Element

ELEMENT = Element(
    code="nation",
    name="民族代码",
    identifier="MZDM",
    standard="GB/T 3304-1991",
    datatype="n2",
    definition="中国各民族的数字代码。",
    table="nation",
)
RULES = codes.RULES
normalise = codes.normalise
judge = codes.judge
