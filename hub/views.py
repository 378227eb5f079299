"""Renders pages: one Jinja environment, both languages, no script inside the markup."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from hub.visitor import LANGUAGE_COOKIE, Visitor, hub_of, language
from kernel.clock import BEIJING, from_iso

_TEMPLATES: Final = Path(__file__).parent / "pages" / "templates"
_A_YEAR: Final = 365 * 24 * 3600


@cache
def environment() -> Environment:
    """Return the environment; undefined names fail loudly."""
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["moment"] = moment
    made.tests["chinese"] = chinese
    made.filters["thousands"] = thousands
    return made


def moment(value: datetime | str | None, *, day: bool = False) -> str:
    """Return a time as people in Beijing read it; a dash for none."""
    if not value:
        return "—"
    at = from_iso(value) if isinstance(value, str) else value
    return at.astimezone(BEIJING).strftime("%Y-%m-%d" if day else "%Y-%m-%d %H:%M:%S")


def chinese(text: object) -> bool:
    """Tell whether a text holds Chinese, so that an English page can mark it as such."""
    return any("\u3400" <= char <= "\u9fff" or char >= "\U00020000" for char in str(text))


def thousands(value: int) -> str:
    """Return 1,234,567: grouped as in GB/T 15835 tables, readable in both languages."""
    return f"{value:,}"


def render(
    request: Request, template: str, values: Mapping[str, Any], status: int = 200
) -> HTMLResponse:
    """Return the page in the visitor's language and remember a language just chosen."""
    english = language(request)
    visitor = values.get("visitor") or Visitor(hub_of(request).identity.public(), None, "")
    settings = hub_of(request).settings

    def t(zh: str, en: str) -> str:
        return en if english else zh

    text = (
        environment()
        .get_template(template)
        .render(
            {
                **values,
                "t": t,
                "english": english,
                "lang": "en" if english else "zh-CN",
                "visitor": visitor,
                "city": settings.city,
                "demo": settings.environment != "production",
                "path": request.url.path,
                "other_language": _other_language(request, english=english),
            }
        )
    )
    response = HTMLResponse(text, status)
    response.headers["Cache-Control"] = "no-store"
    if request.query_params.get("lang"):
        response.set_cookie(
            LANGUAGE_COOKIE, "en" if english else "zh-CN", max_age=_A_YEAR, samesite="lax"
        )
    return response


def _other_language(request: Request, *, english: bool) -> str:
    """Return the address of this page in the other language."""
    query = [pair for pair in parse_qsl(request.url.query) if pair[0] != "lang"]
    # one slash, since two would name another host
    path = "/" + request.url.path.lstrip("/\\") if request.method == "GET" else "/"
    return f"{path}?{urlencode([*query, ('lang', 'zh-CN' if english else 'en')])}"
