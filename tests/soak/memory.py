"""Resident memory of a process and of all that it starts, by /proc, while it works."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.soak.tree import parents

MIB = 1024 * 1024
PAUSE = 0.1


@dataclass(frozen=True)
class Ran:
    """What a command said, how long it took, and the most memory that its tree held at a time."""

    code: int
    output: str
    errors: str
    seconds: float
    processor: float
    """Seconds of processor time, its ended children included."""
    peak: int
    """Bytes resident of the whole tree; shared pages count once for each process."""


def run(words: list[str], folder: Path) -> Ran:
    """Run a command of Python to its end and watch it."""
    out, errors = folder / "out.txt", folder / "errors.txt"
    begun = time.monotonic()
    with out.open("wb") as first, errors.open("wb") as second:
        process = subprocess.Popen(
            [sys.executable, *words],
            stdout=first,
            stderr=second,
            cwd=Path(__file__).resolve().parents[2],
        )
        watch = Watch(process.pid)
        code = process.wait()
        watch.end()
    return Ran(
        code,
        out.read_text("utf-8"),
        errors.read_text("utf-8"),
        time.monotonic() - begun,
        watch.processor,
        watch.peak,
    )


class Watch:
    """Looks at a tree of processes ten times a second until it is told to end."""

    def __init__(self, pid: int) -> None:
        self.peak = 0
        self.processor = 0.0
        self._pid = pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        spent: dict[int, float] = {}
        while not self._ended.wait(PAUSE):
            tree = members(self._pid)
            self.peak = max(self.peak, sum(resident(pid) for pid in tree))
            spent |= {pid: processor(pid) for pid in tree}
            self.processor = sum(spent.values())


def members(top: int) -> list[int]:
    """Return a process and all below it."""
    above = dict(parents())
    found = {top} & above.keys()
    while more := {pid for pid, parent in above.items() if parent in found} - found:
        found |= more
    return sorted(found)


def resident(pid: int) -> int:
    """Return the bytes that a process holds in memory; 0 when it is gone."""
    with suppress(OSError, ValueError, IndexError):
        for line in Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    return 0


def processor(pid: int) -> float:
    """Return the processor seconds of a process so far."""
    with suppress(OSError, ValueError, IndexError):
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
        fields = text.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100
    return 0.0
