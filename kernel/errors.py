"""Refusals and failures. A closed set of codes per room; the door alone maps them to problems.

A *refusal* is a value: it is decided by a rule, must be recorded, and its transaction commits.
A *failure* is an exception: something broke, and its transaction rolls back.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Refused:
    """A rule said no. ``params`` fill the message and hold no personal data."""

    code: str
    params: Mapping[str, str] = field(default_factory=dict)


class TongbanError(Exception):
    """Something broke. ``code`` is a key of the room's ``messages.toml``; params as in Refused."""

    def __init__(self, code: str, **params: object) -> None:
        """Keep the code and its parameters; the text is made at the edge."""
        super().__init__(code, params)
        self.code = code
        self.params: dict[str, str] = {name: str(value) for name, value in params.items()}

    def __str__(self) -> str:
        """Return the code and parameters for logs of developers; never shown to users."""
        return f"{self.code} {self.params}" if self.params else self.code


@dataclass(frozen=True, slots=True)
class Message:
    """What a person is told about a code: text, next step, and the HTTP status at the door."""

    code: str
    status: int
    zh: str
    en: str
    next_zh: str
    next_en: str

    def text(self, params: Mapping[str, str], *, english: bool = False) -> str:
        """Return the sentence with ``{name}`` parts filled; unknown parts stay as they are."""
        return _fill(self.en if english else self.zh, params)

    def next_step(self, params: Mapping[str, str], *, english: bool = False) -> str:
        """Return what to do next, filled the same way."""
        return _fill(self.next_en if english else self.next_zh, params)


class _Keep(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def _fill(template: str, params: Mapping[str, str]) -> str:
    return template.format_map(_Keep(params))


@cache
def load_messages(package: str) -> Mapping[str, Message]:
    """Read ``messages.toml`` of a room.

    Each table is a code with ``status`` (default 400), ``zh``, ``en``, ``next`` and ``next_en``.
    Raises KeyError when a text is missing: a half-written message must not ship.
    """
    raw = tomllib.loads((resources.files(package) / "messages.toml").read_text("utf-8"))
    return {
        code: Message(
            code, int(row.get("status", 400)), row["zh"], row["en"], row["next"], row["next_en"]
        )
        for code, row in raw.items()
    }
