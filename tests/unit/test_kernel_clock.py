"""Working days follow the State Council calendar, and ids sort by time."""

from datetime import date

from kernel.clock import Workdays
from kernel.ids import new_id


def test_workdays_skip_holidays_and_count_makeup_days() -> None:
    calendar = Workdays(holidays={date(2026, 10, 1)}, extra={date(2026, 10, 10)})
    assert calendar.add(date(2026, 9, 30), 1) == date(2026, 10, 2)
    assert calendar.add(date(2026, 10, 9), 1) == date(2026, 10, 10)


def test_ids_are_distinct_and_readable() -> None:
    seen = {new_id("case") for _ in range(1000)}
    assert len(seen) == 1000
    assert all(len(x) == 31 for x in seen)
