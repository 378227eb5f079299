"""Core metadata of 政务信息资源目录编制指南（试行）, 发改高技〔2017〕1272号, checked at load."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

from catalog.model import About, Cycle, Item, ShareType

ITEM_TYPES: Mapping[str, str] = {
    "C": "字符型",
    "N": "数值型",
    "Y": "货币型",
    "D": "日期型",
    "T": "日期时间型",
    "L": "逻辑型",
    "M": "备注型",
    "G": "通用型",
    "B": "双精度型",
    "I": "整型",
    "F": "浮点型",
}
_CODE = re.compile(r"^[1-3]\d{5}\d*/\d+$")
_ORG = re.compile(r"^[0-9A-HJ-NPQRTUWXY]{18}$")


@dataclass(frozen=True, slots=True)
class Term:
    """One metadata element: ``obligation`` is M, C (see ``_conditions``) or O."""

    name: str
    title: str
    obligation: str
    values: Mapping[str, str]


@cache
def terms() -> tuple[Term, ...]:
    """Read ``reference/catalog_metadata.csv``."""
    text = (resources.files("catalog") / "reference" / "catalog_metadata.csv").read_text("utf-8")
    return tuple(
        Term(
            row["name_en"],
            row["name_zh"],
            row["obligation"],
            dict(_pair(item) for item in row["values"].split("|") if item),
        )
        for row in csv.DictReader(text.splitlines())
    )


def _pair(item: str) -> tuple[str, str]:
    code, _, title = item.partition(" ")
    return code, title


def about_problems(raw: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with a table of core metadata, one sentence each."""
    for term in terms():
        value = str(raw.get(term.name, ""))
        if term.obligation == "M" and not value:
            yield f"about.{term.name} ({term.title}) is required"
        elif value and term.values and value not in term.values:
            yield f"about.{term.name} must be one of {', '.join(term.values)}, not {value}"
    yield from _conditions(raw)
    if raw.get("code") and not _CODE.match(str(raw["code"])):
        yield "about.code must be 类1 + 项2 + 目3 + 细目 digits, '/' and a serial"
    if raw.get("provider_code") and not _ORG.match(str(raw["provider_code"])):
        yield "about.provider_code must be a credit code of 18 characters"
    try:
        date.fromisoformat(str(raw.get("pub_date", "")))
    except ValueError:
        yield "about.pub_date must be CCYY-MM-DD"


def _conditions(raw: Mapping[str, Any]) -> Iterator[str]:
    shared = str(raw.get("share_type", ""))
    if shared in {"2", "3"} and not raw.get("share_condition"):
        what = "the condition" if shared == "2" else "the law, regulation or decree"
        yield f"about.share_condition must state {what} for share_type {shared}"
    if str(raw.get("open_flag", "")) == "1" and not raw.get("open_condition"):
        yield "about.open_condition is required when open_flag is 1"


def item_problems(column: str, raw: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with one 信息项."""
    if not raw.get("name"):
        yield f"items.{column}.name is required"
    if str(raw.get("type", "C")) not in ITEM_TYPES:
        yield f"items.{column}.type must be one of {' '.join(ITEM_TYPES)}"
    if not isinstance(raw.get("length", 0), int) or raw.get("length", 0) < 0:
        yield f"items.{column}.length must be a number of characters"


def about(raw: Mapping[str, Any]) -> About:
    """Build the metadata of a table without problems."""
    return About(
        category=str(raw["category"]),
        name=str(raw["name"]),
        code=str(raw["code"]),
        provider=str(raw["provider"]),
        provider_code=str(raw["provider_code"]),
        abstract=str(raw["abstract"]),
        format=str(raw["format"]),
        share_type=ShareType(str(raw["share_type"])),
        share_condition=str(raw.get("share_condition", "")),
        share_method=str(raw["share_method"]),
        open_flag=str(raw["open_flag"]) == "1",
        open_condition=str(raw.get("open_condition", "")),
        refresh_cycle=Cycle(str(raw["refresh_cycle"])),
        pub_date=str(raw["pub_date"]),
        relation_code=str(raw.get("relation_code", "")),
        aliases=tuple(str(item) for item in raw.get("aliases", ())),
        keywords=tuple(str(item) for item in raw.get("keywords", ())),
    )


def item(column: str, source_column: str, raw: Mapping[str, Any]) -> Item:
    """Build one 信息项 without problems."""
    return Item(
        column=column,
        name=str(raw["name"]),
        type=str(raw.get("type", "C")),
        length=int(raw.get("length", 0)),
        source_column=source_column,
        sensitive=bool(raw.get("sensitive", False)),
        description=str(raw.get("description", "")),
    )
