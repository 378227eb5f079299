"""The command that runs a source says what came of it, and what to do where nothing did."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.commands import build, pipeline

COUNTS = {"rows_in": 10, "published": 0, "quarantined": 10}
ROW = {"source": "roll", "state": "refused", "version": None, "counts": COUNTS, "changed": True}


@pytest.mark.parametrize("reasons", [(), ("id-number-check", "name-missing")])
def test_a_gate_that_refused_is_told_with_its_rules_and_the_next_step(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, reasons: tuple[str, ...]
) -> None:
    monkeypatch.setattr(pipeline, "_directly", lambda *_: {**ROW, "reasons": reasons})
    ran = CliRunner().invoke(build(), ["pipeline", "run", "roll", "--home", str(tmp_path)])
    assert ran.exit_code == 1
    assert "refused" in ran.stdout
    assert ("gate-refused" in ran.stderr) == bool(reasons)
    for reason in reasons:
        assert reason in ran.stderr
