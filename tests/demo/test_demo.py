"""The main job in two cities, on real parts: Airflow's DAGs, the gate, signers, webs, both logs."""

from __future__ import annotations

import io
import json
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from hub.verify import Options, run
from tests.demo.conftest import COMMAND, REGIONS, ROOT, Done, run_demo

PAGE = (ROOT / "docs" / "deploy.md").read_text("utf-8")
TYPES = {"birth-certificate", "business-licence", "household-register", "marriage", "real-estate"}
SOURCES = ["ga-population", "mz-marriage", "sc-enterprises", "wj-births", "zr-real-estate"]


def test_the_run_ends_well_and_every_figure_of_both_cities_adds_up(demo: Done) -> None:
    assert demo.code == 0, demo.output[-3000:] + demo.logs
    summary = demo.summary
    assert summary["reconciled"] is True
    assert summary["regions"] == list(REGIONS)
    assert [row["source"] for row in summary["sources"]] == SOURCES * 2
    for row in summary["sources"]:
        assert row["rows_in"] == row["published"] + row["quarantined"]
        assert row["as_seeded"]
        assert row["reconciled"]
    made = summary["certificates"]
    assert made["issued"] == made["wanted"] >= 16
    assert made["sealed"] == made["verified"] == 2 * made["issued"]
    assert made["failed"] == 0
    refused = ["purpose-missing", "type-not-needed", "basis-not-registered", "consent-used"]
    assert summary["fetches"]["refused"] == refused * 2
    assert summary["tampering"]["caught"] == summary["tampering"]["changed"] > 0
    assert [row["region"] for row in summary["logs"]] == list(REGIONS)
    for log in summary["logs"]:
        assert log["faults"] == 0
        assert len(log["root"]) == 64
    phases = {"world", "keys", "trust", "ingest", "issue", "fetch", "exchange", "intake", "total"}
    assert phases <= set(summary["seconds"])


def test_each_city_asks_the_other_and_both_logs_hold_every_exchange(demo: Done) -> None:
    for city in demo.summary["cities"]:
        found = city["exchange"]
        assert (found["answered"], found["files"]) == (1, 2)
        assert found["refused"] == ["basis-missing", "not-found-or-not-permitted", "peer-replayed"]
        assert found["ok"]
        assert found["matched"] > 0


def test_a_newborns_case_closes_without_paper_with_certificates_of_the_other_city(
    demo: Done,
) -> None:
    for city in demo.summary["cities"]:
        case = city["intake"]
        assert case["reconciled"]
        assert case["papers_not_needed"] == case["materials"] - 1, "one was never a paper"
        assert case["from_other_cities"] > 0
        assert case["results"] == 2, "the certificate of birth, and the book's next version"
        assert case["days_saved"] > 0


def test_it_leaves_samples_of_every_type_and_format_and_the_anchors(demo: Done) -> None:
    wanted = {f"{kind}.{end}" for kind in TYPES for end in ("pdf", "ofd")}
    for home in demo.homes:
        assert wanted <= {path.name for path in (home / "samples").iterdir()}
    names = {path.name for path in (demo.home / "samples").iterdir()}
    parted = {name.replace(".", f"-{region}.") for name in wanted for region in REGIONS}
    assert names == parted
    trust = {path.name for path in (demo.home / "trust").iterdir()}
    assert trust == {"anchors.pem", "seal-makers.pem", "revocation.crl"}


def test_an_outside_verifier_has_all_it_needs_in_the_trust_folder(demo: Done) -> None:
    out = io.StringIO()
    trust = tuple(demo.home / "trust" / name for name in ("anchors.pem", "revocation.crl"))
    assert run([str(demo.home / "samples")], Options(as_json=True, trust=trust), out) == 0
    for line in out.getvalue().splitlines():
        found = json.loads(line)
        assert "INDETERMINATE_REVOCATION" not in found["codes"]
        assert [item["ended"] for item in found["signatures"][0]["revocation"]] == [False, False]


def test_the_progress_page_of_each_city_shows_both(demo: Done) -> None:
    for home in demo.homes:
        told = json.loads((home / "run" / "progress.json").read_text("utf-8"))
        assert (told["finished"], told["ok"]) == (True, True)
        assert {phase["region"] for phase in told["phases"]} == set(REGIONS)
        assert {phase["state"] for phase in told["phases"]} == {"done"}


def test_no_personal_data_and_no_traceback_reaches_a_log(demo: Done) -> None:
    canaries = []
    for home in demo.homes:
        truth = json.loads((home / "inbox" / "truth.json").read_text("utf-8"))
        people = [baby[who] for baby in truth["babies"][-2:] for who in ("child", "father")]
        canaries += [person[what] for person in people for what in ("id_number", "name")]
    logs = [path for path in demo.home.rglob("*.log") if path.stat().st_size]
    assert logs
    for path in logs:
        text = path.read_text("utf-8", "replace")
        assert not [value for value in canaries if value in text], path.name
        assert "Traceback" not in text, path.name
    assert not [value for value in canaries if value in demo.output]


def walk_lines() -> list[str]:
    text = (ROOT / "README.md").read_text("utf-8")
    block = text.split("<!-- walk:")[1].split("```console\n")[1].split("```")[0]
    return [line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")]


def test_the_walk_of_the_readme_works(demo: Done) -> None:
    for line in walk_lines():
        words = re.sub(r"var/demo", str(demo.home), line).split()
        assert words[0] == ".venv/bin/tongban"
        done = subprocess.run(
            [*COMMAND, *words[1:]], cwd=ROOT, capture_output=True, text=True, timeout=240,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, line + done.stdout[-2000:] + done.stderr[-2000:]


# A second whole run: as long as the first, which all other tests share.
@pytest.mark.services
def test_running_again_changes_nothing(demo: Done) -> None:
    before = demo.summary
    again = run_demo(demo.home)
    assert again.code == 0, again.output[-3000:] + again.logs
    after = again.summary
    assert after["sources"] == before["sources"]
    for old, new in zip(before["cities"], after["cities"], strict=True):
        assert new["intake"] == old["intake"]
        assert new["log"]["size"] > old["log"]["size"]
    # the case's own results come on top of what was asked for
    assert after["certificates"]["issued"] == before["certificates"]["issued"] + 4


def call(*words: object) -> tuple[int, str]:
    done = subprocess.run(
        [*COMMAND, *map(str, words)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def restored(demo: Done, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Back a city up while a reader has it open, and lay the copy elsewhere."""
    folder = tmp_path_factory.mktemp("backup")
    found = re.search(r"cat > backup\.py <<'PY'\n(.*?)\nPY\n", PAGE, re.DOTALL)
    assert found, "the page has no backup any more"
    (folder / "backup.py").write_text(found[1], "utf-8")
    words = [sys.executable, "backup.py", str(demo.homes[0]), str(folder / "copy")]
    with sqlite3.connect(demo.homes[0] / "hub.db") as reader:
        reader.execute("SELECT count(*) FROM storage_journal").fetchone()
        subprocess.run(words, cwd=folder, check=True)
        again = subprocess.run(words, cwd=folder, check=False, capture_output=True)
    assert again.returncode, "a backup was written over another"
    shutil.copytree(folder / "copy", folder / "hub")
    return folder / "hub"


def test_a_restored_hub_has_every_file_that_the_page_calls_kept(demo: Done, restored: Path) -> None:
    for name in ("objects", "log", "keys", "registry", "reports"):
        kept = {
            path.relative_to(demo.homes[0]): path.stat().st_mode
            for path in (demo.homes[0] / name).rglob("*")
            if path.is_file() and not {"staging", ".staging"} & set(path.parts)
        }
        back = {path: (restored / path).stat().st_mode for path in kept}
        assert kept, name
        assert back == kept


def test_a_restored_hub_stands_up_to_a_checkpoint_kept_elsewhere(
    demo: Done, restored: Path
) -> None:
    kept = demo.homes[0] / "log" / "checkpoint"
    assert call("registry", "check", "--home", restored)[0] == 0
    code, said = call("audit", "check", "--home", restored, "--checkpoint", kept)
    assert code == 0, said


def test_a_backup_with_entries_missing_does_not(demo: Done, restored: Path, tmp_path: Path) -> None:
    short = tmp_path / "hub"
    shutil.copytree(restored, short)
    with sqlite3.connect(short / "hub.db") as database:
        for verb in ("update", "delete"):
            database.execute(f"DROP TRIGGER storage_journal_no_{verb}")
        database.execute("DELETE FROM audit_entry WHERE idx > 100")
        database.execute("DELETE FROM storage_journal WHERE no > 101")
    kept = demo.homes[0] / "log" / "checkpoint"
    code, said = call("audit", "check", "--home", short, "--checkpoint", kept)
    assert code == 1, said
