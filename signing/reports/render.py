"""A report as bytes: JSON for programs, HTML for people and printers."""

from __future__ import annotations

import json
import unicodedata
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from kernel.clock import BEIJING, from_iso

if TYPE_CHECKING:
    from jinja2 import Template

    from signing.reports.build import Body


def to_json(body: Body) -> bytes:
    """Return UTF-8 JSON, indented, members in the order of the format page, one final newline."""
    return _encoded(json.dumps(body, ensure_ascii=False, indent=2) + "\n")


def to_html(body: Body) -> bytes:
    """Return one HTML page without script, link or outside resource; it prints on A4.

    Text out of the file is shown as text, with control and direction characters replaced, so that
    a name cannot rearrange the page.
    """
    return _encoded(_template().render(report=body, evidence=_evidence(body)))


def _encoded(text: str) -> bytes:
    # Names out of a broken file may hold lone surrogates, which have no UTF-8.
    return text.encode("utf-8", "backslashreplace")


def _evidence(body: Body) -> str:
    kept = {name: body[name] for name in ("verdict", "evidence") if name in body}
    return json.dumps(kept, ensure_ascii=False, indent=2) if kept else ""


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    made = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_visible,
    )
    made.filters["beijing"] = _beijing
    return made.from_string((resources.files("signing.reports") / "report.html").read_text("utf-8"))


def _visible(value: Any) -> Any:
    if not isinstance(value, str) or value.isprintable():
        return value
    shown = "".join(char if _harmless(char) else "\ufffd" for char in value)
    # Markup (escaped already) stays markup: escaping never adds an unprintable character.
    return type(value)(shown)


def _harmless(char: str) -> bool:
    return char.isprintable() or char == "\n" or unicodedata.category(char) == "Zs"


def _beijing(value: str) -> str:
    return f"{from_iso(value).astimezone(BEIJING):%Y-%m-%d %H:%M:%S}" if value else "—"
