"""Rules over the whole dataset, then the gate. What they find joins the quarantine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from catalog.blocks import FILE, ROW
from catalog.errors import Code
from catalog.ingest import files
from catalog.ingest.batch import Batch
from catalog.ingest.standardise import BAD, Done, total_of
from catalog.model import Source
from catalog.ports import Gate, GateRequest
from kernel.errors import TongbanError
from kernel.ports import Probe
from quality.model import RuleCount, add_counts
from quality.ports import References
from quality.service import Standards

DATASET = "dataset"


@dataclass(frozen=True, slots=True)
class Checked:
    """A batch ready for publication or refused. Names of parts are relative to its folder."""

    good: tuple[tuple[str, int], ...]
    """(part, rows), empty parts left out."""
    findings: tuple[str, ...]
    bad: tuple[str, ...]
    rows_in: int
    published: int
    quarantined: int
    found: int
    totals: tuple[RuleCount, ...]
    allowed: bool
    reasons: tuple[str, ...]
    report: str
    ignored: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return what ``publish`` must know in another process."""
        return asdict(self)

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Checked:
        """Read what ``to_json`` gave."""
        lists = {name: tuple(raw[name]) for name in ("findings", "bad", "reasons", "ignored")}
        good = tuple((str(name), int(rows)) for name, rows in raw["good"])
        totals = tuple(total_of(total) for total in raw["totals"])
        return cls(**(raw | lists | {"good": good, "totals": totals}))


def check(
    batch: Batch,
    source: Source,
    done: Done,
    *,
    standards: Standards,
    references: References,
    gate: Gate,
    probe: Probe,
) -> Checked:
    """Find doubles and strangers over all parts, take them out, and ask the gate.

    Raises TongbanError ``counts-differ``, ``key-not-unique``, ``disk-full`` or what a broken gate
    raises.
    """
    suite = standards.suite(source.suite)
    parts = pl.scan_parquet([batch.part("good", name) for name in done.blocks])
    found = standards.check_dataset(parts, suite, references)
    totals = add_counts(done.totals, standards.dataset_counts(parts, suite, references))
    good, taken = _without(batch, done.blocks, found, probe)
    extra = (DATASET,) if found.height else ()
    rows = sum(count for _, count in good)
    if rows + done.bad + taken != done.rows_in:
        out = rows + done.bad + taken
        raise TongbanError(Code.COUNTS_DIFFER, rows_in=done.rows_in, out=out)
    kept = tuple((name, count) for name, count in good if count)
    _check_key(batch, source, kept)
    request = GateRequest(
        batch=batch.id,
        resource=source.resource,
        suite=source.suite,
        rows_in=done.rows_in,
        totals=totals,
        parts=tuple(batch.folder / name for name, _ in kept),
        day=batch.day,
    )
    answer = gate.judge(request)
    names = (*done.blocks, *extra)
    return Checked(
        good=kept,
        findings=tuple(f"findings/{name}.parquet" for name in names),
        bad=tuple(f"bad/{name}.parquet" for name in names),
        rows_in=done.rows_in,
        published=rows,
        quarantined=done.bad + taken,
        found=done.findings + found.height,
        totals=totals,
        allowed=answer.allowed,
        reasons=answer.reasons,
        report=answer.report,
        ignored=done.ignored,
    )


def _without(
    batch: Batch, blocks: Sequence[str], found: pl.DataFrame, probe: Probe
) -> tuple[list[tuple[str, int]], int]:
    """Rewrite the parts that hold found rows; return parts with rows, and rows taken out."""
    files.make_folder(batch.folder / "final")
    keys = found.select(pl.col("file").alias(FILE), pl.col("row").alias(ROW)).unique()
    parts: list[tuple[str, int]] = []
    removed: list[pl.DataFrame] = []
    for name in blocks:
        path = batch.part("good", name)
        frame = pl.read_parquet(path) if keys.height else None
        hit = frame.join(keys, on=[FILE, ROW], how="semi") if frame is not None else None
        if frame is None or hit is None or not hit.height:
            rows = pl.scan_parquet(path).select(pl.len()).collect().item()
            parts.append((f"good/{name}.parquet", rows))
            continue
        rest = frame.join(keys, on=[FILE, ROW], how="anti", maintain_order="left")
        files.write_parquet(rest, batch.part("final", name), probe)
        parts.append((f"final/{name}.parquet", rest.height))
        removed.append(_bad(hit))
    if found.height:
        ordered = found.sort("file", "row", "rule", "column")
        taken = pl.concat(removed).sort("file", "row")
        files.write_parquet(ordered, batch.part("findings", DATASET), probe)
        files.write_parquet(taken, batch.part("bad", DATASET), probe)
    return parts, sum(frame.height for frame in removed)


def _bad(rows: pl.DataFrame) -> pl.DataFrame:
    columns = [name for name in rows.columns if name not in {FILE, ROW}]
    raw = [json.dumps(row, ensure_ascii=False, default=str) for row in rows[columns].to_dicts()]
    return pl.DataFrame({"file": rows[FILE], "row": rows[ROW], "raw": raw}, schema=BAD)


def _check_key(batch: Batch, source: Source, good: Sequence[tuple[str, int]]) -> None:
    """Refuse a key that does not tell rows apart: versions could not be compared by it."""
    if not good:
        return
    parts = pl.scan_parquet([batch.folder / name for name, _ in good])
    hashes = parts.select(pl.struct(source.key).hash().alias("key")).collect()["key"]
    doubles = hashes.len() - hashes.n_unique()
    if doubles:
        key = "、".join(source.key)
        raise TongbanError(Code.KEY_NOT_UNIQUE, source=source.name, key=key, rows=doubles)
