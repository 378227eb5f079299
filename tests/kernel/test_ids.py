"""Ids are distinct in every process, can be read aloud and sort by time."""

from __future__ import annotations

import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from kernel.ids import new_id


def test_ids_are_distinct_across_threads_and_readable() -> None:
    with ThreadPoolExecutor(4) as pool:
        seen = set(pool.map(lambda _: new_id("case"), range(1000)))
    assert len(seen) == 1000
    assert all(re.fullmatch(r"case-[0-9A-HJKMNP-TV-Z]{26}", found) for found in seen)


def test_ids_sort_by_the_time_of_creation(monkeypatch: pytest.MonkeyPatch) -> None:
    years = (1970, 2026, 2099, 9999)
    moments = iter(datetime(year, 1, 2, tzinfo=UTC).timestamp() for year in years)
    monkeypatch.setattr(time, "time", lambda: next(moments))
    made = [new_id("x") for _ in years]
    assert made == sorted(made)
    assert len(set(map(len, made))) == 1


def test_the_random_part_comes_from_the_operating_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 0.0)
    monkeypatch.setattr(os, "urandom", lambda size: b"\xff" * size)
    assert new_id("x") == "x-" + "0" * 10 + "Z" * 16
