"""共有方式代码, 不动产登记数据库标准."""

from __future__ import annotations

from quality.engine import codes
from quality.model import Element

ELEMENT = Element(
    code="estate_sharing",
    name="共有方式代码",
    identifier="GYFS",
    standard="不动产登记数据库标准",
    datatype="n1",
    definition="数名权利人对不动产的共有方式。",
    table="estate_sharing",
)
RULES = codes.RULES
normalise = codes.normalise
judge = codes.judge
