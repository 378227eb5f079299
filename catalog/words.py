"""Chinese text to index words without a dictionary: overlapping pairs of characters.

A dictionary cuts a name differently in text and in query; pairs never do, and two-character words
are found exactly.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from kernel import registry

_RUN = re.compile(r"[a-z0-9_]+|[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")


def runs(text: str) -> list[str]:
    """Return the runs of Han characters and of Latin letters and digits, folded (NFKC, lower)."""
    return _RUN.findall(unicodedata.normalize("NFKC", text).lower())


def pairs(text: str) -> list[str]:
    """Return the index words of a text in order."""
    return [word for run in runs(text) for word in _of_run(run)]


def _of_run(run: str) -> Iterator[str]:
    if run[0].isascii() or len(run) == 1:
        yield run
        return
    yield from (run[start : start + 2] for start in range(len(run) - 1))


def initials(text: str) -> str:
    """Return pinyin initials of the Han characters: 人口 gives ``rk``."""
    from pypinyin import Style, lazy_pinyin

    han = "".join(run for run in runs(text) if not run[0].isascii())
    return "".join(lazy_pinyin(han, style=Style.FIRST_LETTER, errors="ignore"))


@cache
def _groups() -> tuple[tuple[str, ...], ...]:
    members = registry.load("catalog", "synonyms", ".toml").members.values()
    return tuple(
        tuple(str(word) for word in group)
        for member in members
        for group in member.toml().get("groups", ())
    )


def synonyms(word: str, more: Sequence[Sequence[str]] = ()) -> tuple[str, ...]:
    """Return ``word`` and the words that people use for the same thing."""
    found = {word: None}
    for group in (*_groups(), *more):
        folded: Mapping[str, str] = {item.lower(): item for item in group}
        if word.lower() in folded:
            found.update(dict.fromkeys(group))
    return tuple(found)
