"""Time: UTC inside, text that sorts, working days by the State Council's calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.clock import BEIJING, FixedClock, SystemClock, Workdays, from_iso, to_iso

MOMENTS = st.datetimes(
    min_value=datetime(1949, 10, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2999, 12, 31),  # noqa: DTZ001 - hypothesis adds the zone
    timezones=st.sampled_from((UTC, BEIJING)),
)


def test_a_naive_datetime_is_refused_on_the_way_out() -> None:
    with pytest.raises(ValueError, match="naive"):
        to_iso(datetime(2026, 11, 24, 8, 0))  # noqa: DTZ001 - the fault under test


@pytest.mark.parametrize("text", ["2026-11-24T08:00:00", "2026-11-24"])
def test_a_time_without_zone_is_refused_on_the_way_in(text: str) -> None:
    with pytest.raises(ValueError, match="without zone"):
        from_iso(text)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01T00:00:00Z", "2026-11-24T25:00Z"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"isoformat|month|hour"):
        from_iso(text)


def test_text_is_utc_with_milliseconds_whatever_the_zone() -> None:
    morning = datetime(2026, 11, 24, 8, 0, 0, 123999, tzinfo=BEIJING)
    assert to_iso(morning) == "2026-11-24T00:00:00.123Z"
    assert from_iso("2026-11-24T08:00:00+08:00") == datetime(2026, 11, 24, tzinfo=UTC)
    assert from_iso("2026-11-24T08:00:00+08:00").tzinfo is UTC


@given(MOMENTS, MOMENTS)
def test_text_sorts_like_time_and_reads_back_to_the_millisecond(
    one: datetime, other: datetime
) -> None:
    assert abs(from_iso(to_iso(one)) - one) < timedelta(milliseconds=1)
    assert (to_iso(one) <= to_iso(other)) or one > other


def test_the_system_clock_tells_utc() -> None:
    before = datetime.now(UTC)
    told = SystemClock().now()
    assert told.tzinfo is UTC
    assert before <= told <= datetime.now(UTC)


def test_a_fixed_clock_moves_only_when_told() -> None:
    clock = FixedClock(datetime(2026, 2, 28, tzinfo=UTC))
    assert clock.now() == clock.now()
    clock.advance(days=1, minutes=2)
    assert clock.now() == datetime(2026, 3, 1, 0, 2, tzinfo=UTC)


def test_workdays_skip_holidays_and_count_makeup_days() -> None:
    calendar = Workdays(holidays={date(2026, 10, 1)}, extra={date(2026, 10, 10)})
    assert calendar.add(date(2026, 9, 30), 1) == date(2026, 10, 2)
    assert calendar.add(date(2026, 10, 9), 1) == date(2026, 10, 10)
    assert not calendar.is_workday(date(2026, 10, 11))


def test_no_days_to_add_leave_the_day_even_on_a_sunday() -> None:
    assert Workdays().add(date(2026, 11, 22), 0) == date(2026, 11, 22)


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(1, 40))
def test_the_nth_working_day_is_one_and_the_nth(start: date, days: int) -> None:
    calendar = Workdays(holidays={date(2026, 10, 1)}, extra={date(2026, 10, 10)})
    end = calendar.add(start, days)
    between = [start + timedelta(n) for n in range(1, (end - start).days + 1)]
    assert calendar.is_workday(end)
    assert sum(map(calendar.is_workday, between)) == days
