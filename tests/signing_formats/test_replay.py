"""``tongban verify``: reports written, evidence saved, and the same evidence judged again."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.commands import build
from hub.verify import Options, run
from signing.x509 import to_pem

from .conftest import Region

NOW = "2026-03-02T02:00:00Z"


@pytest.fixture
def file(tmp_path: Path, sealed: bytes) -> Path:
    path = tmp_path / "good.ofd"
    path.write_bytes(sealed)
    return path


@pytest.fixture
def pem(tmp_path: Path, sm2: Region) -> Path:
    path = tmp_path / "anchors.pem"
    path.write_bytes(to_pem(sm2.root.cert) + to_pem(sm2.ca.cert) + to_pem(sm2.maker.cert))
    return path


def call(names: list[Path], **options: object) -> tuple[int, str]:
    out = io.StringIO()
    settings = Options(**{"as_json": True, "at": NOW, **options})  # type: ignore[arg-type] # named in the tests
    return run([str(name) for name in names], settings, out), out.getvalue()


@pytest.mark.parametrize("kind", ["simple", "detailed", "diagnostic"])
@pytest.mark.parametrize("ending", ["json", "html"])
def test_a_replay_gives_the_same_verdict_and_the_same_report(
    kind: str, ending: str, file: Path, pem: Path, tmp_path: Path
) -> None:
    first, again = tmp_path / f"first.{ending}", tmp_path / f"again.{ending}"
    saved = tmp_path / "evidence.json"
    told = call([file], trust=(pem,), kind=kind, report=first, save_evidence=saved)
    file.unlink()
    retold = call([], trust=(pem,), kind=kind, report=again, evidence=saved)
    assert told == retold
    assert told[0] == 0
    assert first.read_bytes() == again.read_bytes()
    assert not list(tmp_path.glob(".*"))


def test_the_json_line_is_the_same_with_and_without_a_report(
    file: Path, pem: Path, tmp_path: Path
) -> None:
    plain = call([file], trust=(pem,))
    assert plain == call([file], trust=(pem,), report=tmp_path / "r.html")


def test_saved_evidence_is_judged_as_of_another_day_and_by_another_policy(
    file: Path, pem: Path, tmp_path: Path
) -> None:
    saved = tmp_path / "evidence.json"
    call([file], trust=(pem,), save_evidence=saved)
    code, told = call([], trust=(pem,), evidence=saved, at="2026-01-01T00:00:00Z")
    assert (code, "E_TIME_IN_FUTURE" in told) == (1, True)
    code, told = call([], trust=(pem,), evidence=saved, policy="archive")
    assert json.loads(told)["policy"] == "archive"
    code, told = call([], evidence=saved, home=tmp_path / "nowhere")
    assert (code, json.loads(told)["indication"]) == (3, "INDETERMINATE")


def test_evidence_kept_of_a_replay_is_the_evidence(file: Path, tmp_path: Path) -> None:
    saved, again = tmp_path / "evidence.json", tmp_path / "again.json"
    call([file], save_evidence=saved)
    call([], evidence=saved, save_evidence=again)
    assert saved.read_bytes() == again.read_bytes()


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("schema", 2),
        ("size", "1"),
        ("certificates", {"00": "AA=="}),
        ("certificates", {"00": "no base64"}),
        ("more", 1),
    ],
)
def test_evidence_that_is_none_is_a_usage_error(
    change: str, value: object, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = tmp_path / "evidence.json"
    call([file], save_evidence=saved)
    saved.write_text(json.dumps(json.loads(saved.read_bytes()) | {change: value}), "utf-8")
    assert call([], evidence=saved) == (2, "")
    assert "evidence" in capsys.readouterr().err


def test_evidence_with_a_time_that_is_none_is_a_usage_error(
    file: Path, pem: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = tmp_path / "evidence.json"
    call([file], save_evidence=saved)
    raw = json.loads(saved.read_bytes())
    raw["signatures"][0]["time"] = "yesterday"
    saved.write_text(json.dumps(raw), "utf-8")
    assert call([], trust=(pem,), evidence=saved) == (2, "")
    assert "not sound evidence" in capsys.readouterr().err


def test_rubbish_and_oversize_evidence_are_usage_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "evidence.json"
    for data in (b"", b"rubbish", b"[]", b"\xff", b"[" * 100_000):
        path.write_bytes(data)
        assert call([], evidence=path)[0] == 2
    assert call([], evidence=tmp_path / "none.json")[0] == 2
    monkeypatch.setattr("hub.verify_output.EVIDENCE_LIMIT", 3)
    path.write_bytes(b"1234")
    assert call([], evidence=path)[0] == 2


def test_usage_errors_of_reports(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    wrong: list[dict[str, object]] = [
        {"form": "json"},
        {"report": out, "kind": "other"},
        {"report": out, "form": "docx"},
        {"report": tmp_path / "report"},
        {"report": tmp_path / "report.txt"},
        {"evidence": file},
    ]
    for options in wrong:
        assert call([file], **options)[0] == 2, options
    assert call([])[0] == 2
    assert call([tmp_path, file], report=out)[0] == 2
    assert not out.exists()


def test_a_folder_without_files_to_judge_has_not_passed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("no seal")
    assert call([tmp_path]) == (2, "")
    assert "no PDF or OFD" in capsys.readouterr().err
    assert call([Path("-"), Path("-")]) == (2, "")


def test_a_format_given_by_name_wins_over_the_ending(file: Path, pem: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    assert call([file], trust=(pem,), report=out, form="html")[0] == 0
    assert out.read_bytes().startswith(b"<!DOCTYPE html>")


def test_a_sealed_report_needs_a_hub_with_a_seal(
    file: Path, pem: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "report.pdf"
    code, _ = call([file], trust=(pem,), report=out, home=tmp_path / "hub")
    assert code == 4
    told = capsys.readouterr().err
    assert "TONGBAN_REPORT_ORG" in told
    assert "。。" not in told
    assert not out.exists()
    assert not (tmp_path / "hub").exists()


def test_a_report_that_cannot_be_written_is_a_usage_error(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call([file], report=tmp_path / "none" / "r.html")[0] == 2
    assert "cannot be written" in capsys.readouterr().err


def test_the_command_takes_the_options(file: Path, pem: Path, tmp_path: Path) -> None:
    out, saved = tmp_path / "report.html", tmp_path / "evidence.json"
    common = ["--trust", str(pem), "--at", NOW]
    asked = ["verify", str(file), "--report", str(out), *common]
    ran = CliRunner().invoke(build(), [*asked, "--save-evidence", str(saved)])
    assert ran.exit_code == 0
    assert "核验通过" in out.read_text("utf-8")
    ran = CliRunner().invoke(build(), ["verify", "--evidence", str(saved), *common])
    assert ran.exit_code == 0
