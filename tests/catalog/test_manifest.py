"""A manifest checked by its document alone: docs/formats/manifest.md."""

from __future__ import annotations

import hashlib
import json

import polars as pl

from catalog.model import Version
from kernel.canonical import canonical
from kernel.ports import Digest
from tests.catalog.rig import HEAD, Rig, rows


def test_a_manifest_proves_what_its_document_says(rig: Rig) -> None:
    rig.deliver(HEAD + rows(0, 200) + "c000001|测试乙|女\nx|测试|9号\n坏\n", "b.csv")
    rig.deliver(HEAD + rows(500, 20), "a.csv", "utf-8")
    rig.ingest.run(rig.actor, "roll-source")
    version: Version = rig.catalog.versions(rig.actor, "roll")[0]  # type: ignore[index,assignment] # not refused
    objects = rig.ingest.objects
    data = objects.get(Digest(version.manifest))
    found = json.loads(data)
    assert canonical(found) == data
    assert version.manifest == "sha256:" + hashlib.sha256(data).hexdigest()

    counts = found["counts"]
    assert counts["rows_in"] == counts["published"] + counts["quarantined"] == 223
    parts = pl.concat([pl.read_parquet(objects.get(part["object"])) for part in found["parts"]])
    assert [part["rows"] for part in found["parts"]] == [
        pl.read_parquet(objects.get(part["object"])).height for part in found["parts"]
    ]
    kept = set(parts.select("_file", "_row").iter_rows())
    bad = pl.concat([pl.read_parquet(objects.get(item)) for item in found["quarantine"]["rows"]])
    aside = list(bad.select("file", "row").iter_rows())
    assert (len(kept), len(aside)) == (counts["published"], counts["quarantined"])
    assert len(set(aside)) == len(aside)
    assert not kept & set(aside)
    findings = [pl.read_parquet(objects.get(item)) for item in found["quarantine"]["findings"]]
    assert set(pl.concat(findings).select("file", "row").iter_rows()) == set(aside)
    assert all(isinstance(json.loads(raw), dict) for raw in bad["raw"])

    delivery = found["delivery"]
    lines = "".join(f"{file['name']}\0{file['object']}\n" for file in delivery["files"])
    assert delivery["digest"] == hashlib.sha256(lines.encode()).hexdigest()
    assert delivery["id"] == f"roll-source:{delivery['digest'][:32]}"
    whole = f"{found['resource']}\0{delivery['digest']}\0{found['rules']}"
    assert found["batch"] == hashlib.sha256(whole.encode()).hexdigest()[:32]
    assert [file["name"] for file in delivery["files"]] == ["a.csv", "b.csv"]
    assert set(found) == {
        "schema", "resource", "source", "org", "batch", "delivery", "rules", "day", "key", "columns",
        "ignored", "parts", "quarantine", "counts", "rule_totals", "score", "profile", "diff", "report",
    }  # fmt: skip
