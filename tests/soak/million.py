"""A city of a million residents and 150,000 enterprises through the pipeline, as a hub runs it.

``python -m tests.soak.million HOME --residents N --enterprises M`` makes the city in HOME, ingests
every source by ``tongban pipeline run`` and prints figures as JSON: rows against the seeded truth,
rates, and the memory of each whole tree of processes, the gate's child included.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.soak.memory import MIB, Ran, run

RESIDENTS, ENTERPRISES = 1_000_000, 150_000
LIMIT = 2048 * MIB
SOURCES = ("ga-population", "mz-marriage", "sc-enterprises")
COMMAND = "from hub.cli import main; main()"


@dataclass(frozen=True)
class City:
    """What was made and what became of it."""

    made: Ran
    ingested: dict[str, Ran]
    truth: dict[str, Any]

    def figures(self) -> dict[str, Any]:
        found = {"world": _spent(self.made)}
        for name, ran in self.ingested.items():
            row = json.loads(ran.output) if ran.code == 0 else {"failed": ran.errors[-500:]}
            rows = row.get("counts", {}).get("rows_in", 0)
            rates = {"rows/s": round(rows / ran.seconds)} if rows else {}
            found[name] = row.get("counts", row) | rates | _spent(ran)
        return found

    def faults(self) -> list[str]:
        """Return what is not as it must be, a sentence each."""
        found = [] if self.made.code == 0 else ["the world could not be made"]
        for name, ran in self.ingested.items():
            files = [file for file in self.truth["files"] if file["source"] == name]
            if ran.code != 0:
                found.append(f"{name} ended with {ran.code}: {ran.errors[-500:]}")
                continue
            counts = json.loads(ran.output)["counts"]
            wanted = {key: sum(file[key] for file in files) for key in ("rows", "quarantined")}
            if (counts["rows_in"], counts["quarantined"]) != tuple(wanted.values()):
                found.append(f"{name}: {counts} against {wanted}")
            if counts["rows_in"] != counts["published"] + counts["quarantined"]:
                found.append(f"{name} does not add up: {counts}")
            if ran.peak > LIMIT:
                found.append(f"{name} held {ran.peak // MIB} MiB")
        return found


def build(home: Path, residents: int, enterprises: int) -> City:
    """Make the city and ingest its sources one after the other."""
    home.mkdir(parents=True, exist_ok=True)
    made = run(
        [
            *("-m", "examples.world", "--home", str(home), "--as-of", "2026-03-02"),
            *("--residents", str(residents), "--enterprises", str(enterprises)),
            *("--departments", "enterprises"),
        ],
        home,
    )
    ingested = {
        name: run(
            ["-c", COMMAND, "pipeline", "run", name, "--home", str(home), "--json"],
            home,
        )
        for name in SOURCES
    }
    truth = json.loads((home / "inbox" / "truth.json").read_text("utf-8"))
    return City(made, ingested, truth)


def _spent(ran: Ran) -> dict[str, Any]:
    return {
        "wall s": round(ran.seconds, 1),
        "processor s": round(ran.processor, 1),
        "peak MiB": ran.peak // MIB,
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak.million", description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--residents", type=int, default=RESIDENTS)
    parser.add_argument("--enterprises", type=int, default=ENTERPRISES)
    given = parser.parse_args()
    city = build(given.home, given.residents, given.enterprises)
    shown = city.figures() | {"faults": city.faults()}
    sys.stdout.write(json.dumps(shown, ensure_ascii=False, indent=1) + "\n")
    return 1 if city.faults() else 0


if __name__ == "__main__":
    sys.exit(main())
