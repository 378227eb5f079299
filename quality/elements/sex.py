"""性别代码, GB/T 2261.1-2003."""

from __future__ import annotations

from quality.engine import codes
from quality.model import Element

ELEMENT = Element(
    code="sex",
    name="性别代码",
    identifier="XBDM",
    standard="GB/T 2261.1-2003",
    datatype="n1",
    definition="人的性别的代码。",
    table="sex",
)
RULES = codes.RULES
normalise = codes.normalise
judge = codes.judge
