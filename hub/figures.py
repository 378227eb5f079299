"""The hub's numbers on its home page, each counted from what is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit import store
from catalog.model import Resource
from certificates.register_model import Step

if TYPE_CHECKING:
    from hub.wiring import Hub


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its words."""

    zh: str
    en: str
    value: int


def figures(hub: Hub, resources: Sequence[Resource]) -> tuple[Figure, ...]:
    """Count resources, published rows, certificates issued, entries of the log."""
    counts = hub.register.counts()
    issued = sum(count for (_, step), count in counts.items() if step is Step.ISSUED)
    entries = hub.database.transactions.read(lambda tx: store.head(tx, hub.log.origin).size)
    return (
        Figure("信息资源", "resources", len(resources)),
        Figure("已发布数据行", "rows published", sum(item.rows for item in resources)),
        Figure("已签发证照", "certificates issued", issued),
        Figure("日志条目", "log entries", entries),
    )
