"""权利人类型代码, 不动产登记数据库标准."""

from __future__ import annotations

from quality.engine import codes
from quality.model import Element

ELEMENT = Element(
    code="owner_kind",
    name="权利人类型代码",
    identifier="QLRLX",
    standard="不动产登记数据库标准",
    datatype="n..2",
    definition="不动产权利人的类型。",
    table="owner_kind",
)
RULES = codes.RULES
normalise = codes.normalise
judge = codes.judge
