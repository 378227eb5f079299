"""CPU time of several works side by side: interleaved rounds, the median of each."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROUNDS = 7


@dataclass(frozen=True, slots=True)
class Work:
    """``count`` inputs a round from ``inputs``, which is not timed; ``run`` takes one of them."""

    name: str
    count: int
    inputs: Callable[[int], Sequence[Any]]
    run: Callable[[Any], object]


def medians(works: Sequence[Work], rounds: int = ROUNDS) -> dict[str, float]:
    """Return CPU seconds of one unit of each work: all in turn, ``rounds`` times, and a warm-up."""
    found: dict[str, list[float]] = {work.name: [] for work in works}
    for number in range(rounds + 1):
        for work in works:
            given = work.inputs(work.count)
            start = spent()
            for item in given:
                work.run(item)
            if number:
                found[work.name].append((spent() - start) / len(given))
    return {name: statistics.median(times) for name, times in found.items()}


def spent() -> float:
    """Return the CPU seconds of this process and of its living children."""
    return time.process_time() + sum(map(cpu_of, _children()))


def cpu_of(pid: int) -> float:
    """Return the CPU seconds of all threads of a process, 0 for one that is gone."""
    total = 0
    try:
        for task in (Path("/proc") / str(pid) / "task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        pass
    return total / 1e9


def _children() -> list[int]:
    found: list[int] = []
    for task in Path("/proc/self/task").iterdir():
        try:
            found += map(int, (task / "children").read_text().split())
        except OSError:
            continue
    return found


def one_core() -> None:
    """Pin this process and all that it starts to one core, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
