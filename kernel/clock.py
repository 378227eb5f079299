"""Time is injected. Wall time is UTC inside; Beijing time only where a person reads it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Protocol

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China has kept one offset without daylight saving since 1992, so no zone database is needed."""


class Clock(Protocol):
    """Where every room gets the time from."""

    def now(self) -> datetime:
        """Return the current time with zone UTC."""


class SystemClock:
    """The operating system's clock."""

    def now(self) -> datetime:
        """Return the current time with zone UTC."""
        return datetime.now(UTC)


@dataclass(slots=True)
class FixedClock:
    """A clock that stands still until moved; for tests and for replaying a verdict."""

    at: datetime

    def now(self) -> datetime:
        """Return the set time."""
        return self.at

    def advance(self, **delta: float) -> None:
        """Move forward by ``timedelta(**delta)``."""
        self.at += timedelta(**delta)


def to_iso(moment: datetime) -> str:
    """Return RFC 3339 UTC with milliseconds; naive datetimes are a programming error."""
    if moment.tzinfo is None:
        message = "naive datetime"
        raise ValueError(message)
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def from_iso(text: str) -> datetime:
    """Parse what ``to_iso`` wrote (and any RFC 3339 time with a zone)."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        message = f"time without zone: {text}"
        raise ValueError(message)
    return moment.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Workdays:
    """Working-day arithmetic (工作日) with the State Council's holidays and make-up days (调休).

    ``holidays`` are weekdays off, ``extra`` are weekend days worked; both are dated data.
    """

    holidays: Collection[date] = field(default_factory=frozenset)
    extra: Collection[date] = field(default_factory=frozenset)

    def is_workday(self, day: date) -> bool:
        """Tell whether offices work on ``day``."""
        return day in self.extra or (day.weekday() < 5 and day not in self.holidays)

    def add(self, start: date, days: int) -> date:
        """Return the ``days``-th working day after ``start`` (the day itself does not count)."""
        day = start
        left = days
        while left > 0:
            day += timedelta(days=1)
            left -= self.is_workday(day)
        return day
