"""Run every benchmark, print one table, write ``var/bench/<name>.json``."""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
from pathlib import Path
from typing import Any

import bench

NOT_TIMED = {
    *("__main__", "bare", "corpus", "load", "parties", "timing"),
    *("signing", "signing_hub", "signing_jvm"),
}
"""Parts of other benches, and what has a target of its own in the Makefile."""


def names() -> list[str]:
    return sorted(
        found.name for found in pkgutil.iter_modules(bench.__path__) if found.name not in NOT_TIMED
    )


def show(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        bar = "" if row["bar"] is None else f"bar {row['bar']}"
        verdict = "" if row["bar"] is None else ("holds" if row["holds"] else "MISSED")
        print(f"  {row['measure']:<62}{row['value']:>12}  {row['unit']:<10}{bar:<12}{verdict}")


def main(chosen: list[str]) -> int:
    out = Path("var/bench")
    out.mkdir(parents=True, exist_ok=True)
    missed = 0
    for name in chosen or names():
        print(name, flush=True)
        rows = importlib.import_module(f"bench.{name}").run()
        (out / f"{name}.json").write_text(json.dumps(rows, ensure_ascii=False, indent=1), "utf-8")
        show(rows)
        missed += sum(row["bar"] is not None and not row["holds"] for row in rows)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
