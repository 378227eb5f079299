"""The hub's numbers on its home page, each counted from what is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit import store
from catalog.model import Resource
from certificates import requests_store
from certificates.register_model import Step
from intake.reports import papers_spared
from kernel.ports import Tx

if TYPE_CHECKING:
    from hub.wiring import Hub


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its words."""

    zh: str
    en: str
    value: int


def figures(hub: Hub, resources: Sequence[Resource]) -> tuple[Figure, ...]:
    """Count resources, rows, certificates, papers spared, fetches and entries of the log.

    Four statements, whatever the size of the page; none of them reads a person.
    """
    counts = hub.register.counts()
    issued = sum(count for (_, step), count in counts.items() if step is Step.ISSUED)

    def count(tx: Tx) -> tuple[int, int, int, int]:
        served, refused = requests_store.outcomes(tx)
        return papers_spared(tx, hub.journeys), served, refused, store.head(tx, hub.log.origin).size

    papers, served, refused, entries = hub.database.transactions.read(count)
    return (
        Figure("信息资源", "resources", len(resources)),
        Figure("已发布数据行", "rows published", sum(item.rows for item in resources)),
        Figure("已签发证照", "certificates issued", issued),
        Figure("免交纸质材料", "papers not needed", papers),
        Figure("已答复用证", "fetches answered", served),
        Figure("已拒绝用证", "fetches refused", refused),
        Figure("日志条目", "log entries", entries),
    )
