"""落户状态, 本平台代码表."""

from __future__ import annotations

from quality.engine import codes
from quality.model import Element

ELEMENT = Element(
    code="registration_state",
    name="落户状态",
    identifier="LHZT",
    standard="本平台代码表",
    datatype="n1",
    definition="出生登记办理状态：0 待落户，1 已落户。",
    table="registration_state",
)
RULES = codes.RULES
normalise = codes.normalise
judge = codes.judge
