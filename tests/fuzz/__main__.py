"""Fuzzes the parsers: ``python -m tests.fuzz --minutes 10 --work DIR [TARGET …]``.

Each target gets its minutes of processor time. A finding does not end it: the input is kept in
``DIR/TARGET``, and a new process goes on. Prints a table; the exit code is 1 when there are findings.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.targets import NAMES

ROOT = Path(__file__).resolve().parents[2]
KEPT = ("crash-", "timeout-", "oom-", "leak-")
MOST = 20
"""Findings of one target after which more would say nothing new."""


@dataclass
class Outcome:
    """What came of one target."""

    target: str
    rounds: int = 0
    seconds: float = 0.0
    starts: int = 0
    found: int = 0


def findings(work: Path) -> list[Path]:
    """Return the inputs that libFuzzer kept."""
    return sorted(path for path in work.iterdir() if path.name.startswith(KEPT))


def fuzz(target: str, work: Path, seconds: float) -> Outcome:
    """Run processes for one target until its processor time is spent."""
    work.mkdir(parents=True, exist_ok=True)
    outcome, count = Outcome(target), work / "count.json"
    while outcome.seconds < seconds and outcome.starts < MOST:
        count.unlink(missing_ok=True)
        left = str(seconds - outcome.seconds)
        with (work / "log.txt").open("ab") as log:
            subprocess.run(
                [sys.executable, "-m", "tests.fuzz.child", target, str(work), left],
                cwd=ROOT,
                stdout=log,
                stderr=log,
                check=False,
            )
        if not count.exists():
            message = f"{target}: the fuzzing process did not start; see {work / 'log.txt'}"
            raise SystemExit(message)
        note = json.loads(count.read_text("utf-8"))
        outcome.rounds += note["rounds"]
        outcome.seconds += note["cpu_seconds"]
        outcome.starts += 1
    outcome.found = len(findings(work))
    return outcome


def main() -> int:
    """Fuzz the chosen targets one after another."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", default=NAMES, help=f"of {', '.join(NAMES)}")
    parser.add_argument("--minutes", type=float, default=10.0, help="processor time of each")
    parser.add_argument("--work", type=Path, default=ROOT / "var" / "fuzz")
    options = parser.parse_args()
    bad = 0
    for target in options.targets:
        done = fuzz(target, options.work / target, options.minutes * 60)
        line = f"{done.target:6} {done.rounds:>12,} rounds {done.seconds:>8,.0f} CPU-s"
        sys.stdout.write(f"{line} {done.starts:>3} starts {done.found:>3} findings\n")
        sys.stdout.flush()
        bad += done.found
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
