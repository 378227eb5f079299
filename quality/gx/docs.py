"""Data Docs: the library's own pages, without personal values and without the internet.

The pages come with links to script and style servers and with a newsletter; a city's network has
no way there and readers should not be counted. Scripts and foreign links are cut, one style sheet
of our own is put in.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from great_expectations.render.renderer import ValidationResultsPageRenderer
from great_expectations.render.view import DefaultJinjaPageView
from lxml import html as pages

from kernel.errors import load_messages
from quality.gates import GateResult, Outcome
from quality.masking import mask
from quality.model import Mask, RuleCount, Suite
from quality.service import Standards

_LISTS = ("partial_unexpected_list", "unexpected_list")
_INDEXES = ("partial_unexpected_index_list", "unexpected_index_list", "unexpected_index_query")
_TITLES = {"summary": "规则计数 · counters", "sample": "抽样 · sample"}
_NO_EXCEPTION = {
    "raised_exception": False,
    "exception_message": None,
    "exception_traceback": None,
}
"""What takes the place of an exception's text, which may quote the data."""
_WORDS = {
    Outcome.PASSED: "通过 · passed",
    Outcome.FAILED: "未通过 · failed",
    Outcome.ERROR: "未能判定 · not judged",
}
_MARKS = {"text-success": "✓", "text-danger": "✗", "text-warning": "!"}
_HEAD = (
    "列 column",
    "规则 rule",
    "说明 meaning",
    "不合格 bad",
    "行数 rows",
    "阈值 limit",
    "抽样 sample",
    "",
)


def masks(suite: Suite, standards: Standards) -> dict[str, Mask]:
    """Return how each column's values are shortened; cross rules' columns show no values."""
    return {column.name: standards.element(column.element).mask for column in suite.columns}


@dataclass(frozen=True, slots=True)
class Page:
    """What the index says."""

    title: str
    version: str
    counts: tuple[RuleCount, ...]
    result: GateResult


def write(
    folder: Path, page: Page, shown: Sequence[tuple[str, Any]], kinds: Mapping[str, Mask]
) -> None:
    """Write ``index.html`` and one page per validation that ran."""
    folder.mkdir(parents=True, exist_ok=True)
    links = []
    for name, validation in shown:
        if validation is None:
            continue
        _cover(validation, kinds)
        text = DefaultJinjaPageView().render(ValidationResultsPageRenderer().render(validation))
        (folder / f"{name}.html").write_text(_offline(text), "utf-8")
        links.append(f'<li><a href="{name}.html">{_TITLES.get(name, name)}</a></li>')
    (folder / "index.html").write_text(_index(page, "".join(links)), "utf-8")


def _index(page: Page, links: str) -> str:
    result = page.result
    head = "".join(f"<th>{title}</th>" for title in _HEAD)
    rows = "".join(_line(count, result) for count in page.counts)
    facts = f"{_WORDS[result.outcome]} · {page.version} · 抽样 sampled {result.sampled}"
    return (
        f'<!doctype html><html lang="zh"><head><meta charset="utf-8">'
        f"<title>质量门禁 · {html.escape(page.title)}</title><style>{_style()}</style></head>"
        f"<body><h1>质量门禁 · {html.escape(page.title)}</h1><p>{html.escape(facts)}</p>"
        f"<ul>{links}</ul><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        f"</body></html>"
    )


def _line(count: RuleCount, result: GateResult) -> str:
    key = f"{count.rule}:{count.column}"
    message = load_messages("quality").get(count.rule)
    meaning = message.zh if message else count.title
    mark = "✗" if key in result.failed else "✓"
    cells = (
        count.column,
        count.rule,
        meaning,
        f"{count.bad:,}",
        f"{count.rows:,}",
        f"{count.threshold:.1%}",
        f"{result.sample[key]:,}" if key in result.sample else "–",
        mark,
    )
    row = "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)
    return f'<tr class="{"bad" if mark == "✗" else "good"}">{row}</tr>'


def _cover(validation: Any, kinds: Mapping[str, Mask]) -> None:
    """Mask every value of the data that a validation result quotes."""
    for answer in validation.results:
        settings = answer.expectation_config.kwargs
        names = [
            settings[key] for key in ("column", "column_A", "column_B") if settings.get(key)
        ] or list(settings.get("column_list", ()))
        how = [kinds.get(name, Mask.NONE) for name in names]
        found = answer.result or {}
        for key in _LISTS:
            if found.get(key):
                found[key] = [_masked(value, how) for value in found[key]]
        for entry in found.get("partial_unexpected_counts") or ():
            if "value" in entry:
                entry["value"] = _masked(entry["value"], how)
        for key in _INDEXES:
            found.pop(key, None)
        answer.exception_info = dict(_NO_EXCEPTION)


def _masked(value: Any, how: Sequence[Mask]) -> Any:
    if isinstance(value, str):
        return mask(value, how[0] if how else Mask.NAME)
    if isinstance(value, list | tuple):
        return tuple(mask(str(part), kind) for part, kind in zip(value, how, strict=False))
    if isinstance(value, dict):
        return dict.fromkeys(value, "＊")
    return value


def _offline(page: str) -> str:
    """Return the page without scripts, foreign links and pictures, in our own style."""
    tree = pages.fromstring(page)
    for node in _nodes(tree, "//script | //link | //style | //noscript | //iframe | //form"):
        node.drop_tree()
    for node in _nodes(tree, "//img[not(starts-with(@src, 'data:'))]"):
        node.drop_tree()
    for node in _nodes(tree, "//a[not(starts-with(@href, '#'))]"):
        node.drop_tag()
    for node in _nodes(tree, "//div[contains(@class, 'card')][.//input[@type='radio']]"):
        # a filter that only a script could work
        node.drop_tree()
    for node in _nodes(tree, "//i"):
        # icons of a foreign font become characters
        kind = next((name for name in _MARKS if name in (node.get("class") or "")), "")
        node.text = _MARKS.get(kind, "")
    for node in _nodes(tree, "//*[@onclick or @onload]"):
        node.attrib.pop("onclick", "")
        node.attrib.pop("onload", "")
    body = tree.find("body")
    if body is not None:
        body.insert(0, pages.fragment_fromstring('<p><a href="index.html">← 质量门禁</a></p>'))
    head = tree.find("head")
    if head is not None:
        head.append(pages.fragment_fromstring(f"<style>{_style()}</style>"))
    text = pages.tostring(tree, encoding="unicode", doctype="<!doctype html>")
    return re.sub(r"https?://[^\s\"'<>]+", "", text)


def _nodes(tree: pages.HtmlElement, path: str) -> Iterator[pages.HtmlElement]:
    found = tree.xpath(path)
    nodes = found if isinstance(found, list) else []
    return (node for node in nodes if isinstance(node, pages.HtmlElement))


def _style() -> str:
    return (resources.files("quality.gx") / "docs.css").read_text("utf-8")
