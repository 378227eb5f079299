"""A big city through the pipeline: rows reconciled with the truth, memory of the tree bounded."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tests.soak import million


@pytest.mark.soak
def test_a_million_residents_and_their_enterprises_stay_below_two_gigabytes(
    tmp_path: Path,
) -> None:
    residents = int(os.environ.get("TONGBAN_RESIDENTS", str(million.RESIDENTS)))
    enterprises = int(os.environ.get("TONGBAN_ENTERPRISES", str(million.ENTERPRISES)))
    city = million.build(tmp_path / "hub", residents, enterprises)
    sys.stderr.write(json.dumps(city.figures(), ensure_ascii=False, indent=1))
    assert city.faults() == []
