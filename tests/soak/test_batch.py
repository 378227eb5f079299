"""Certificates in batch: a bar, an interruption, two kinds of kill -9; none twice, none lost."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tests.soak import batch


@pytest.mark.soak
def test_a_batch_that_was_interrupted_and_killed_is_finished_once(tmp_path: Path) -> None:
    certificates = int(os.environ.get("TONGBAN_CERTIFICATES", "500"))
    batch.prepare(tmp_path / "hub", residents=max(400, certificates * 3))
    turns, faults = batch.run(tmp_path / "hub", certificates)
    shown = [one.figures() for one in turns]
    sys.stderr.write(json.dumps(shown, ensure_ascii=False, indent=1))
    assert faults == []
    assert "interrupted" in turns[0].bar
