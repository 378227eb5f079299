"""Pages of the catalogue: the list, one resource, two versions compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from catalog.model import Cycle, Resource, ShareType, Version
from hub import charts
from hub.pages import data_docs
from hub.refusal import granted
from hub.views import render
from hub.visitor import Visiting, hub_of
from hub.words import rule_words
from kernel.actors import Actor
from quality.model import RuleCount

if TYPE_CHECKING:
    from hub.wiring import Hub

router = APIRouter(tags=["pages"], include_in_schema=False)

SHARE: Final = {
    ShareType.UNCONDITIONAL: ("无条件共享", "shared with all departments"),
    ShareType.CONDITIONAL: ("有条件共享", "shared on conditions"),
    ShareType.NONE: ("不予共享", "not shared"),
}
CYCLES: Final = {
    Cycle.REALTIME: ("实时更新", "updated at once"),
    Cycle.DAILY: ("每日更新", "updated daily"),
    Cycle.WEEKLY: ("每周更新", "updated weekly"),
    Cycle.MONTHLY: ("每月更新", "updated monthly"),
    Cycle.QUARTERLY: ("每季度更新", "updated quarterly"),
    Cycle.YEARLY: ("每年更新", "updated yearly"),
}
TYPES: Final = {
    "C": ("字符型", "text"),
    "N": ("数值型", "number"),
    "Y": ("货币型", "money"),
    "D": ("日期型", "date"),
    "T": ("日期时间型", "date and time"),
    "L": ("逻辑型", "yes or no"),
    "M": ("备注型", "memo"),
    "G": ("通用型", "general"),
    "B": ("双精度型", "double"),
    "I": ("整型", "integer"),
    "F": ("浮点型", "float"),
}
DIMENSIONS: Final = (
    ("completeness", "完整性", "Completeness"),
    ("validity", "规范性", "Validity"),
    ("uniqueness", "唯一性", "Uniqueness"),
    ("consistency", "一致性", "Consistency"),
    ("timeliness", "时效性", "Timeliness"),
)


@router.get("/resources")
async def resources(request: Request, visitor: Visiting) -> Response:
    """Lists the entries of the catalogue."""
    found = granted(hub_of(request).catalog.resources(visitor.actor))
    values = {"visitor": visitor, "resources": found, "share": SHARE}
    return render(request, "resources.html", values)


@router.get("/resources/{resource}")
async def resource_page(request: Request, visitor: Visiting, resource: str) -> Response:
    """Shows one entry: columns, quality, rules, lineage, versions, core metadata."""
    hub = hub_of(request)
    entry = granted(hub.catalog.resource(visitor.actor, resource))
    versions = granted(hub.catalog.versions(visitor.actor, entry.id))
    values: dict[str, Any] = {
        "visitor": visitor,
        "resource": entry,
        "versions": versions,
        "share": SHARE,
        "cycles": CYCLES,
        "types": TYPES,
        "dimensions": DIMENSIONS,
        "metadata": metadata(entry),
        "current": next((item for item in versions if item.id == entry.current), None),
    }
    may = visitor.may("catalog.quarantine")
    values["docs"] = data_docs.link(hub.settings.root, values["current"]) if may else ""
    values |= await run_in_threadpool(_details, hub, visitor.actor, entry, values["current"])
    return render(request, "resource.html", values)


def _details(hub: Hub, actor: Actor, entry: Resource, current: Version | None) -> dict[str, Any]:
    """Read what lies in the object store: lineage, profile, rule counts."""
    if current is None:
        return {"edges": (), "uses": (), "chart": None, "columns": {}, "rules": ()}
    lineage = granted(hub.catalog.lineage(actor, current.id))
    titles = {item.column: item.name for item in entry.items}
    profile = granted(hub.catalog.profile(actor, current.id))
    return {
        "edges": lineage.edges,
        "uses": lineage.uses,
        "chart": charts.lineage(lineage.edges, lineage.uses, titles),
        "columns": {item.column: item for item in profile},
        "rules": [
            rule_row(count, titles) for count in granted(hub.catalog.rules(actor, current.id))
        ],
    }


def rule_row(count: RuleCount, titles: Mapping[str, str]) -> dict[str, Any]:
    """Return one rule in words with its counts; the worst come first in the list."""
    zh, en = rule_words(count.rule, count.title)
    return {
        "rule": count.rule,
        "zh": zh,
        "en": en,
        "column": count.column,
        "item": titles.get(count.column, ""),
        "rows": count.rows,
        "bad": count.bad,
    }


def metadata(entry: Resource) -> list[tuple[str, str, str]]:
    """Return the core metadata of the 2017 guide under its own terms."""
    about = entry.about
    share, cycle = SHARE[about.share_type], CYCLES[about.refresh_cycle]
    return [
        ("信息资源分类", "Category", about.category),
        ("信息资源名称", "Name", about.name),
        ("信息资源代码", "Code", about.code),
        ("信息资源提供方", "Provider", about.provider),
        ("提供方代码", "Provider code", about.provider_code),
        ("信息资源摘要", "Abstract", about.abstract),
        ("信息资源格式", "Format", about.format),
        ("共享类型", "Sharing", share[0]),
        ("共享条件", "Sharing condition", about.share_condition),
        ("共享方式", "Sharing method", about.share_method),
        ("是否向社会开放", "Open to the public", "是" if about.open_flag else "否"),
        ("开放条件", "Condition of opening", about.open_condition),
        ("更新周期", "Update cycle", cycle[0]),
        ("发布日期", "Published", about.pub_date),
        ("关联资源代码", "Related resources", about.relation_code),
    ]


@router.get("/resources/{resource}/diff")
async def diff(
    request: Request, visitor: Visiting, resource: str, before: str, after: str
) -> Response:
    """Compares two versions by key: counts only, no personal data."""
    hub = hub_of(request)
    entry = granted(hub.catalog.resource(visitor.actor, resource))
    async with request.app.state.comparing:
        found = granted(await run_in_threadpool(hub.catalog.diff, visitor.actor, before, after))
    values = {"visitor": visitor, "resource": entry, "diff": found}
    return render(request, "diff.html", values)
