"""Reads the registry ``catalog/sources``: one TOML file per department's delivery.

``sources/README.md`` describes the file. Sources exist only in a hub's overlay
(``$TONGBAN_HOME/registry/catalog/sources``); all faults of a file are reported at once.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from catalog import connectors, guide
from catalog.errors import Code
from catalog.fetching import Fetcher, at_home
from catalog.model import DeliverySpec, Source
from kernel import registry
from kernel.errors import TongbanError
from kernel.ids import ResourceId

_NAME = re.compile(r"^[a-z][a-z0-9-]{0,62}$")
_COLUMN = re.compile(r"^[a-z][a-z0-9_]{0,62}$")
_ENCODINGS = ("auto", "utf-8", "gb18030")
_TOP = {
    "title", "org", "connector", "suite", "resource", "key",
    "delivery", "fetch", "columns", "rhythm", "about", "items",
}  # fmt: skip
_DELIVERY = {
    "pattern", "encoding", "separator", "title_rows", "header_rows", "sheet", "optional",
    "block_mib", "max_mib",
}  # fmt: skip
_INBOX = ("csv", "xlsx", "zip")
"""Connectors known to read the inbox; they are not imported, which takes long, to be asked."""
_MIB = 1024 * 1024
_PRESETS = ("", "@hourly", "@daily", "@weekly", "@monthly", "@yearly")
_CRON = re.compile(r"(\*|\d+(-\d+)?)(/[1-9]\d*)?(,(\*|\d+(-\d+)?)(/[1-9]\d*)?)*")
_CRON_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
"""Least and largest number of minute, hour, day, month and weekday."""


def load(home: Path | None) -> Mapping[str, Source]:
    """Read every source of a hub, by name; raises TongbanError for the first faulty one."""
    sources, faults = load_each(home)
    for fault in faults.values():
        raise fault
    return sources


def load_each(home: Path | None) -> tuple[Mapping[str, Source], Mapping[str, TongbanError]]:
    """Read every source and, by name, the fault of each file that cannot be used.

    One department's faulty file must not stop the others. A fault is ``source-invalid``, also for
    sources that claim one resource: each resource has one source (一数一源).
    """
    sources: dict[str, Source] = {}
    faults: dict[str, TongbanError] = {}
    for name, member in registry.load("catalog", "sources", ".toml", home).members.items():
        try:
            sources[name] = parse(name, member.data, member.digest, home)
        except TongbanError as fault:
            faults[name] = fault
    claims = Counter(source.resource for source in sources.values())
    for name, source in list(sources.items()):
        if claims[source.resource] > 1:
            problem = f"resource {source.resource} has another source already"
            faults[name] = _invalid(name, [problem])
            del sources[name]
    return sources, faults


def in_order(sources: Mapping[str, Source]) -> tuple[Source, ...]:
    """Return sources so that each follows those whose resources it looks into.

    A circle is cut at the name that comes first; rules then see the version before this one.
    """
    by_resource = {str(source.resource): source for source in sources.values()}
    done: dict[str, Source] = {}

    def visit(source: Source, path: tuple[str, ...]) -> None:
        if source.name in done or source.name in path:
            return
        for resource in source.after:
            if resource in by_resource:
                visit(by_resource[resource], (*path, source.name))
        done[source.name] = source

    for name in sorted(sources):
        visit(sources[name], ())
    return tuple(done.values())


def parse(name: str, data: bytes, digest: str = "", home: Path | None = None) -> Source:
    """Read one source file; raises TongbanError ``source-invalid`` that lists every fault."""
    try:
        raw = tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _invalid(name, [str(error)]) from error
    problems = list(_problems(name, raw))
    if problems:
        raise _invalid(name, problems)
    return _build(name, raw, digest, home)


def _invalid(name: str, problems: list[str]) -> TongbanError:
    return TongbanError(Code.SOURCE_INVALID, source=name, problems="; ".join(problems))


def _problems(name: str, raw: Mapping[str, Any]) -> Iterator[str]:
    if not _NAME.match(name):
        yield "the file name must be lower-case letters, digits and hyphens"
    yield from (f"unknown entry {key}" for key in sorted(set(raw) - _TOP))
    for key in ("title", "org", "connector", "suite", "resource"):
        if not isinstance(raw.get(key), str) or not raw[key]:
            yield f"{key} is required"
    if raw.get("connector") not in connectors.names():
        yield f"connector must be one of {', '.join(connectors.names())}"
    if not _NAME.match(str(raw.get("resource", ""))):
        yield "resource must be lower-case letters, digits and hyphens"
    for table in ("delivery", "fetch", "columns", "rhythm", "about", "items"):
        if not isinstance(raw.get(table, {}), dict):
            yield f"[{table}] must be a table"
            return
    yield from _delivery_problems(raw.get("delivery", {}), "*" if "fetch" in raw else None)
    yield from _fetch_problems(raw)
    yield from _list_problems(raw)
    if not _is_schedule(raw.get("rhythm", {}).get("schedule", "")):
        yield "rhythm.schedule must be a preset or five cron fields of numbers"
    yield from _column_problems(raw)
    about = {"provider_code": raw.get("org", ""), **raw.get("about", {})}
    yield from guide.about_problems(about)
    if about["provider_code"] != raw.get("org"):
        yield "about.provider_code must equal org"


def _fetch_problems(raw: Mapping[str, Any]) -> Iterator[str]:
    """Let a connector that brings the bytes itself judge its table."""
    name = raw.get("connector")
    if name not in connectors.names() or (name in _INBOX and "fetch" not in raw):
        return
    connector = connectors.by_name(name)
    if isinstance(connector, Fetcher):
        yield from connector.problems(raw.get("fetch", {}))
    elif "fetch" in raw:
        yield f"[fetch] is not for the connector {name}"


def _delivery_problems(raw: Mapping[str, Any], default: str | None) -> Iterator[str]:
    yield from (f"unknown entry delivery.{key}" for key in sorted(set(raw) - _DELIVERY))
    pattern = raw.get("pattern", default)
    if not isinstance(pattern, str) or not pattern or "/" in pattern or ".." in pattern:
        yield "delivery.pattern must be a file name pattern without folders"
    if raw.get("encoding", "auto") not in _ENCODINGS:
        yield f"delivery.encoding must be one of {', '.join(_ENCODINGS)}"
    separator = raw.get("separator", ",")
    if not (isinstance(separator, str) and len(separator) == 1 and separator.isascii()):
        yield "delivery.separator must be one ASCII character"
    for key, least in (("title_rows", 0), ("header_rows", 1), ("block_mib", 1), ("max_mib", 1)):
        if key in raw and not (isinstance(raw[key], int) and raw[key] >= least):
            yield f"delivery.{key} must be a whole number, at least {least}"


def _list_problems(raw: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the lists of names: a text would be read as its characters."""
    for table, key in (("delivery", "optional"), ("rhythm", "after")):
        value = raw.get(table, {}).get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            yield f"{table}.{key} must be a list of texts"
        elif key == "optional":
            unmapped = sorted(set(value) - set(raw.get("columns", {})))
            yield from (f"delivery.optional names an unmapped title {title}" for title in unmapped)


def _is_schedule(value: object) -> bool:
    """Tell whether Airflow will take it: one it refuses would leave the source without runs."""
    if not isinstance(value, str):
        return False
    if value in _PRESETS:
        return True
    fields = value.split()
    return len(fields) == len(_CRON_RANGES) and all(
        _CRON.fullmatch(field)
        and all(least <= int(part) <= most for part in re.findall(r"(?<![/\d])\d+", field))
        for field, (least, most) in zip(fields, _CRON_RANGES, strict=True)
    )


def _column_problems(raw: Mapping[str, Any]) -> Iterator[str]:
    columns = raw.get("columns", {})
    if not columns:
        yield "[columns] maps no title"
    names = [str(value) for value in columns.values()]
    yield from (
        f"columns: {value} is no column name" for value in names if not _COLUMN.match(value)
    )
    doubles = [value for value, count in Counter(names).items() if count > 1]
    yield from (f"columns: {value} is mapped twice" for value in doubles)
    key = raw.get("key", [])
    if not isinstance(key, list) or not key:
        yield "key must list the columns that identify a row"
    else:
        yield from (f"key names an unmapped column {value}" for value in key if value not in names)
    items = raw.get("items", {})
    yield from (f"items.{value} is missing" for value in names if value not in items)
    for column, item in items.items():
        if column not in names:
            yield f"items.{column} describes an unmapped column"
        elif isinstance(item, dict):
            yield from guide.item_problems(column, item)
        else:
            yield f"items.{column} must be a table"


def _build(name: str, raw: Mapping[str, Any], digest: str, home: Path | None) -> Source:
    rhythm = raw.get("rhythm", {})
    columns = {str(title): str(column) for title, column in raw["columns"].items()}
    return Source(
        name=name,
        title=raw["title"],
        org=raw["org"],
        connector=raw["connector"],
        suite=raw["suite"],
        resource=ResourceId(raw["resource"]),
        key=tuple(raw["key"]),
        delivery=_delivery(raw.get("delivery", {})),
        columns=columns,
        about=guide.about({"provider_code": raw["org"], **raw["about"]}),
        items=tuple(
            guide.item(column, title, raw["items"][column]) for title, column in columns.items()
        ),
        schedule=str(rhythm.get("schedule", "")),
        after=tuple(str(item) for item in rhythm.get("after", ())),
        digest=digest,
        fetch=at_home(raw.get("fetch", {}), home),
    )


def _delivery(raw: Mapping[str, Any]) -> DeliverySpec:
    return DeliverySpec(
        pattern=raw.get("pattern", "*"),
        encoding=raw.get("encoding", "auto"),
        separator=raw.get("separator", ","),
        title_rows=raw.get("title_rows"),
        header_rows=raw.get("header_rows", 1),
        sheet=raw.get("sheet", ""),
        optional=tuple(raw.get("optional", ())),
        block_bytes=raw.get("block_mib", 16) * _MIB,
        max_bytes=raw.get("max_mib", 2048) * _MIB,
    )
