"""The main job, on real parts: Airflow's DAGs, the gate, the signer, the web, the log."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys

import pytest

from hub.verify import Options, run
from tests.demo.conftest import ROOT, Done, run_demo


def test_the_run_ends_well_and_every_figure_adds_up(demo: Done) -> None:
    assert demo.code == 0, demo.output[-3000:]
    summary = demo.summary
    assert summary["reconciled"] is True
    for row in summary["sources"]:
        assert row["rows_in"] == row["published"] + row["quarantined"]
        assert row["as_seeded"]
    assert summary["certificates"] == {
        "wanted": 12, "issued": 12, "sealed": 24, "verified": 24, "failed": 0,
    }  # fmt: skip
    assert summary["fetches"]["refused"] == [
        "purpose-missing", "type-not-needed", "basis-not-registered", "consent-used",
    ]  # fmt: skip
    assert summary["intake"]["papers_not_needed"] == summary["intake"]["materials"] == 6
    assert summary["tampering"]["caught"] == summary["tampering"]["changed"] > 0
    assert summary["log"]["faults"] == 0
    assert len(summary["log"]["root"]) == 64
    assert {"world", "keys", "ingest", "issue", "fetch", "audit", "total"} <= set(
        summary["seconds"]
    )


def test_it_leaves_samples_of_every_type_and_format_and_the_anchors(demo: Done) -> None:
    names = {path.name for path in (demo.home / "samples").iterdir()}
    assert {
        f"{kind}.{end}" for kind in ("marriage", "household-register") for end in ("pdf", "ofd")
    } <= names
    trust = {path.name for path in (demo.home / "trust").glob("*.pem")}
    assert trust == {"anchors.pem", "seal-makers.pem"}


def test_an_outside_verifier_has_all_it_needs_in_the_trust_folder(demo: Done) -> None:
    out = io.StringIO()
    trust = tuple(demo.home / "trust" / name for name in ("anchors.pem", "revocation.crl"))
    samples = demo.home / "samples"
    assert run([str(samples)], Options(as_json=True, trust=trust), out) == 0
    for line in out.getvalue().splitlines():
        found = json.loads(line)
        assert "INDETERMINATE_REVOCATION" not in found["codes"]
        assert [item["ended"] for item in found["signatures"][0]["revocation"]] == [False, False]


def test_no_personal_data_and_no_traceback_reaches_a_log(demo: Done) -> None:
    truth = json.loads((demo.home / "inbox" / "truth.json").read_text("utf-8"))
    baby = truth["babies"][0]
    canaries = [
        baby[who][what] for who in ("child", "mother", "father") for what in ("id_number", "name")
    ]
    logs = [path for path in demo.home.rglob("*.log") if path.stat().st_size]
    assert logs
    for path in logs:
        text = path.read_text("utf-8", "replace")
        assert not [value for value in canaries if value in text], path.name
        assert "Traceback" not in text, path.name
    assert not [value for value in canaries if value in demo.output]


def test_running_again_changes_nothing(demo: Done) -> None:
    before = demo.summary
    again = run_demo(demo.home)
    assert again.code == 0, again.output[-3000:]
    after = again.summary
    for part in ("sources", "certificates", "intake"):
        assert after[part] == before[part]
    assert after["log"]["size"] > before["log"]["size"]


def walk_lines() -> list[str]:
    text = (ROOT / "README.md").read_text("utf-8")
    block = text.split("<!-- walk:")[1].split("```console\n")[1].split("```")[0]
    return [line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")]


@pytest.mark.parametrize("line", walk_lines())
def test_the_walk_of_the_readme_works(demo: Done, line: str) -> None:
    words = re.sub(r"var/demo", str(demo.home), line).split()
    assert words[0] == ".venv/bin/tongban"
    done = subprocess.run(
        [sys.executable, "-c", "from hub.cli import main; main()", *words[1:]],
        cwd=ROOT, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
