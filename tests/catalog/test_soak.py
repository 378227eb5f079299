"""One million residents through the pipeline: rows reconciled, memory bounded. By hand.

The figures are printed (``make soak`` shows them) and go into a report below ``docs/reports``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 2 * 1024**3

GENERATE = """
import json, resource, sys, time
from datetime import date
from pathlib import Path
from examples.world.install import install

begun = time.monotonic()
install(Path(sys.argv[1]), residents=1_000_000, as_of=date(2026, 3, 2))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"seconds": time.monotonic() - begun, "peak": peak}))
"""

INGEST = """
import json, resource, sys, time
from datetime import UTC, datetime
from pathlib import Path
from dataclasses import replace
from catalog import sources
from kernel.clock import FixedClock
from storage.probe import NoProbe
from tests.catalog.rig import build

home = Path(sys.argv[1])
rig = build(home, FixedClock(datetime(2026, 3, 2, 1, 0, tzinfo=UTC)), NoProbe())
ingest = replace(rig.ingest, sources=sources.load(home))
report = []
for source in sources.in_order(ingest.sources):
    begun, used = time.monotonic(), time.process_time()
    outcome = ingest.run(rig.actor, source.name)
    report.append({
        "source": source.name, "rows_in": outcome.counts.rows_in,
        "published": outcome.counts.published, "quarantined": outcome.counts.quarantined,
        "reconciled": outcome.counts.reconciled, "seconds": time.monotonic() - begun,
        "cpu": time.process_time() - used,
    })
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"report": report, "peak": peak}))
"""


def _child(program: str, home: Path) -> dict[str, Any]:
    # A process each, so that the peak of one is not hidden by the peak of the other.
    done = subprocess.run(
        [sys.executable, "-c", program, str(home)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.soak
def test_a_million_residents_stay_below_two_gigabytes(tmp_path: Path) -> None:
    made = _child(GENERATE, tmp_path)
    found = _child(INGEST, tmp_path)
    inbox = tmp_path / "inbox"
    size = sum(file.stat().st_size for file in inbox.rglob("*") if file.is_file())
    sys.stderr.write(json.dumps({"world": made | {"bytes": size}, "ingest": found}, indent=1))
    truth = json.loads((inbox / "truth.json").read_text("utf-8"))
    for part in found["report"]:
        files = [file for file in truth["files"] if file["source"] == part["source"]]
        assert part["rows_in"] == sum(file["rows"] for file in files)
        assert part["quarantined"] == sum(file["quarantined"] for file in files)
        assert part["reconciled"]
    assert found["peak"] <= LIMIT
