"""The pages of a PDF in order, whatever tree they hang in."""

from __future__ import annotations

from typing import Any

from signing.formats.pdf.fields import get, items

MAX_PAGES = 20_000


def page_objects(tree: Any) -> list[Any]:
    """Return the page dictionaries in order."""
    pages: list[Any] = []
    seen: set[int] = set()
    stack: list[Any] = [tree]
    while stack and len(pages) < MAX_PAGES:
        node = stack.pop()
        if not hasattr(node, "keys") or id(node) in seen:
            continue
        seen.add(id(node))
        kids = get(node, "/Kids")
        if kids is None:
            pages.append(node)
        else:
            stack += reversed(items(kids))
    return pages
