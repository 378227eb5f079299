"""Rows a second brought to the standard, against Polars that parses and writes them uncleaned.

The peer gets the same rows as UTF-8, reads them with its multi-threaded CSV reader and writes
Parquet. Ours reads the GB18030 file as delivered, in bounded blocks, repairs spellings, checks
every rule, sets the faulty rows aside and writes Parquet. Same rows, same run, rounds in turn.
"""

from __future__ import annotations

import tempfile
import time
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import polars as pl

from catalog import connectors, sources
from catalog.model import Source
from examples.world import install
from quality.service import Standards

RESIDENTS = 300_000
ROUNDS = 3
DAY = date(2026, 3, 2)
BAR = 0.15
"""Share of the peer's speed that is left with decoding, repair and some 60 rules per row."""


def run() -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="tongban-bench-") as folder:
        home = Path(folder)
        install(home, residents=RESIDENTS, as_of=DAY)
        standards = Standards.load(home)
        source = sources.load(home)["ga-population"]
        delivered = sorted((home / "inbox" / source.name).iterdir())
        plain = [_utf8(path, home) for path in delivered]
        _ours(delivered[:1], source, standards, home)
        ours, parts, peer = [], [], []
        for _ in range(ROUNDS):
            seconds, rows, check = _ours(delivered, source, standards, home)
            ours.append(rows / seconds)
            parts.append(rows / check)
            peer.append(rows / _peer(plain, home))
    ratio = median(mine / theirs for mine, theirs in zip(ours, peer, strict=True))
    return [
        row("rows standardised, checked and written", round(median(ours)), "rows/s"),
        row("of this, standardising and checking alone", round(median(parts)), "rows/s"),
        row("rows parsed and written uncleaned by Polars", round(median(peer)), "rows/s"),
        row("standardised against parsed and written uncleaned", round(ratio, 3), "times", BAR),
    ]


def row(measure: str, value: float, unit: str, bar: float | None = None) -> dict[str, Any]:
    holds = bar is None or bool(value >= bar)
    return {"measure": measure, "value": value, "unit": unit, "bar": bar, "holds": holds}


def _utf8(path: Path, home: Path) -> Path:
    """Return a UTF-8 copy; the line with the broken byte gets a replacement character."""
    copy = home / f"{path.stem}.utf8.csv"
    copy.write_bytes(path.read_bytes().decode("gb18030", errors="replace").encode())
    return copy


def _ours(
    files: list[Path], source: Source, standards: Standards, home: Path
) -> tuple[float, int, float]:
    """Return seconds in all, rows, and the seconds that checking took."""
    suite = standards.suite(source.suite)
    connector = connectors.by_name(source.connector)
    rows, checking, started = 0, 0.0, time.perf_counter()
    for path in files:
        layout = connector.examine(path, path.name, source)
        for block in connector.blocks(path, path.name, source, layout, layout.start):
            before = time.perf_counter()
            done = standards.check_block(block.frame, suite, on=DAY)
            checking += time.perf_counter() - before
            done.good.write_parquet(home / "good.parquet")
            done.bad.write_parquet(home / "bad.parquet")
            done.findings.write_parquet(home / "findings.parquet")
            rows += block.rows_in
    return time.perf_counter() - started, rows, checking


def _peer(files: list[Path], home: Path) -> float:
    started = time.perf_counter()
    for path in files:
        frame = pl.read_csv(
            path, separator="|", infer_schema=False, quote_char=None, truncate_ragged_lines=True
        )
        frame.write_parquet(home / "peer.parquet")
    return time.perf_counter() - started
