"""婚姻状况代码, GB/T 2261.2-2003."""

from __future__ import annotations

from quality.engine import codes
from quality.model import Element

ELEMENT = Element(
    code="marital_status",
    name="婚姻状况代码",
    identifier="HYZKDM",
    standard="GB/T 2261.2-2003",
    datatype="n2",
    definition="个人婚姻状况的代码。",
    table="marital_status",
)
RULES = codes.RULES
normalise = codes.normalise
judge = codes.judge
