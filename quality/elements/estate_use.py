"""规划用途代码, 不动产登记数据库标准."""

from __future__ import annotations

from quality.engine import codes
from quality.model import Element

ELEMENT = Element(
    code="estate_use",
    name="规划用途代码",
    identifier="GHYT",
    standard="不动产登记数据库标准",
    datatype="n2",
    definition="房屋的规划用途。",
    table="estate_use",
)
RULES = codes.RULES
normalise = codes.normalise
judge = codes.judge
