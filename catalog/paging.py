"""A delivery that comes in pages: which to ask for, what each must look like, when they add up.

Every page lies in the fetch's own folder as it came. A run that was killed takes those pages for
read and goes on after the last; so the same code judges a page that was read now or before.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from catalog.errors import Code
from catalog.fetching import Desk
from catalog.ingest import files
from kernel.canonical import canonical
from kernel.clock import from_iso, to_iso
from kernel.errors import TongbanError

RESUMED = timedelta(hours=1)
"""Age up to which pages of a run that was killed still count as this delivery's."""
_DIGITS = 12
_REQUEST = "request"
Ask = Callable[[Mapping[str, str]], bytes]


@dataclass(frozen=True, slots=True)
class Plan:
    """How a service pages. ``…_at`` are members of an answer, parted by dots; empty: there is none.

    ``next_at`` makes it a service of cursors; otherwise pages are numbered from ``first_page`` on.
    """

    source: str
    page_param: str
    first_page: int
    fixed: Mapping[str, str]
    """Parameters of every question."""
    cursor_param: str
    records_at: str
    total_at: str
    pages_at: str
    page_at: str
    next_at: str
    state_at: str
    max_pages: int
    max_bytes: int

    def question(self, number: int, cursor: str) -> Mapping[str, str]:
        """Return the parameters that ask for the page of a number, counted from 1."""
        if self.next_at:
            return {**self.fixed, self.cursor_param: cursor} if cursor else self.fixed
        return {**self.fixed, self.page_param: str(number - 1 + self.first_page)}


@dataclass(frozen=True, slots=True)
class Page:
    """What an answer says. ``told`` must be the same on every page: total, pages and state."""

    records: list[Any]
    told: tuple[str, str, str]
    next: str
    size: int


def read(body: bytes, plan: Plan, number: int) -> Page:
    """Read one answer; raises ``answer-malformed`` with the part that is wrong."""
    value = parse(body, plan.source, number)
    records = _at(value, plan.records_at)
    if not isinstance(records, list):
        raise malformed(plan.source, number, plan.records_at)
    told = []
    for place in (plan.total_at, plan.pages_at):
        text = _at(value, place) if place else ""
        if place and not (isinstance(text, str) and text.isdecimal() and len(text) <= _DIGITS):
            raise malformed(plan.source, number, place)
        told.append(text)
    if plan.page_at and _at(value, plan.page_at) != str(number - 1 + plan.first_page):
        raise malformed(plan.source, number, plan.page_at)
    follows = _at(value, plan.next_at) if plan.next_at else None
    if not (follows is None or isinstance(follows, str)):
        raise malformed(plan.source, number, plan.next_at)
    state = json.dumps(_at(value, plan.state_at)) if plan.state_at else ""
    return Page(records, (told[0], told[1], state), follows or "", len(body))


def parse(body: bytes, source: str, number: int) -> Any:
    """Return JSON with its numbers as they were written, or raise ``answer-malformed``.

    A member that occurs twice is refused: readers do not agree on which one counts.
    """
    try:
        return json.loads(
            body.decode("utf-8-sig"),
            parse_int=str,
            parse_float=str,
            parse_constant=_none_such,
            object_pairs_hook=_object,
        )
    except (ValueError, RecursionError) as error:
        raise malformed(source, number, "JSON") from error


def records(path: Path, source: str, number: int, place: str) -> list[Any]:
    """Return the records of a page that was kept."""
    found = _at(parse(path.read_bytes(), source, number), place)
    return found if isinstance(found, list) else []


def malformed(source: str, number: int, reason: str) -> TongbanError:
    """Return the failure of a page whose part ``reason`` is wrong."""
    return TongbanError(Code.ANSWER_MALFORMED, source=source, page=number, reason=reason)


def begin(desk: Desk, request: Mapping[str, Any]) -> Path:
    """Return the folder of pages: that of a killed run when it asked the same, not long ago."""
    digest = hashlib.sha256(canonical(dict(request))).hexdigest()
    held = files.read_json(desk.work / f"{_REQUEST}.json")
    now = desk.clock.now()
    fresh = held and held["request"] == digest and now - from_iso(held["at"]) <= RESUMED
    if not fresh:
        desk.clear()
        noted = {"request": digest, "at": to_iso(now)}
        files.write_json(noted, desk.open() / f"{_REQUEST}.json", desk.probe)
    return desk.work


def bring(plan: Plan, ask: Ask, desk: Desk) -> list[Path]:
    """Ask for every page that is not there yet and return all, in order.

    When there are several, the first is asked for once more at the end: had records come or gone
    meanwhile, later pages would have shifted and rows been lost or doubled. Raises
    ``answer-malformed``, ``answer-total``, ``answer-endless``, ``source-changing``,
    ``delivery-too-large``, or what ``ask`` raises.
    """
    first: Page | None = None
    came = size = 0
    paths: list[Path] = []
    for path, page in _pages(plan, ask, desk):
        first = first or page
        if page.told != first.told:
            raise TongbanError(Code.SOURCE_CHANGING, source=plan.source)
        came, size = came + len(page.records), size + page.size
        if size > plan.max_bytes:
            limit = plan.max_bytes
            raise TongbanError(Code.DELIVERY_TOO_LARGE, file=path.name, size=size, limit=limit)
        paths.append(path)
        if _complete(plan, page, came):
            break
    if first and first.told[1] not in {"", str(len(paths))} and came:
        raise TongbanError(
            Code.ANSWER_TOTAL, source=plan.source, told=first.told[1], came=len(paths)
        )
    if first and len(paths) > 1:
        again = read(ask(plan.question(1, "")), plan, 1)
        if replace(again, size=first.size, next=first.next) != first:
            raise TongbanError(Code.SOURCE_CHANGING, source=plan.source)
    return paths


def _pages(plan: Plan, ask: Ask, desk: Desk) -> Iterator[tuple[Path, Page]]:
    """Yield page after page, for ever: who reads them knows when they are all there."""
    cursor = ""
    seen: set[str] = set()
    last: list[Any] = []
    for number in range(1, plan.max_pages + 1):
        path = desk.work / f"page-{number:04d}.json"
        page = _held(path, plan, number)
        if page is None:
            body = ask(plan.question(number, cursor))
            page = read(body, plan, number)
            files.write_bytes(body, path, desk.probe)
        if page.records and page.records == last:
            raise malformed(plan.source, number, "repeated")
        yield path, page
        cursor, last = page.next, page.records
        if cursor in seen:
            break
        if cursor:
            seen.add(cursor)
    raise TongbanError(Code.ANSWER_ENDLESS, source=plan.source, limit=plan.max_pages)


def _held(path: Path, plan: Plan, number: int) -> Page | None:
    """Read a page of the run before; one that a power cut left half is asked for again."""
    try:
        return read(path.read_bytes(), plan, number)
    except (FileNotFoundError, TongbanError):
        return None


def _complete(plan: Plan, page: Page, came: int) -> bool:
    """Tell whether it was the last page; raises ``answer-total`` when the records do not add up."""
    total = int(page.told[0]) if plan.total_at else came
    ended = not page.next if plan.next_at else came >= total or not page.records
    if came > total or (ended and came != total):
        raise TongbanError(Code.ANSWER_TOTAL, source=plan.source, told=total, came=came)
    return ended


def _at(value: Any, place: str) -> Any:
    for part in place.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "a member twice"
        raise ValueError(message)
    return found


def _none_such(name: str) -> Any:
    raise ValueError(name)
