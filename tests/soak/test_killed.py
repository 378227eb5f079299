"""kill -9 of any process under load: everything acknowledged is there afterwards, nothing twice."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tests.soak.killing import run


@pytest.mark.services
def test_five_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    report = run(tmp_path, kills=5, residents=800)
    assert report.faults == [], report.to_json()
    assert report.figures["fetches served"]
    assert report.figures["grants"]
    assert report.figures["certificates issued singly"]


@pytest.mark.soak
def test_many_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    kills = int(os.environ.get("TONGBAN_KILLS", "50"))
    report = run(tmp_path, kills=kills, residents=20_000)
    sys.stderr.write(json.dumps(report.to_json(), ensure_ascii=False, indent=1))
    assert report.faults == []
