"""A refusal told on the page where it can be mended, with what was typed still there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fastapi import Request

from hub.problems import message
from hub.refusal import Refusal
from hub.visitor import wants_page
from kernel.errors import Refused


@dataclass(frozen=True, slots=True)
class Notice:
    """What a page says above its content, in both languages; ``code`` is empty for good news."""

    tone: Literal["good", "warn", "bad"]
    zh: str
    en: str
    next: str = ""
    next_en: str = ""
    code: str = ""
    status: int = 200


def done(words: tuple[str, str] | None) -> Notice | None:
    """Return the notice of something that was done, or None."""
    return Notice("good", *words) if words else None


def told(request: Request, refused: Refused) -> Notice:
    """Return the notice of a refusal.

    Raises Refusal where nothing can be mended, and for a script, which reads problems.
    """
    words = message(refused.code)
    if refused.code == "not-permitted" or not wants_page(request):
        raise Refusal(refused)
    return Notice(
        tone="bad",
        zh=words.text(refused.params),
        en=words.text(refused.params, english=True),
        next=words.next_step(refused.params),
        next_en=words.next_step(refused.params, english=True),
        code=str(refused.code),
        status=words.status,
    )
