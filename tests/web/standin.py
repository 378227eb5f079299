"""A catalogue of plain data, so that pages can be shown without a pipeline. Tests only."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from catalog.model import (
    About,
    ColumnProfile,
    Counts,
    Cycle,
    Diff,
    Edge,
    Hit,
    Item,
    QuarantinedRow,
    QuarantinePage,
    Resource,
    Score,
    ShareType,
    Version,
)
from catalog.ports import Use
from kernel.actors import Actor, authorise
from kernel.errors import Refused, TongbanError
from kernel.ids import DeliveryId, ResourceId, VersionId
from quality.model import Dimension, RuleCount, Severity


def sample_resource() -> Resource:
    about = About(
        category="政务信息资源/基础信息资源/人口基础信息",
        name="人口基本信息",
        code="307001/000001",
        provider="示例市公安局",
        provider_code="11410100MB0TE0038G",
        abstract="本市常住人口的基本登记信息，供依法履职的部门共享使用。",
        format="数据库",
        share_type=ShareType.CONDITIONAL,
        share_condition="按事项所需字段共享",
        share_method="数据交换平台",
        open_flag=False,
        open_condition="",
        refresh_cycle=Cycle.DAILY,
        pub_date="2026-03-01",
    )
    items = (
        Item("id_number", "公民身份号码", "C", 18, "公民身份号码", sensitive=True),
        Item("name", "姓名", "C", 100, "姓名", sensitive=True),
        Item("sex", "性别", "C", 1, "性别代码"),
        Item("birth_date", "出生日期", "D", 10, "出生日期"),
    )
    score = Score(99, 96, 98, 100, 90, 97)
    return Resource(
        id=ResourceId("population"),
        source="ga-population",
        org="11410100MB0TE0038G",
        about=about,
        items=items,
        current=VersionId("population-2"),
        updated_at="2026-03-01T22:00:00.000Z",
        rows=1980,
        score=score,
    )


class StandinCatalog:
    """Answers like ``catalog.service.Catalog`` for one resource, or for none."""

    def __init__(self, *entries: Resource) -> None:
        self.entries = {str(item.id): item for item in entries}

    def resources(self, actor: Actor) -> tuple[Resource, ...] | Refused:
        allowed = authorise(actor, "catalog.read")
        return allowed if isinstance(allowed, Refused) else tuple(self.entries.values())

    def resource(self, actor: Actor, resource: str) -> Resource | Refused:
        if resource not in self.entries:
            raise TongbanError("resource-unknown", resource=resource)
        return self.entries[resource]

    def versions(self, actor: Actor, resource: str) -> tuple[Version, ...]:
        entry = self.entries[resource]
        if entry.current is None or entry.score is None:
            return ()
        return tuple(
            Version(
                id=VersionId(f"population-{number}"),
                resource=entry.id,
                number=number,
                batch=f"batch-{number}",
                delivery=DeliveryId("ga-population@1"),
                rules_digest="0" * 64,
                manifest="sha256:" + "0" * 64,
                counts=Counts(2000, 1980, 20, 23),
                score=entry.score,
                published_at=entry.updated_at,
                added=12,
                changed=3,
            )
            for number in (2, 1)
        )

    def lineage(self, actor: Actor, version: str) -> Any:
        entry = next(iter(self.entries.values()))
        edges = tuple(
            Edge(VersionId(version), file, item.source_column, item.column, f"de-{item.column}")
            for item in entry.items
            for file in ("常住人口_01.csv", "常住人口_02.csv")
        )
        uses = (Use("name", "household-register", "members.name", "姓名"),)
        return SimpleNamespace(edges=edges, uses=uses)

    def profile(self, actor: Actor, version: str) -> tuple[ColumnProfile, ...]:
        entry = next(iter(self.entries.values()))
        return tuple(ColumnProfile(item.column, 1980, 1900, 1, 18) for item in entry.items)

    def rules(self, actor: Actor, version: str) -> tuple[RuleCount, ...]:
        return (
            RuleCount(
                "id-check", "id_number", "身份号码校验码正确", 2000, 12, 0.02, Severity("error"),
                Dimension("validity"),
            ),
        )  # fmt: skip

    def diff(self, actor: Actor, before: str, after: str) -> Diff:
        return Diff(before, after, 12, 0, 3, 1968, {"address": 3})

    def quarantine(self, actor: Actor, batch: str, **more: Any) -> QuarantinePage | Refused:
        allowed = authorise(actor, "catalog.quarantine")
        if isinstance(allowed, Refused):
            return allowed
        rows = tuple(
            QuarantinedRow("常住人口_01.csv", row, "id-check", "id_number", "4101************12")
            for row in range(2, 52)
        )
        return QuarantinePage(60, more["offset"], rows, {"id-check": 60})

    def search(self, actor: Actor, text: str) -> tuple[Hit, ...]:
        return tuple(
            Hit(item.id, item.about.name, item.about.provider, item.about.abstract, 1.0)
            for item in self.entries.values()
            if text in item.about.name
        )
