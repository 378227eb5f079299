"""Reads a delivery block by block, applies the standards, leaves one set of parts per block.

A block is settled by its record, written last; a run that was killed goes on after the last
settled block. What a block is depends on the bytes and the block size alone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from catalog import connectors, records
from catalog.blocks import Block, Broken, Layout, Position
from catalog.errors import Code
from catalog.ingest import files
from catalog.ingest.batch import Batch
from catalog.model import Source
from kernel.errors import TongbanError
from kernel.ports import Digest, Objects, Probe
from quality.model import Dimension, RuleCount, Severity, add_counts
from quality.service import Standards

BROKEN_SHARE = 0.05
"""Share of unreadable lines above which a delivery is not published."""
TITLES = {
    records.LINE_ENCODING: "每行的字节都属于文件的编码",
    records.LINE_FIELDS: "每行的字段数与表头一致",
    records.LINE_QUOTES: "每行的引号成对",
    records.RECORD_SHAPE: "每条记录是一行：各项为文字、数字、真假或空",
}
BAD = {"file": pl.String, "row": pl.Int64, "raw": pl.String}
FINDINGS = {
    "file": pl.String,
    "row": pl.Int64,
    "rule": pl.String,
    "column": pl.String,
    "value": pl.String,
}


@dataclass(frozen=True, slots=True)
class Done:
    """All blocks of a batch: names of parts in order, rows, and totals of the rules."""

    blocks: tuple[str, ...]
    rows_in: int
    good: int
    bad: int
    findings: int
    totals: tuple[RuleCount, ...]
    ignored: tuple[str, ...] = ()


def standardise(
    batch: Batch, source: Source, objects: Objects, standards: Standards, probe: Probe
) -> Done:
    """Do what is left of a batch and return the sum over all blocks.

    Raises TongbanError ``delivery-empty`` when there is not one row, ``counts-differ`` if a row
    was lost, ``disk-full``, or what the connector raises.
    """
    for kind in ("good", "bad", "findings", "blocks"):
        files.make_folder(batch.folder / kind)
    connector = connectors.by_name(source.connector)
    work = _Work(batch, source, standards, probe)
    ignored: list[str] = []
    for place, file in enumerate(batch.delivery.files):
        with objects.local(Digest(file.object)) as path:
            layout = connector.examine(path, file.name, source)
            ignored.extend(title for title in layout.ignored if title not in ignored)
            start = work.settled(place, layout)
            for block in connector.blocks(path, file.name, source, layout, start):
                work.settle(place, block)
    done = work.sum(ignored)
    if not done.rows_in:
        raise TongbanError(Code.DELIVERY_EMPTY, file=batch.delivery.files[0].name)
    if done.rows_in != done.good + done.bad:
        raise TongbanError(Code.COUNTS_DIFFER, rows_in=done.rows_in, out=done.good + done.bad)
    return done


class _Work:
    """The blocks of one run, settled ones first."""

    def __init__(self, batch: Batch, source: Source, standards: Standards, probe: Probe) -> None:
        self._batch = batch
        self._source = source
        self._standards = standards
        self._suite = standards.suite(source.suite)
        self._probe = probe
        self._records: list[dict[str, Any]] = []

    def settled(self, place: int, layout: Layout) -> Position:
        """Take over the records of a file and return where its next block starts."""
        at = layout.start
        while True:
            path = self._batch.record(f"blocks/{len(self._records):05d}")
            record = files.read_json(path)
            if record is None or record["file"] != place:
                return at
            self._records.append(record)
            at = Position(*record["end"])

    def settle(self, place: int, block: Block) -> None:
        """Check one block and write its parts, its record last."""
        name = f"{len(self._records):05d}"
        checked = self._standards.check_block(block.frame, self._suite, on=self._batch.day)
        file = self._batch.delivery.files[place].name
        bad = pl.concat([checked.bad.cast(BAD), _bad(block.broken, file)])  # type: ignore[arg-type] # a schema is a mapping
        findings = pl.concat([checked.findings, _findings(block.broken, file)])
        if block.rows_in != checked.good.height + bad.height:
            out = checked.good.height + bad.height
            raise TongbanError(Code.COUNTS_DIFFER, rows_in=block.rows_in, out=out)
        parts = {"good": checked.good, "bad": bad, "findings": findings}
        for kind, frame in parts.items():
            files.write_parquet(frame, self._batch.part(kind, name), self._probe)
        record = {
            "file": place,
            "end": [block.end.offset, block.end.line],
            "rows_in": block.rows_in,
            "good": checked.good.height,
            "bad": bad.height,
            "findings": findings.height,
            "totals": [asdict(total) for total in (*_lines(block), *checked.counts)],
        }
        files.write_json(record, self._batch.record(f"blocks/{name}"), self._probe)
        self._records.append(record)

    def sum(self, ignored: Sequence[str]) -> Done:
        """Add up all blocks."""

        def total(name: str) -> int:
            return sum(int(record[name]) for record in self._records)

        return Done(
            blocks=tuple(f"{number:05d}" for number in range(len(self._records))),
            rows_in=total("rows_in"),
            good=total("good"),
            bad=total("bad"),
            findings=total("findings"),
            totals=add_counts(
                *(tuple(total_of(raw) for raw in record["totals"]) for record in self._records)
            ),
            ignored=tuple(ignored),
        )


def total_of(raw: dict[str, Any]) -> RuleCount:
    """Read a rule total from JSON."""
    kinds = {"severity": Severity(raw["severity"]), "dimension": Dimension(raw["dimension"])}
    return RuleCount(**(raw | kinds))


def _lines(block: Block) -> list[RuleCount]:
    """Return the totals of what the connector itself found."""
    return [
        RuleCount(
            rule,
            "",
            title,
            block.rows_in,
            sum(item.rule == rule for item in block.broken),
            BROKEN_SHARE,
            Severity.ERROR,
            Dimension.VALIDITY,
        )
        for rule, title in TITLES.items()
    ]


def _bad(broken: Sequence[Broken], file: str) -> pl.DataFrame:
    found = [(file, item.row, json.dumps({"_line": item.raw})) for item in broken]
    return pl.DataFrame(found, schema=BAD, orient="row")


def _findings(broken: Sequence[Broken], file: str) -> pl.DataFrame:
    found = [(file, item.row, item.rule, item.column, item.raw) for item in broken]
    return pl.DataFrame(found, schema=FINDINGS, orient="row")
