"""A department's web service that hands its records out in pages of JSON.

The pages are kept as they came, one file each; they count as a delivery only when all are there and
add up to the total that the service itself tells.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog import paging
from catalog.errors import Code
from catalog.fetching import Desk, entries, numbers, secret, secret_files
from catalog.model import DeliveredFile, Source
from catalog.webline import Line, Patience, Terms
from kernel.errors import TongbanError

if TYPE_CHECKING:
    from catalog.blocks import Block, Layout, Position

_KNOWN = {
    "address_file": str, "token_file": str, "token_header": str, "token_scheme": str,
    "paging": str, "page_param": str, "first_page": int, "size_param": str, "page_size": int,
    "cursor_param": str, "records_at": str, "total_at": str, "pages_at": str, "page_at": str,
    "next_at": str, "state_at": str, "max_pages": int, "page_mib": int, "page_seconds": int,
    "seconds": int,
}  # fmt: skip
_MOST = {
    "page_size": 100_000, "max_pages": 9999, "page_mib": 64, "page_seconds": 300, "seconds": 86_400,
}  # fmt: skip
_DEFAULTS: Mapping[str, Any] = {
    "token_header": "Authorization", "token_scheme": "Bearer",
    "page_param": "page", "first_page": 1, "size_param": "", "page_size": 500,
    "cursor_param": "cursor", "records_at": "records", "total_at": "", "pages_at": "",
    "page_at": "", "next_at": "", "state_at": "",
    "max_pages": 1000, "page_mib": 8, "page_seconds": 20, "seconds": 900,
}  # fmt: skip
_FIELD = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_AUTHORIZATION = "authorization"
_MIB = 1024 * 1024
_RESUMABLE = {
    Code.SOURCE_UNREACHABLE, Code.SOURCE_SLOW, Code.SOURCE_FAILING, Code.SOURCE_BROKE_OFF,
}  # fmt: skip
"""Failures after which the pages that came are still good: the next run goes on with them."""


@dataclass(frozen=True, slots=True)
class PagedService:
    """Brings the pages of a service; numbered pages or cursors."""

    patience: Patience = field(default_factory=Patience)

    def problems(self, fetch: Mapping[str, Any]) -> Iterator[str]:
        """Yield what is wrong with ``[fetch]``."""
        yield from entries(fetch, _KNOWN, "address_file", "paging")
        yield from secret_files(fetch)
        yield from numbers(fetch, _MOST)
        needed = {"page": "total_at", "cursor": "next_at"}.get(str(fetch.get("paging")))
        if needed is None:
            yield "fetch.paging must be page or cursor"
        elif not fetch.get(needed):
            yield f"fetch.{needed} is required for this paging"
        if fetch.get("first_page", 1) not in {0, 1}:
            yield "fetch.first_page must be 0 or 1"
        if not _FIELD.fullmatch(str(fetch.get("token_header", "x"))):
            yield "fetch.token_header must be the name of a header"

    def fetch(self, source: Source, desk: Desk) -> tuple[DeliveredFile, ...]:
        """Bring all pages; a run that was killed goes on where it was.

        Raises TongbanError ``address-file``, ``source-address``, ``source-unreachable``,
        ``source-slow``, ``source-failing``, ``source-broke-off``, ``source-refused``,
        ``source-redirects``, ``source-changing``, ``answer-malformed``, ``answer-too-large``,
        ``answer-total``, ``answer-endless`` or ``delivery-too-large``.
        """
        told = {**_DEFAULTS, **source.fetch}
        terms = _terms(source, told)
        plan = _plan(source, told)
        until = time.monotonic() + told["seconds"]
        paging.begin(desk, {"address": terms.address, "fetch": dict(source.fetch)})
        try:
            with Line(terms, self.patience, desk.clock) as line:
                paths = paging.bring(plan, lambda query: line.get(query, until), desk)
            kept = tuple(
                DeliveredFile(path.name, desk.objects.put_file(path), path.stat().st_size)
                for path in paths
            )
        except TongbanError as error:
            if error.code not in _RESUMABLE:
                desk.clear()
            raise
        desk.clear()
        return kept

    def examine(self, path: Path, name: str, source: Source) -> Layout:
        """Take the columns from the page's records; see ``catalog.blocks.Connector``."""
        from catalog import jsonrows

        return jsonrows.layout(_titles(_records(path, source), source), source, name)

    def blocks(
        self, path: Path, name: str, source: Source, layout: Layout, start: Position
    ) -> Iterator[Block]:
        """Yield the page as one block, numbered from 1; see ``catalog.blocks.Connector``."""
        from catalog import jsonrows
        from catalog.blocks import Position

        found = _records(path, source)
        if start.offset < len(found):
            end = Position(len(found), len(found) + 1)
            titles = _titles(found, source)
            yield jsonrows.block(found, titles, layout, source, name, first=1, end=end)


CONNECTOR = PagedService()


def _terms(source: Source, told: Mapping[str, Any]) -> Terms:
    headers = {}
    if "token_file" in told:
        token, header = secret(told["token_file"]), told["token_header"]
        if not (token.isascii() and token.isprintable()):
            reason = "a token is printable ASCII"
            raise TongbanError(Code.ADDRESS_FILE, file=told["token_file"], reason=reason)
        scheme = told["token_scheme"] if header.lower() == _AUTHORIZATION else ""
        headers[header] = f"{scheme} {token}".strip()
    address = secret(told["address_file"])
    return Terms(source.name, address, headers, told["page_seconds"], told["page_mib"] * _MIB)


def _plan(source: Source, told: Mapping[str, Any]) -> paging.Plan:
    size = told["size_param"]
    return paging.Plan(
        source=source.name,
        page_param=told["page_param"],
        first_page=told["first_page"],
        fixed={size: str(told["page_size"])} if size else {},
        cursor_param=told["cursor_param"],
        records_at=told["records_at"],
        total_at=told["total_at"],
        pages_at=told["pages_at"],
        page_at=told["page_at"],
        next_at=told["next_at"] if told["paging"] == "cursor" else "",
        state_at=told["state_at"],
        max_pages=told["max_pages"],
        max_bytes=source.delivery.max_bytes,
    )


def _records(path: Path, source: Source) -> list[Any]:
    return paging.records(path, source.name, 0, source.fetch.get("records_at", "records"))


def _titles(found: list[Any], source: Source) -> list[str]:
    """Return the members of all records in the order in which they first occur."""
    names: dict[str, None] = {}
    for record in found:
        if isinstance(record, Mapping):
            names.update(dict.fromkeys(record))
    return list(names) or list(source.columns)
