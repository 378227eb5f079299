"""家庭关系代码, GB/T 4761-2008."""

from __future__ import annotations

from quality.engine import codes
from quality.model import Element

ELEMENT = Element(
    code="relation",
    name="家庭关系代码",
    identifier="JTGXDM",
    standard="GB/T 4761-2008",
    datatype="n2",
    definition="家庭成员与户主关系的代码。",
    table="relation",
)
RULES = codes.RULES
normalise = codes.normalise
judge = codes.judge
