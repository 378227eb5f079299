"""Holds back repeated refusals of strangers, so that they cannot flood the journal."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Final

_WINDOW: Final = timedelta(minutes=1)


class Tally:
    """Counts refusals per key; the first of a minute is recorded at once, the rest as a number.

    What is held back when the process ends is lost: at most one minute of strangers' repetitions.
    """

    def __init__(self) -> None:
        """Start with nothing held back."""
        self._since: dict[tuple[str, str], datetime] = {}
        self._held: Counter[tuple[str, str]] = Counter()

    def note(self, key: tuple[str, str], now: datetime) -> int | None:
        """Return the number of refusals to record now, or None while this minute has its entry."""
        since = self._since.get(key)
        if since is not None and now - since < _WINDOW:
            self._held[key] += 1
            return None
        self._since[key] = now
        return 1 + self._held.pop(key, 0)
