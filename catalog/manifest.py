"""The manifest of a version: what it holds, where from, under which rules. See docs/formats."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from catalog.ingest.batch import Batch
from catalog.model import ColumnProfile, Counts, DeliveredFile, Diff, Part, Score, Source
from kernel.canonical import canonical
from quality.model import RuleCount

SCHEMA = 1


def content_digest(parts: Sequence[Part], findings: Sequence[str]) -> str:
    """Return the digest of what a version says: its parts and the findings beside them."""
    total = hashlib.sha256()
    for part in parts:
        total.update(f"{part.object}\n".encode())
    for finding in findings:
        total.update(f"findings {finding}\n".encode())
    return total.hexdigest()


def build(
    *,
    batch: Batch,
    source: Source,
    parts: Sequence[Part],
    findings: Sequence[str],
    bad: Sequence[str],
    counts: Counts,
    totals: Sequence[RuleCount],
    score: Score,
    profile: Sequence[ColumnProfile],
    diff: Diff | None,
    ignored: Sequence[str],
    report: str,
) -> bytes:
    """Return the manifest as canonical JSON (RFC 8785); ratios are whole parts per million."""
    value: dict[str, Any] = {
        "schema": SCHEMA,
        "resource": str(source.resource),
        "source": source.name,
        "org": source.org,
        "batch": batch.id,
        "delivery": {
            "id": str(batch.delivery.id),
            "digest": batch.delivery.digest,
            "files": [_file(file) for file in batch.delivery.files],
        },
        "rules": batch.rules_digest,
        "day": batch.day.isoformat(),
        "key": list(source.key),
        "columns": [[title, column] for title, column in source.columns.items()],
        "ignored": list(ignored),
        "parts": [asdict(part) for part in parts],
        "quarantine": {"findings": list(findings), "rows": list(bad)},
        "counts": asdict(counts),
        "rule_totals": [_total(total) for total in totals],
        "score": asdict(score),
        "profile": [asdict(column) for column in profile],
        "diff": asdict(diff) if diff else None,
        "report": report,
    }
    return canonical(json.loads(json.dumps(value)))


def _file(file: DeliveredFile) -> dict[str, Any]:
    """Leave out what only a source with a column of changes has."""
    return {name: value for name, value in asdict(file).items() if value not in ("", None)}


def _total(total: RuleCount) -> dict[str, Any]:
    return {
        "rule": total.rule,
        "column": total.column,
        "dimension": str(total.dimension),
        "severity": str(total.severity),
        "rows": total.rows,
        "bad": total.bad,
        "threshold_ppm": round(total.threshold * 1_000_000),
    }
