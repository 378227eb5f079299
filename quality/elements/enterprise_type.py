"""市场主体类型代码, 市场监管总局代码表."""

from __future__ import annotations

from quality.engine import codes
from quality.model import Element

ELEMENT = Element(
    code="enterprise_type",
    name="市场主体类型代码",
    identifier="SCZTLX",
    standard="市场监管总局代码表",
    datatype="n4",
    definition="企业、个体工商户、农民专业合作社等市场主体的类型。",
    table="enterprise_type",
)
RULES = codes.RULES
normalise = codes.normalise
judge = codes.judge
