"""登记状态代码, 市场监管总局代码表."""

from __future__ import annotations

from quality.engine import codes
from quality.model import Element

ELEMENT = Element(
    code="enterprise_status",
    name="登记状态代码",
    identifier="DJZT",
    standard="市场监管总局代码表",
    datatype="n1",
    definition="市场主体登记状态。",
    table="enterprise_status",
)
RULES = codes.RULES
normalise = codes.normalise
judge = codes.judge
