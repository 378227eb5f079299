"""``/v1/resources``: the catalogue for machines: entries, versions, quarantine, search."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from catalog.model import Resource, Version
from hub.refusal import granted
from hub.visitor import Caller, KnownCaller, hub_of

router = APIRouter(tags=["catalogue"])


class ItemAnswer(BaseModel):
    """信息项: one column."""

    column: str
    name: str
    type: str
    length: int
    sensitive: bool


class ResourceAnswer(BaseModel):
    """One entry. ``about`` holds the core metadata of the 2017 guide."""

    id: str
    provider_code: str
    about: dict[str, Any]
    items: list[ItemAnswer]
    current: str | None
    updated_at: datetime | None
    rows: int
    score: int | None


class VersionAnswer(BaseModel):
    """One version; ``rows_in`` = ``published`` + ``quarantined``."""

    id: str
    number: int
    published_at: datetime
    rows_in: int
    published: int
    quarantined: int
    added: int
    removed: int
    changed: int
    score: int


class FindingAnswer(BaseModel):
    """One finding; ``value`` is masked where the column is sensitive."""

    file: str
    row: int
    rule: str
    column: str
    value: str


class QuarantineAnswer(BaseModel):
    """One page of findings and the totals by rule."""

    total: int
    offset: int
    by_rule: Mapping[str, int]
    findings: list[FindingAnswer]


class HitAnswer(BaseModel):
    """One search result, best first."""

    resource: str
    name: str
    provider: str
    abstract: str


def shown(entry: Resource) -> ResourceAnswer:
    """Return an entry as the interface shows it."""
    about = entry.about
    return ResourceAnswer(
        id=entry.id,
        provider_code=entry.org,
        about={
            "category": about.category,
            "name": about.name,
            "code": about.code,
            "provider": about.provider,
            "provider_code": about.provider_code,
            "abstract": about.abstract,
            "format": about.format,
            "share_type": about.share_type.value,
            "share_condition": about.share_condition,
            "share_method": about.share_method,
            "open_flag": about.open_flag,
            "open_condition": about.open_condition,
            "refresh_cycle": about.refresh_cycle.value,
            "pub_date": about.pub_date,
            "relation_code": about.relation_code,
        },
        items=[
            ItemAnswer(
                column=item.column,
                name=item.name,
                type=item.type,
                length=item.length,
                sensitive=item.sensitive,
            )
            for item in entry.items
        ],
        current=entry.current,
        updated_at=datetime.fromisoformat(entry.updated_at) if entry.updated_at else None,
        rows=entry.rows,
        score=entry.score.total if entry.score else None,
    )


def version_shown(version: Version) -> VersionAnswer:
    """Return a version as the interface shows it."""
    return VersionAnswer(
        id=version.id,
        number=version.number,
        published_at=datetime.fromisoformat(version.published_at),
        rows_in=version.counts.rows_in,
        published=version.counts.published,
        quarantined=version.counts.quarantined,
        added=version.added,
        removed=version.removed,
        changed=version.changed,
        score=version.score.total,
    )


@router.get("/v1/resources")
async def resources(request: Request, caller: Caller) -> list[ResourceAnswer]:
    """Lists the entries of the catalogue in order of their codes."""
    found = granted(hub_of(request).catalog.resources(caller))
    return [shown(entry) for entry in found]


@router.get("/v1/resources/{resource}")
async def resource(request: Request, caller: Caller, resource: str) -> ResourceAnswer:
    """Describes one entry with its items and its current version."""
    return shown(granted(hub_of(request).catalog.resource(caller, resource)))


@router.get("/v1/resources/{resource}/versions")
async def versions(request: Request, caller: Caller, resource: str) -> list[VersionAnswer]:
    """Lists the versions of an entry, newest first."""
    found = granted(hub_of(request).catalog.versions(caller, resource))
    return [version_shown(version) for version in found]


@router.get("/v1/resources/{resource}/quarantine")
async def quarantine(
    request: Request,
    caller: KnownCaller,
    resource: str,
    rule: Annotated[str, Query(max_length=100)] = "",
    offset: Annotated[int, Query(ge=0, le=100_000_000)] = 0,
) -> QuarantineAnswer:
    """Lists what the current version's delivery lost to quarantine, fifty findings at a time."""
    catalog = hub_of(request).catalog
    entry = granted(catalog.resource(caller, resource))
    if entry.current is None:
        return QuarantineAnswer(total=0, offset=0, by_rule={}, findings=[])
    page = granted(
        await run_in_threadpool(catalog.quarantine, caller, entry.current, rule=rule, offset=offset)
    )
    findings = [
        FindingAnswer(file=row.file, row=row.row, rule=row.rule, column=row.column, value=row.value)
        for row in page.rows
    ]
    return QuarantineAnswer(
        total=page.total, offset=page.offset, by_rule=page.by_rule, findings=findings
    )


@router.get("/v1/search")
async def search(
    request: Request, caller: Caller, q: Annotated[str, Query(min_length=1, max_length=100)]
) -> list[HitAnswer]:
    """Finds entries by name, alias, department, item or pinyin initials, best first."""
    hits = granted(hub_of(request).catalog.search(caller, q))
    return [
        HitAnswer(
            resource=hit.resource, name=hit.name, provider=hit.provider, abstract=hit.abstract
        )
        for hit in hits
    ]
