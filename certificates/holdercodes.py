"""持证主体代码类型 of GB/T 36903: which kinds of numbers may name a holder."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal


@dataclass(frozen=True, slots=True)
class HolderCodeType:
    """One row: ``111`` 公民身份号码 names natural persons, ``001`` 统一社会信用代码 legal ones."""

    code: str
    title: str
    kind: Literal["natural", "legal"]


@cache
def holder_code_types() -> Mapping[str, HolderCodeType]:
    """Return all types by code. An unknown code is refused, never passed on."""
    text = (resources.files(__package__) / "codes" / "holder-codes.csv").read_text("utf-8")
    return {
        row["code"]: HolderCodeType(
            row["code"], row["name_zh"], "legal" if row["holder_kind"] == "legal" else "natural"
        )
        for row in csv.DictReader(text.splitlines())
    }
