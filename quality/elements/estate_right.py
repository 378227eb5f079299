"""权利类型代码, 不动产登记数据库标准."""

from __future__ import annotations

from quality.engine import codes
from quality.model import Element

ELEMENT = Element(
    code="estate_right",
    name="权利类型代码",
    identifier="QLLX",
    standard="不动产登记数据库标准",
    datatype="n..2",
    definition="不动产权利的类型。",
    table="estate_right",
)
RULES = codes.RULES
normalise = codes.normalise
judge = codes.judge
