"""A rig whose source is a paged service, and what its tests ask of it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from catalog.connectors import rest
from catalog.model import Outcome
from catalog.webline import Patience
from kernel.clock import FixedClock
from kernel.errors import TongbanError
from storage.probe import KillProbe, NoProbe
from tests.catalog.rig import Rig, build

CLOCK = FixedClock(datetime(2026, 3, 2, 1, 0, tzinfo=UTC))
QUICK = rest.PagedService(Patience(attempts=3, first=0.01, longest=0.05))
Probe = NoProbe | KillProbe


def people(count: int) -> list[dict[str, Any]]:
    return [{"编号": f"c{n:06d}", "姓名": "测试甲", "性别": "男", "序号": n} for n in range(count)]


def rig_at(home: Path, clock: FixedClock, address: str, probe: Probe, **fetch: object) -> Rig:
    for name, line in (("address", address), ("token", "t0ken")):
        (home / name).write_text(line + "\n", "utf-8")
        (home / name).chmod(0o600)
    table = {
        "address_file": str(home / "address"),
        "paging": "page",
        "total_at": "total",
        "page_at": "page",
    }
    rig = build(home, clock, probe)
    known = replace(rig.source, connector="rest", fetch=table | fetch)
    known = replace(known, delivery=replace(known.delivery, pattern="*", block_bytes=1 << 20))
    return replace(rig, source=known, ingest=replace(rig.ingest, sources={known.name: known}))


def told(rig: Rig, **fetch: object) -> Rig:
    known = replace(rig.source, fetch={**rig.source.fetch, **fetch})
    return replace(rig, source=known, ingest=replace(rig.ingest, sources={known.name: known}))


def run(rig: Rig) -> Outcome:
    outcome = rig.ingest.run(rig.actor, "roll-source")
    assert isinstance(outcome, Outcome)
    assert not (rig.home / "work" / "roll-source" / "fetch").exists()
    return outcome


def brought(rig: Rig) -> int:
    """Collect and count the records that were kept."""
    batch = rig.ingest.collect(rig.actor, "roll-source")
    folder = rig.home / "work" / "roll-source"
    assert not (folder / "fetch").exists()
    files = json.loads((folder / str(batch) / "batch.json").read_text("utf-8"))["files"]
    return sum(len(json.loads(rig.ingest.objects.get(file[1]))["records"]) for file in files)


def fails(rig: Rig) -> TongbanError:
    with pytest.raises(TongbanError) as caught:
        rig.ingest.run(rig.actor, "roll-source")
    assert caught.value.params.get("source", "roll-source") == "roll-source"
    assert not [path for path in (rig.home / "objects").rglob("*") if path.is_file()]
    assert rig.catalog.versions(rig.actor, "roll") == ()
    return caught.value
